"""ROC area, best threshold and calibration against scikit-learn and plain definitions."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from segtf.metrics import Calibration, ThresholdCurve

EXAMPLES = settings(max_examples=25, deadline=None, derandomize=True)


def labelled(seed, size=300):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, 2, size)
    y_true[:2] = 0, 1
    return y_true, np.clip(rng.normal(0.3 + 0.4 * y_true, 0.25), 0.0, 1.0)


@EXAMPLES
@given(st.integers(0, 10_000))
def test_roc_auc_is_that_of_scikit_learn(seed):
    y_true, probabilities = labelled(seed)
    curve = ThresholdCurve(num_bins=64)
    curve.update(y_true[:100], probabilities[:100])
    curve.update(y_true[100:], probabilities[100:])
    binned = np.minimum(np.floor(probabilities * 64), 63)
    assert curve.roc_auc() == pytest.approx(sk.roc_auc_score(y_true, binned))

    fine = ThresholdCurve()
    fine.update(y_true, probabilities)
    assert fine.roc_auc() == pytest.approx(sk.roc_auc_score(y_true, probabilities), abs=2e-3)


@EXAMPLES
@given(st.integers(0, 10_000))
def test_dice_of_each_threshold_is_that_of_its_mask(seed):
    y_true, probabilities = labelled(seed, size=40)
    curve = ThresholdCurve(num_bins=8)
    curve.update(y_true, probabilities)
    thresholds, dice = curve.dice()
    expected = [sk.f1_score(y_true, probabilities >= threshold) for threshold in thresholds]
    np.testing.assert_allclose(dice, expected)
    threshold, best = curve.best_threshold()
    assert best == pytest.approx(max(expected))
    assert sk.f1_score(y_true, probabilities >= threshold) == pytest.approx(best)


def test_equal_thresholds_give_the_middle_one():
    curve = ThresholdCurve(num_bins=10)
    curve.update([0, 1], [0.05, 0.95])
    assert curve.best_threshold() == (0.5, 1.0)


def test_truth_of_one_class():
    curve = ThresholdCurve()
    curve.update([0, 0, 255], [0.2, 0.3, 0.9])
    assert np.isnan(curve.roc_auc())
    assert curve.best_threshold() == (0.5, 1.0)


@EXAMPLES
@given(st.integers(0, 10_000))
def test_calibration_error_is_its_definition(seed):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(3), (4, 20))
    y_true = rng.integers(0, 3, (4, 20))
    y_true[0, :5] = 255
    calibration = Calibration(num_bins=15)
    for y, p in zip(y_true, probabilities, strict=True):
        calibration.update(y, p)

    valid = y_true != 255
    confidence = probabilities.max(-1)[valid]
    correct = probabilities.argmax(-1)[valid] == y_true[valid]
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence >= low) & (confidence < low + 1 / 15)
        if inside.any():
            gap = abs(correct[inside].mean() - confidence[inside].mean())
            expected += inside.mean() * gap
    assert calibration.expected_error() == pytest.approx(expected)


def test_calibration_of_a_foreground_is_that_of_two_classes():
    y_true, probabilities = labelled(1)
    one, two = Calibration(), Calibration()
    one.update(y_true, probabilities)
    two.update(y_true, np.stack([1 - probabilities, probabilities], axis=-1))
    assert one.expected_error() == two.expected_error() > 0.0
    assert Calibration().expected_error() == 0.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: ThresholdCurve().update([0, 1], [0.5]),
        lambda: ThresholdCurve().update([0, 2], [0.5, 0.5]),
        lambda: ThresholdCurve().update([0, 1], [0.5, 1.5]),
        lambda: ThresholdCurve().update([0, 1], [0.5, np.nan]),
        lambda: Calibration().update([0, 1], [[0.5, 0.5]]),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(ValueError, match=r"Expected .*Received: "):
        call()
