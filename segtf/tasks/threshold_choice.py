"""The threshold of one class, from images that it was not trained on."""

import numpy as np

from segtf.metrics import ThresholdCurve

_LEAST_GAIN = 0.002
_FEWEST_IMAGES = 8
_LEAST_OF_GAP = 0.1


class ThresholdChoice:
    """Finds the threshold of the highest Dice where it clearly helps, else 0.5.

    It helps if, chosen on either half of the images, it gains on the other half, and at least
    0.002 Dice on average, of 8 images or more: what fits a handful of images alone is not taken.
    Nor is what finds a class nearly everywhere, as is best of one that was hardly learnt: it has to
    come at least a tenth of the way from finding it everywhere to a Dice of 1.
    Without a pixel of the class in either half, the best threshold is whichever finds nothing: 0.5
    then.

    Args:
        ignore_class: true value of pixels that count nowhere, or `None`.
    """

    def __init__(self, ignore_class):
        self._ignore_class = ignore_class
        self._halves = [ThresholdCurve(ignore_class=ignore_class) for _ in range(2)]
        self._count = 0

    def update(self, truth, chances):
        """Add an image.

        Args:
            truth: 0 and 1 (and the ignore class), an array `(H, W)`.
            chances: probabilities of 1, of the same shape.
        """
        self._halves[self._count % 2].update(truth, chances)
        self._count += 1

    def choose(self):
        """Return the threshold, and the Dice over all pixels gained on images that it was not
        chosen on; ``(0.5, 0.0)`` where it does not help."""
        halves = self._halves
        if self._count < _FEWEST_IMAGES or not all(half.positives.any() for half in halves):
            return 0.5, 0.0
        pairs = [(_dice_at(b, a.best_threshold()[0]), b) for a, b in (halves, halves[::-1])]
        gains = [dice - _dice_at(other, 0.5) for dice, other in pairs]
        gain = float(np.mean(gains))
        if min(gains) <= 0 or gain < _LEAST_GAIN:
            return 0.5, 0.0
        if any(1 - dice > (1 - _LEAST_OF_GAP) * (1 - _dice_everywhere(one)) for dice, one in pairs):
            return 0.5, 0.0
        whole = ThresholdCurve(ignore_class=self._ignore_class)
        whole.positives = sum(half.positives for half in halves)
        whole.negatives = sum(half.negatives for half in halves)
        return whole.best_threshold()[0], gain


def _dice_at(curve, threshold):
    thresholds, dice = curve.dice()
    return float(dice[np.argmin(np.abs(thresholds - threshold))])


def _dice_everywhere(curve):
    """The Dice of finding the class in every pixel."""
    positives, negatives = curve.positives.sum(), curve.negatives.sum()
    return 2 * positives / (2 * positives + negatives)
