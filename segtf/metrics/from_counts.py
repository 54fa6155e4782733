"""Metrics of a confusion matrix: first the four counts, then each metric as a view of them.

Plain NumPy. Metrics per class are NaN where they are not defined, such as the IoU of a class
that neither truth nor prediction holds; means leave such classes out. A matrix of two classes
is a binary task, whose means are those of class 1, the foreground.
"""

from typing import NamedTuple

import numpy as np


class Counts(NamedTuple):
    """Pixels of each class, arrays or tensors `(K,)` each, or `(N, K)` of several images.

    Args:
        true_positive: pixels of the class that are predicted as it.
        false_positive: pixels of other classes that are predicted as it.
        false_negative: pixels of the class that are predicted as another.
        true_negative: pixels of other classes that are predicted as others.
    """

    true_positive: np.ndarray
    false_positive: np.ndarray
    false_negative: np.ndarray
    true_negative: np.ndarray

    @classmethod
    def of_sums(cls, hit, predicted, true, total):
        """Return the counts of classes.

        Args:
            hit: pixels whose class is right, `(K,)`.
            predicted: pixels that are predicted as each class, `(K,)`.
            true: pixels of each class, `(K,)`.
            total: number of all pixels.
        """
        return cls(hit, predicted - hit, true - hit, total - predicted - true + hit)


RATIOS = {
    "iou": lambda c: (
        c.true_positive,
        c.true_positive + c.false_positive + c.false_negative,
    ),
    "dice": lambda c: (
        2 * c.true_positive,
        2 * c.true_positive + c.false_positive + c.false_negative,
    ),
    "precision": lambda c: (c.true_positive, c.true_positive + c.false_positive),
    "recall": lambda c: (c.true_positive, c.true_positive + c.false_negative),
    "specificity": lambda c: (c.true_negative, c.true_negative + c.false_positive),
}
"""Each ratio of counts as its part and its whole, of arrays as of tensors."""


def confusion_matrix(y_true, y_pred, num_classes, *, ignore_class=255):
    """Count pixels by true and predicted class.

    Args:
        y_true: integer array of class ids, any shape.
        y_pred: integer array of class ids, the same shape.
        num_classes: number of the model's output channels, and so of the classes; 1 for a binary
            task, whose classes are two: 1 and 2 count the same.
        ignore_class: true id of pixels that count nowhere, or `None` if all count.

    Returns:
        int64 array `(K, K)`, K being `num_classes`, or 2 for a binary task: rows are the truth,
        columns the prediction.

    Raises:
        ValueError: for shapes that differ, or an id out of range.

    Example:

    >>> confusion_matrix([0, 1, 1, 255], [0, 1, 0, 1], num_classes=2)
    array([[1, 0],
           [1, 1]])
    """
    num_classes = max(num_classes, 2)
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"Expected y_true and y_pred of one shape. Received: {y_true.shape}, {y_pred.shape}"
        )
    if ignore_class is not None:
        valid = y_true != ignore_class
        y_true, y_pred = y_true[valid], y_pred[valid]
    y_true, y_pred = y_true.ravel().astype(np.int64), y_pred.ravel().astype(np.int64)
    for name, ids in (("y_true", y_true), ("y_pred", y_pred)):
        if ids.size and not (ids.min() >= 0 and ids.max() < num_classes):
            raise ValueError(
                f"Expected class ids of {name} within 0..{num_classes - 1}. "
                f"Received: {ids.min()}..{ids.max()}"
            )
    pixels = np.bincount(y_true * num_classes + y_pred, minlength=num_classes**2)
    return pixels.reshape(num_classes, num_classes)


def counts(matrix):
    """Return the four counts of each class.

    Args:
        matrix: confusion matrix `(K, K)`, true classes in rows; or `Counts`, which stay as they
            are.

    Returns:
        `Counts` of arrays `(K,)`.
    """
    if isinstance(matrix, Counts):
        return matrix
    matrix = np.asarray(matrix)
    return Counts.of_sums(np.diagonal(matrix), matrix.sum(axis=0), matrix.sum(axis=1), matrix.sum())


