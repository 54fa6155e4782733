"""Counts of classes that overlap: of arrays, and of logits as a Keras metric."""

import math

import keras
import numpy as np
from keras import ops

from segtf.metrics.from_counts import RATIOS, Counts


def label_counts(y_true, y_pred, *, ignore_class=255):
    """Count the pixels of each class by itself.

    Args:
        y_true: integer array `(..., K)`, of each class whether it is there: 0, 1 or `ignore_class`.
        y_pred: integer or bool array of the same shape, what was predicted: 0 or 1.
        ignore_class: value in `y_true` of what counts nowhere, or `None` if all counts.

    Returns:
        `Counts` of int64 arrays `(K,)`.

    Raises:
        ValueError: for shapes that differ, or other values.

    Example:

    >>> counts = label_counts([[1, 0], [1, 1], [0, 255]], [[1, 1], [0, 1], [0, 1]])
    >>> counts.true_positive.tolist(), counts.false_positive.tolist()
    ([1, 1], [0, 1])
    """
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if y_true.shape != y_pred.shape or y_true.ndim < 1:
        raise ValueError(
            "Expected y_true and y_pred of one shape (..., K). "
            f"Received: {y_true.shape}, {y_pred.shape}"
        )
    there, absent = y_true == 1, y_true == 0
    known = there | absent
    ignored = np.zeros_like(known) if ignore_class is None else y_true == ignore_class
    if not (known | ignored).all():
        raise ValueError(
            f"Expected 0, 1 or {ignore_class} in y_true. Received: {np.unique(y_true)[:9]}"
        )
    said = y_pred == 1
    if not (said | (y_pred == 0)).all():
        raise ValueError(f"Expected 0 or 1 in y_pred. Received: {np.unique(y_pred)[:9]}")
    axes = tuple(range(y_true.ndim - 1))
    parts = (there & said, absent & said, there & ~said, absent & ~said)
    return Counts(*(part.sum(axis=axes, dtype=np.int64) for part in parts))


@keras.saving.register_keras_serializable(package="segtf")
class LabelCounts(keras.metrics.Metric):
    """Counts of classes that overlap, each decided by its own logit, summed over batches.

    In `compile(metrics=[LabelCounts(...)])` it reports `mean_iou` and `mean_dice`, means over the
    classes that truth or prediction holds; 1.0 where there is none.

    Args:
        num_classes: number of the logits' channels.
        thresholds: probability, above 0 and below 1, from which each class is there; 0.5 by
            default.
        name: name of the metric.

    Raises:
        ValueError: for no class, or other than one threshold within 0..1 for each.

    Example:

    >>> import numpy as np
    >>> metric = LabelCounts(num_classes=2)
    >>> logits = np.array([3.0, -3.0, 3.0, 3.0]).reshape(1, 1, 2, 2)
    >>> metric.update_state(np.array([[[[1, 0], [0, 1]]]]), logits)
    >>> round(float(metric.result()["mean_iou"]), 4)
    0.75
    """

    def __init__(self, num_classes, *, thresholds=None, name="label_counts"):
        super().__init__(name=name)
        if num_classes < 1:
            raise ValueError(f"Expected at least one class. Received: {num_classes}")
        chosen = (0.5,) * num_classes if thresholds is None else tuple(thresholds)
        if len(chosen) != num_classes or not all(0.0 < one < 1.0 for one in chosen):
            raise ValueError(
                f"Expected {num_classes} thresholds within 0..1. Received: {thresholds}"
            )
        self.num_classes = num_classes
        self.thresholds = chosen
        self._cuts = [math.log(one / (1.0 - one)) for one in chosen]
        self.counts = self.add_variable((4, num_classes), "zeros", dtype="float64", name="counts")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count the pixels of a batch.

        Args:
            y_true: of each class whether it is there, `(B, H, W, K)`: 0 or 1. Other values, such
                as an ignore class, count nowhere.
            y_pred: logits `(B, H, W, K)`, any floating dtype.
            sample_weight: how much counts, weights `(B,)`, one per image, or `(B, H, W)`, one per
                pixel.

        Raises:
            ValueError: if the logits or targets are not of `num_classes` channels.
        """
        y_true = ops.convert_to_tensor(y_true)
        logits = ops.cast(ops.convert_to_tensor(y_pred), "float32")
        if not logits.shape[-1] == y_true.shape[-1] == self.num_classes:
            raise ValueError(
                f"Expected logits and targets of {self.num_classes} channels. "
                f"Received: {tuple(logits.shape)}, {tuple(y_true.shape)}"
            )
        there, absent = y_true == 1, y_true == 0
        said = logits >= ops.convert_to_tensor(self._cuts, dtype="float32")
        silent = ops.logical_not(said)
        parts = (
            ops.logical_and(there, said),
            ops.logical_and(absent, said),
            ops.logical_and(there, silent),
            ops.logical_and(absent, silent),
        )
        parts = ops.cast(ops.stack(parts), "float64")
        if sample_weight is not None:
            weights = ops.cast(ops.convert_to_tensor(sample_weight), "float64")
            missing = len(y_true.shape) - len(weights.shape)
            parts *= ops.reshape(weights, (*ops.shape(weights), *[1] * missing))
        axes = tuple(range(1, len(parts.shape) - 1))
        self.counts.assign_add(ops.sum(parts, axis=axes))

    def result(self):
        """Return a dict of float32 scalars, `mean_iou` and `mean_dice`."""
        counts = Counts(*ops.unstack(ops.convert_to_tensor(self.counts), 4))
        return {f"mean_{name}": _mean(*RATIOS[name](counts)) for name in ("iou", "dice")}

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            "num_classes": self.num_classes,
            "thresholds": self.thresholds,
            "name": self.name,
        }


def _mean(part, whole):
    """Mean of a ratio over the classes where it is defined; 1.0 where it is for none."""
    defined = ops.cast(whole > 0, "float64")
    count = ops.sum(defined)
    mean = ops.divide_no_nan(ops.sum(ops.divide_no_nan(part, whole)), count)
    return ops.cast(ops.where(count > 0, mean, 1.0), "float32")
