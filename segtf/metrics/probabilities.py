"""Metrics of predicted probabilities: ROC area, best threshold, calibration.

They are NumPy accumulators rather than Keras metrics: they are asked for once, in an evaluation
at the images' own resolution and over any predictor, and would cost every training step.
"""

import numpy as np

from segtf.metrics.from_counts import RATIOS, Counts


class ThresholdCurve:
    """What every threshold would give in a binary task, from histograms of the probabilities.

    Args:
        num_bins: bins of equal width over 0..1; thresholds are the edges between them, and
            probabilities within one bin count as equal.
        ignore_class: true id of pixels that count nowhere, or `None` if all count.

    Example:

    >>> curve = ThresholdCurve(num_bins=10)
    >>> curve.update([0, 0, 1, 1, 255], [0.12, 0.32, 0.28, 0.93, 0.5])
    >>> curve.roc_auc()
    0.75
    >>> threshold, dice = curve.best_threshold()
    >>> round(threshold, 2), round(dice, 2)
    (0.2, 0.8)
    """

    def __init__(self, *, num_bins=1024, ignore_class=255):
        self.num_bins = num_bins
        self.ignore_class = ignore_class
        self.negatives = np.zeros(num_bins, np.int64)
        self.positives = np.zeros(num_bins, np.int64)

    def update(self, y_true, probabilities):
        """Add pixels.

        Args:
            y_true: class ids 0 and 1 (and `ignore_class`), any shape.
            probabilities: of the foreground, in 0..1, the same shape.

        Raises:
            ValueError: for other ids, shapes that differ, or values outside of 0..1.
        """
        y_true, probabilities = _valid(y_true, probabilities, self.ignore_class)
        if not np.isin(y_true, (0, 1)).all():
            raise ValueError(f"Expected class ids 0 and 1. Received: {np.unique(y_true)[:9]}")
        bins = _bin_of(probabilities, self.num_bins)
        self.negatives += np.bincount(bins[y_true == 0], minlength=self.num_bins)
        self.positives += np.bincount(bins[y_true == 1], minlength=self.num_bins)

    def roc_auc(self):
        """Return the area under the ROC curve.

        Returns:
            A number 0 to 1; NaN where the truth is all of one class.
        """
        pairs = float(self.negatives.sum()) * float(self.positives.sum())
        if not pairs:
            return float("nan")
        above = self.positives.sum() - np.cumsum(self.positives)
        return float((self.negatives * (above + self.positives / 2)).sum() / pairs)

    def dice(self):
        """Return the thresholds and the Dice of the foreground at each.

        Returns:
            Two float64 arrays of `num_bins - 1` values. Where neither truth nor prediction has
            a foreground, the Dice is 1.0.
        """
        thresholds = np.arange(1, self.num_bins) / self.num_bins
        hit, false = (np.cumsum(bins[::-1])[::-1][1:] for bins in (self.positives, self.negatives))
        missed = self.positives.sum() - hit
        part, whole = RATIOS["dice"](Counts(hit, false, missed, self.negatives.sum() - false))
        return thresholds, np.divide(part, whole, out=np.ones(len(hit)), where=whole > 0)

    def best_threshold(self):
        """Return the threshold of the highest Dice, which is also that of the highest IoU.

        Returns:
            The threshold, of equal ones the one nearest 0.5; and the Dice there.
        """
        thresholds, dice = self.dice()
        best = np.flatnonzero(dice == dice.max())
        nearest = best[np.argmin(np.abs(thresholds[best] - 0.5))]
        return float(thresholds[nearest]), float(dice[nearest])


class Calibration:
    """How far confidence is from accuracy: the expected calibration error.

    Args:
        num_bins: bins of equal width over 0..1.
        ignore_class: true id of pixels that count nowhere, or `None` if all count.

    Paper: Guo et al., "On calibration of modern neural networks", 2017
    (https://arxiv.org/abs/1706.04599).

    Example:

    >>> calibration = Calibration(num_bins=10)
    >>> calibration.update([1, 1, 0, 1], [0.75, 0.75, 0.75, 0.75])
    >>> calibration.expected_error()
    0.0
    """

    def __init__(self, *, num_bins=15, ignore_class=255):
        self.num_bins = num_bins
        self.ignore_class = ignore_class
        self.pixels = np.zeros(num_bins, np.int64)
        self.correct = np.zeros(num_bins, np.int64)
        self.confidence = np.zeros(num_bins, np.float64)

    def update(self, y_true, probabilities):
        """Add pixels.

        Args:
            y_true: class ids, any shape `(...)`.
            probabilities: of the classes, `(..., K)`; or of the foreground of a binary task,
                `(...)`.

        Raises:
            ValueError: for shapes that do not belong together, or values outside of 0..1.
        """
        probabilities = np.asarray(probabilities, np.float64)
        if probabilities.ndim == np.ndim(y_true):
            probabilities = np.stack([1.0 - probabilities, probabilities], axis=-1)
        y_true, confidence, predicted = _valid(
            y_true, probabilities.max(-1), self.ignore_class, probabilities.argmax(-1)
        )
        bins = _bin_of(confidence, self.num_bins)
        self.pixels += np.bincount(bins, minlength=self.num_bins)
        self.correct += np.bincount(bins[predicted == y_true], minlength=self.num_bins)
        self.confidence += np.bincount(bins, confidence, minlength=self.num_bins)

    def expected_error(self):
        """Return the mean over pixels of the gap between accuracy and confidence of their bin.

        Returns:
            A number 0 to 1; 0.0 where no pixel counts.
        """
        gaps = np.abs(self.correct - self.confidence).sum()
        return float(gaps / max(self.pixels.sum(), 1))


def _valid(y_true, probabilities, ignore_class, *others):
    """Drop the ignored pixels, after checking what is left."""
    y_true = np.asarray(y_true)
    if y_true.shape != np.shape(probabilities):
        raise ValueError(
            "Expected probabilities for each pixel of y_true. "
            f"Received: {np.shape(probabilities)}, {y_true.shape}"
        )
    valid = np.ones(y_true.shape, bool) if ignore_class is None else y_true != ignore_class
    probabilities = np.asarray(probabilities, np.float64)[valid]
    if probabilities.size and not (probabilities.min() >= 0.0 and probabilities.max() <= 1.0):
        raise ValueError(
            "Expected probabilities within 0..1. "
            f"Received: {probabilities.min()}..{probabilities.max()}"
        )
    return (y_true[valid], probabilities, *(np.asarray(values)[valid] for values in others))


def _bin_of(probabilities, num_bins):
    return np.minimum((probabilities * num_bins).astype(np.int64), num_bins - 1)
