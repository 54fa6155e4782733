"""A binary task at every threshold."""

import numpy as np


def sweep(curve):
    """Return the figures of the foreground over all pixels at each threshold.

    Args:
        curve: a `segtf.metrics.ThresholdCurve`.

    Returns:
        A dict of float64 arrays: `threshold`, `dice`, `iou`, `precision`, `recall`,
        `false_positive_rate`. A figure whose denominator is empty is 1.0, for the false positive
        rate 0.0: nothing was there and nothing was found.

    Example:

    >>> from segtf.metrics import ThresholdCurve
    >>> curve = ThresholdCurve(num_bins=2)
    >>> curve.update([0, 0, 1, 1], [0.1, 0.7, 0.8, 0.9])
    >>> {name: round(float(values[0]), 3) for name, values in sweep(curve).items()}
    {'threshold': 0.5, 'dice': 0.8, 'iou': 0.667, 'precision': 0.667, 'recall': 1.0,
     'false_positive_rate': 0.5}
    """
    thresholds, dice = curve.dice()
    hit, false_alarm = _from(curve.positives), _from(curve.negatives)
    positives, negatives = curve.positives.sum(), curve.negatives.sum()
    return {
        "threshold": thresholds,
        "dice": dice,
        "iou": _ratio(hit, positives + false_alarm),
        "precision": _ratio(hit, hit + false_alarm),
        "recall": _ratio(hit, np.full(len(hit), positives)),
        "false_positive_rate": 1.0 - _ratio(negatives - false_alarm, np.full(len(hit), negatives)),
    }


def _from(histogram):
    """Pixels from each inner edge of the bins up."""
    return np.cumsum(histogram[::-1])[::-1][1:]


def _ratio(part, whole):
    return np.divide(part, whole, out=np.ones(len(part)), where=whole > 0)
