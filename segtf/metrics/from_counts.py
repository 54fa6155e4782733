"""Figures of a confusion matrix: first the four counts, then each figure as a view of them.

Plain NumPy. Figures per class are NaN where they are not defined, such as the IoU of a class
that neither truth nor prediction holds; means leave such classes out. A matrix of two classes
is a binary task, whose means are those of class 1, the foreground.
"""

from typing import NamedTuple

import numpy as np


class Counts(NamedTuple):
    """Pixels of each class, `(K,)` each, or `(N, K)` of several images."""

    true_positive: np.ndarray
    false_positive: np.ndarray
    false_negative: np.ndarray
    true_negative: np.ndarray


def confusion_matrix(y_true, y_pred, num_classes, ignore_class=255):
    """Count pixels by true and predicted class.

    Args:
        y_true: integer array of class ids, any shape.
        y_pred: integer array of class ids, the same shape.
        num_classes: number of classes.
        ignore_class: true id of pixels that count nowhere, or `None`.

    Returns:
        int64 array `(num_classes, num_classes)`: rows are the truth, columns the prediction.

    Raises:
        ValueError: for shapes that differ, or an id out of range.

    Example:

    >>> confusion_matrix([0, 1, 1, 255], [0, 1, 0, 1], num_classes=2)
    array([[1, 0],
           [1, 1]])
    """
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
    counts = np.bincount(y_true * num_classes + y_pred, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def counts(matrix):
    """Return the four counts of each class of a confusion matrix.

    Every figure below that is one per class takes such counts in the place of a matrix, also of
    several images `(N, K)`.
    """
    if isinstance(matrix, Counts):
        return matrix
    matrix = np.asarray(matrix)
    hit = np.diagonal(matrix)
    predicted, true = matrix.sum(axis=0), matrix.sum(axis=1)
    return Counts(hit, predicted - hit, true - hit, matrix.sum() - predicted - true + hit)


def iou(matrix):
    """Intersection over union of each class (Jaccard index); NaN for absent classes."""
    c = counts(matrix)
    return _ratio(c.true_positive, c.true_positive + c.false_positive + c.false_negative)


def dice(matrix):
    """Dice coefficient of each class (F1 score); NaN for absent classes."""
    c = counts(matrix)
    hit_twice = 2 * c.true_positive
    return _ratio(hit_twice, hit_twice + c.false_positive + c.false_negative)


def precision(matrix):
    """Share of the pixels predicted as a class that are of it; NaN where none is predicted."""
    c = counts(matrix)
    return _ratio(c.true_positive, c.true_positive + c.false_positive)


def recall(matrix):
    """Share of the pixels of a class that are found (sensitivity); NaN where there is none."""
    c = counts(matrix)
    return _ratio(c.true_positive, c.true_positive + c.false_negative)


def specificity(matrix):
    """Share of the pixels not of a class that are not taken for it; NaN where all are of it."""
    c = counts(matrix)
    return _ratio(c.true_negative, c.true_negative + c.false_positive)


def pixel_accuracy(matrix):
    """Share of the pixels whose class is right; 1.0 where no pixel counts."""
    matrix = np.asarray(matrix)
    total = matrix.sum()
    return float(np.trace(matrix) / total) if total else 1.0


def mean_iou(matrix):
    """Mean IoU over the classes that are present; of the foreground for two classes."""
    return mean_over_classes(iou(matrix))


def mean_dice(matrix):
    """Mean Dice over the classes that are present; of the foreground for two classes."""
    return mean_over_classes(dice(matrix))


def frequency_weighted_iou(matrix):
    """Mean IoU over classes, each weighted by its share of the true pixels."""
    frequency = np.asarray(matrix).sum(axis=1)
    if not frequency.sum():
        return 1.0
    return float(np.average(np.nan_to_num(iou(matrix)), weights=frequency))


def mean_over_classes(figures):
    """Average a figure over the classes where it is defined; of two, take the foreground's.

    Where it is defined for none, nothing was there and nothing was made up: 1.0.

    Args:
        figures: `(K,)` values such as `iou` returns, NaN where not defined.

    Example:

    >>> mean_over_classes([0.5, float("nan"), 1.0]), mean_over_classes([0.9, 0.4])
    (0.75, 0.4)
    """
    figures = np.asarray(figures, dtype=np.float64)
    if len(figures) == 2:
        figures = figures[1:]
    defined = figures[~np.isnan(figures)]
    return float(defined.mean()) if len(defined) else 1.0


def _ratio(part, whole):
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
