"""The threshold of one class: what is taken, and what is not."""

import numpy as np

from segtf.tasks.threshold_choice import ThresholdChoice

RNG = np.random.default_rng(0)


def chosen(truth_and_chances, ignore_class=255):
    choice = ThresholdChoice(ignore_class)
    for truth, chances in truth_and_chances:
        choice.update(truth, chances)
    return choice.choose()


def images(count, chances_of):
    for _ in range(count):
        truth = (RNG.random((20, 20)) < 0.05).astype(np.uint8)
        yield truth, chances_of(truth)


def test_what_clearly_helps_is_taken():
    found = list(images(12, lambda truth: np.where(truth == 1, 0.35, 0.05)))
    threshold, gain = chosen(found)
    assert 0.05 < threshold <= 0.35 and gain == 1.0
    assert chosen(found[:7]) == (0.5, 0.0)


def test_a_class_that_was_not_learnt_is_not_found_everywhere():
    """Its best Dice is that of all pixels, since at 0.5 there is none."""
    unlearnt = images(12, lambda truth: 0.1 + 0.05 * RNG.random(truth.shape))
    assert chosen(unlearnt) == (0.5, 0.0)


def test_a_class_that_is_nowhere_has_none_and_one_that_is_everywhere_is_found():
    chances = np.full((4, 4), 0.3)
    assert chosen([(np.zeros((4, 4), np.uint8), chances)] * 12) == (0.5, 0.0)
    assert chosen([(np.ones((4, 4), np.uint8), chances)] * 12)[0] <= 0.3
