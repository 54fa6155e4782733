"""What masks settle: weights of the classes before a training, the threshold after it."""

import numpy as np

from segtf.tasks.semantic.class_weights import median_frequency
from segtf.tasks.semantic.threshold import choose_threshold


def test_rare_classes_weigh_more_and_absent_ones_as_they_are():
    masks = np.zeros((2, 4, 4), np.uint8)
    masks[0, 0, 0], masks[1] = 1, 255
    weights = median_frequency([masks], 3)
    assert weights[1] > 1 > weights[0]
    assert weights[2] == 1.0
    np.testing.assert_allclose(np.square(median_frequency([masks], 3, power=0.5)), weights)


def test_a_threshold_is_chosen_only_where_it_helps_on_other_images():
    rng = np.random.default_rng(0)
    truth = [rng.integers(0, 2, (16, 16)) for _ in range(10)]
    low = [0.05 + 0.3 * mask + 0.02 * rng.random(mask.shape) for mask in truth]
    threshold, gain = choose_threshold(truth, low)
    assert 0.07 < threshold < 0.36
    assert gain > 0.9
    right = [0.25 + 0.5 * mask for mask in truth]
    assert choose_threshold(truth, right) == (0.5, 0.0)
    assert choose_threshold(truth[:4], low[:4]) == (0.5, 0.0)
