"""The threshold of a binary task, from the validation images."""

import numpy as np

from segtf.metrics import ThresholdCurve

_LEAST_GAIN = 0.002
_FEWEST_IMAGES = 8


def choose_threshold(y_true, probabilities, ignore_class=255):
    """Return the threshold of the highest Dice where it clearly helps, else 0.5.

    It helps if, chosen on either half of the images, it gains on the other half, and at least
    0.002 Dice on average, of 8 images or more: what fits a handful of images alone is not taken.
    Without foreground in either half, the best threshold is whichever finds nothing: 0.5 then.

    Args:
        y_true: class ids 0 and 1 (and `ignore_class`), one array `(H, W)` an image.
        probabilities: of the foreground, likewise.
        ignore_class: id of pixels that count nowhere, or `None`.

    Returns:
        The threshold, and the Dice over all pixels gained on images that it was not chosen on;
        ``(0.5, 0.0)`` where it does not help.

    Example:

    >>> truth = [np.array([[0, 1]])] * 8
    >>> probabilities = [np.array([[0.1, 0.4]])] * 8
    >>> threshold, gain = choose_threshold(truth, probabilities)
    >>> 0.1 < threshold < 0.4, gain
    (True, 1.0)
    """
    if len(y_true) < _FEWEST_IMAGES:
        return 0.5, 0.0
    halves = [_curve(y_true[part::2], probabilities[part::2], ignore_class) for part in (0, 1)]
    if not all(half.positives.any() for half in halves):
        return 0.5, 0.0
    gains = [
        _dice_at(other, one.best_threshold()[0]) - _dice_at(other, 0.5)
        for one, other in (halves, halves[::-1])
    ]
    gain = float(np.mean(gains))
    if min(gains) <= 0 or gain < _LEAST_GAIN:
        return 0.5, 0.0
    return _curve(y_true, probabilities, ignore_class).best_threshold()[0], gain


def _curve(y_true, probabilities, ignore_class):
    curve = ThresholdCurve(ignore_class=ignore_class)
    for truth, probability in zip(y_true, probabilities, strict=True):
        curve.update(truth, probability)
    return curve


def _dice_at(curve, threshold):
    thresholds, dice = curve.dice()
    return float(dice[np.argmin(np.abs(thresholds - threshold))])
