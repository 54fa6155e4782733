import numpy as np
import pytest
from scipy.stats import bootstrap

from segtf.evaluation.bootstrap import intervals, resamples


def test_intervals_are_those_of_scipy():
    values = np.random.default_rng(1).beta(8, 2, size=60)
    means = [np.average(values, weights=weights) for weights in resamples(60, draws=4000)]
    expected = bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert intervals(means) == pytest.approx((expected.low, expected.high), abs=0.004)


def test_resamples_are_of_all_images_and_repeat_by_seed():
    first = np.array(list(resamples(7, draws=20, seed=3)))
    assert (first.sum(axis=1) == 7).all() and first.min() >= 0
    assert np.array_equal(first, list(resamples(7, draws=20, seed=3)))
    assert not np.array_equal(first, list(resamples(7, draws=20, seed=4)))


def test_what_is_nowhere_defined_has_no_interval():
    low, high = intervals([[1.0, np.nan, np.nan], [1.0, 2.0, np.nan]])
    np.testing.assert_array_equal(low, [1.0, 2.0, np.nan])
    np.testing.assert_array_equal(high, [1.0, 2.0, np.nan])