def iou(matrix):
    """Return the intersection over union of each class (Jaccard index).

    Args:
        matrix: confusion matrix `(K, K)`, true classes in rows; or `Counts` of arrays `(K,)`, or
            `(N, K)` of several images.

    Returns:
        float64 array `(K,)`, or `(N, K)`; NaN for a class that is neither there nor predicted.
    """
    return _ratio("iou", matrix)


def dice(matrix):
    """Return the Dice coefficient of each class (F1 score).

    Args:
        matrix: confusion matrix `(K, K)`, true classes in rows; or `Counts` of arrays `(K,)`, or
            `(N, K)` of several images.

    Returns:
        float64 array `(K,)`, or `(N, K)`; NaN for a class that is neither there nor predicted.
    """
    return _ratio("dice", matrix)


def precision(matrix):
    """Return the share of the pixels predicted as a class that are of it.

    Args:
        matrix: confusion matrix `(K, K)`, true classes in rows; or `Counts` of arrays `(K,)`, or
            `(N, K)` of several images.

    Returns:
        float64 array `(K,)`, or `(N, K)`; NaN for a class that is not predicted.
    """
    return _ratio("precision", matrix)


def recall(matrix):
    """Return the share of the pixels of a class that are found (sensitivity).

    Args:
        matrix: confusion matrix `(K, K)`, true classes in rows; or `Counts` of arrays `(K,)`, or
            `(N, K)` of several images.

    Returns:
        float64 array `(K,)`, or `(N, K)`; NaN for a class that is not there.
    """
    return _ratio("recall", matrix)


def specificity(matrix):
    """Return the share of the pixels not of a class that are not taken for it.

    Args:
        matrix: confusion matrix `(K, K)`, true classes in rows; or `Counts` of arrays `(K,)`, or
            `(N, K)` of several images.

    Returns:
        float64 array `(K,)`, or `(N, K)`; NaN for a class that all pixels are of.
    """
    return _ratio("specificity", matrix)


def pixel_accuracy(matrix):
    """Return the share of the pixels whose class is right.

    Args:
        matrix: confusion matrix `(K, K)`, true classes in rows.

    Returns:
        A number 0 to 1; 1.0 where no pixel counts.
    """
    matrix = np.asarray(matrix)
    total = matrix.sum()
    return float(np.trace(matrix) / total) if total else 1.0


def mean_iou(matrix):
    """Return the mean IoU over the classes that are there or predicted.

    Args:
        matrix: confusion matrix `(K, K)`, true classes in rows; or `Counts` of arrays `(K,)`.

    Returns:
        A number 0 to 1; for two classes that of class 1, the foreground; 1.0 where there is none.
    """
    return mean_over_classes(iou(matrix))


def mean_dice(matrix):
    """Return the mean Dice over the classes that are there or predicted.

    Args:
        matrix: confusion matrix `(K, K)`, true classes in rows; or `Counts` of arrays `(K,)`.

    Returns:
        A number 0 to 1; for two classes that of class 1, the foreground; 1.0 where there is none.
    """
    return mean_over_classes(dice(matrix))


def frequency_weighted_iou(matrix):
    """Return the mean IoU over classes, each weighted by its share of the true pixels.

    Args:
        matrix: confusion matrix `(K, K)`, true classes in rows.

    Returns:
        A number 0 to 1; 1.0 where no pixel counts.
    """
    frequency = np.asarray(matrix).sum(axis=1)
    if not frequency.sum():
        return 1.0
    return float(np.average(np.nan_to_num(iou(matrix)), weights=frequency))


def mean_over_classes(values):
    """Average a metric over the classes where it is defined; of two, take the foreground's.

    Args:
        values: numbers `(K,)` such as `iou` returns, NaN where not defined.

    Returns:
        A number; 1.0 where it is defined for no class: nothing was there and nothing was
        predicted.

    Example:

    >>> mean_over_classes([0.5, float("nan"), 1.0]), mean_over_classes([0.9, 0.4])
    (0.75, 0.4)
    """
    values = np.asarray(values, dtype=np.float64)
    if len(values) == 2:
        values = values[1:]
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else 1.0


def _ratio(name, matrix):
    part, whole = RATIOS[name](counts(matrix))
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
