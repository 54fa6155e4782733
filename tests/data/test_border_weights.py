"""The border weight map against its equation, pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist

from segtf.data.border_weights import border_weight_map


def outermost(instances, label):
    """Pixels of an object that have a neighbour, within the image, which is not of it."""
    return np.array(
        [
            (y, x)
            for y, x in np.argwhere(instances == label)
            for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0))
            if 0 <= y + dy < instances.shape[0]
            and 0 <= x + dx < instances.shape[1]
            and instances[y + dy, x + dx] != label
        ]
    )


@settings(max_examples=50, deadline=None, derandomize=True)
@given(hnp.arrays(np.uint8, (6, 7), elements=st.integers(0, 3)))
def test_it_is_the_equation(instances):
    pixels = np.argwhere(np.ones(instances.shape))
    labels = np.unique(instances[instances != 0])
    expected = np.where(instances == 0, 1.0, 3.0)
    if len(labels) > 1:
        distances = [cdist(pixels, outermost(instances, k)).min(1) for k in labels]
        d1, d2 = np.sort(distances, axis=0)[:2].reshape(2, *instances.shape)
        expected = expected + 7.0 * np.exp(-((d1 + d2) ** 2) / (2 * 2.0**2))
    actual = border_weight_map(instances, border_weight=7.0, sigma=2.0, class_weights=(1.0, 3.0))
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    assert actual.dtype == np.float32


@pytest.mark.parametrize("label", [0, 1])
def test_without_two_objects_it_is_the_class_weights(label):
    weights = border_weight_map(np.full((4, 5), label), class_weights=(1.0, 3.0))
    np.testing.assert_array_equal(weights, [1.0, 3.0][label])


def test_the_gap_between_two_objects_weighs_most():
    instances = np.zeros((9, 20), int)
    instances[2:7, 2:9], instances[2:7, 11:18] = 1, 2
    weights = border_weight_map(instances)
    assert weights[4, 10] > weights[4, 5] > weights[0, 0]


def test_images_with_channels_are_refused():
    with pytest.raises(ValueError, match=r"Expected .*Received: "):
        border_weight_map(np.zeros((4, 5, 1), int))
