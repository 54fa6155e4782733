"""Confusion matrix of logits as Keras metrics."""

import math

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable(package="segtf")
class ConfusionMatrix(keras.metrics.Metric):
    """Confusion matrix of class ids and logits, summed over batches.

    In `compile(metrics=[ConfusionMatrix(...)])` this one metric reports `mean_iou`,
    `mean_dice` and `pixel_accuracy` to the progress bar, the history and the callbacks
    (`val_mean_iou` and so on for validation), and counts the pixels once for all of them.
    `matrix` holds the float64 counts; `segtf.metrics.iou` and its kin are views of it.

    The means are over the classes that truth or prediction holds; for a binary task they are
    of the foreground alone. Where no class is left to average, they are 1.0.

    With `class_names`, it reports `frequency_weighted_iou`, `mean_precision`, `mean_recall` and
    `mean_specificity` too, and for each class `iou/NAME`, `dice/NAME`, `precision/NAME`,
    `recall/NAME` and `specificity/NAME`. These are NaN where they are not defined, such as the
    IoU of a class that neither truth nor prediction holds; the means leave such classes out.

    Args:
        num_classes: number of classes; 1 (logits of one channel) and 2 are the binary task.
        ignore_class: true id of pixels that count nowhere, or `None`.
        threshold: probability from which a pixel of one-channel logits is foreground.
        class_names: names of all classes (two for a binary task), for figures of each.
        name: name of the metric.

    Raises:
        ValueError: for no class, a threshold out of its range, or other than one name a class.

    Example:

    >>> import numpy as np
    >>> metric = ConfusionMatrix(num_classes=1)
    >>> logits = np.array([-3.0, 3.0, -3.0, 3.0]).reshape(1, 1, 4, 1)
    >>> metric.update_state(np.array([[[0, 1, 1, 255]]]), logits)
    >>> metric.matrix.numpy()
    array([[1., 0.],
           [1., 1.]])
    >>> round(float(metric.result()["mean_iou"]), 4)
    0.5
    """

    def __init__(
        self,
        num_classes,
        ignore_class=255,
        threshold=0.5,
        class_names=None,
        name="confusion_matrix",
    ):
        super().__init__(name=name)
        if num_classes < 1:
            raise ValueError(f"Expected at least one class. Received: {num_classes}")
        if not 0.0 < threshold < 1.0:
            raise ValueError(f"Expected a threshold within 0..1. Received: {threshold}")
        self.num_classes = max(num_classes, 2)
        self.ignore_class = ignore_class
        self.threshold = threshold
        self.class_names = None if class_names is None else tuple(class_names)
        if class_names is not None and len(self.class_names) != self.num_classes:
            raise ValueError(
                f"Expected {self.num_classes} class_names. Received: {self.class_names}"
            )
        self.matrix = self.add_variable(
            (self.num_classes, self.num_classes), "zeros", dtype="float64", name="matrix"
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count the pixels of a batch.

        Args:
            y_true: class ids `(B, H, W)` or `(B, H, W, 1)` of any dtype, or one-hot
                `(B, H, W, K)`, where a pixel without a class is ignored.
            y_pred: logits `(B, H, W, K)`, any floating dtype.
            sample_weight: how much a pixel counts, per image `(B,)` or per pixel `(B, H, W)`.

        Raises:
            ValueError: if the logits are not of `num_classes` channels.
            tf.errors.InvalidArgumentError: for a true id that is neither a class nor
                `ignore_class`, where XLA does not compile it away.
        """
        logits = tf.convert_to_tensor(y_pred)
        predicted = self._predicted_ids(logits)
        true, valid = self._true_ids(tf.convert_to_tensor(y_true), logits)
        tf.debugging.assert_less(true, self.num_classes, "true class ids out of range")
        weights = tf.cast(valid, "float64")
        if sample_weight is not None:
            weights *= _per_pixel(tf.cast(sample_weight, "float64"), weights)
        size = self.num_classes**2
        counts = tf.math.bincount(
            tf.reshape(true * self.num_classes + predicted, [-1]),
            weights=tf.reshape(weights, [-1]),
            minlength=size,
            maxlength=size,
            dtype="float64",
        )
        self.matrix.assign_add(tf.reshape(counts, self.matrix.shape))

    def result(self):
        """Return a dict of float32 scalars, by the names above."""
        matrix = ops.convert_to_tensor(self.matrix)
        total = ops.sum(matrix)
        hit = ops.diagonal(matrix)
        predicted, true = ops.sum(matrix, axis=0), ops.sum(matrix, axis=1)
        ratios = {
            "iou": (hit, true + predicted - hit),
            "dice": (2.0 * hit, true + predicted),
            "precision": (hit, predicted),
            "recall": (hit, true),
            "specificity": (total - true - predicted + hit, total - true),
        }
        result = {
            "mean_iou": self._mean(*ratios["iou"]),
            "mean_dice": self._mean(*ratios["dice"]),
            "pixel_accuracy": _share(ops.sum(hit), total),
        }
        if self.class_names is None:
            return result
        weighted = ops.sum(true * ops.divide_no_nan(*ratios["iou"]))
        result["frequency_weighted_iou"] = _share(weighted, total)
        for name, (part, whole) in ratios.items():
            result[f"mean_{name}"] = self._mean(part, whole)
            figures = ops.where(whole > 0, ops.divide_no_nan(part, whole), math.nan)
            figures = ops.unstack(ops.cast(figures, "float32"), self.num_classes)
            result |= {
                f"{name}/{label}": figure
                for label, figure in zip(self.class_names, figures, strict=True)
            }
        return result

    def _mean(self, part, whole):
        """Mean of a ratio over the classes where it is defined."""
        defined = ops.cast(whole > 0, "float64")
        if self.num_classes == 2:
            defined *= ops.convert_to_tensor([0.0, 1.0], dtype="float64")
        return _share(ops.sum(ops.divide_no_nan(part, whole) * defined), ops.sum(defined))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            "num_classes": self.num_classes,
            "ignore_class": self.ignore_class,
            "threshold": self.threshold,
            "class_names": self.class_names,
            "name": self.name,
        }

    def _predicted_ids(self, logits):
        if logits.shape[-1] == 1 and self.num_classes == 2:
            cut = math.log(self.threshold / (1.0 - self.threshold))
            return tf.cast(tf.cast(logits[..., 0], "float32") >= cut, "int32")
        if logits.shape[-1] != self.num_classes:
            raise ValueError(
                f"Expected logits of {self.num_classes} classes. "
                f"Received: shape {tuple(logits.shape)}"
            )
        return tf.argmax(logits, axis=-1, output_type="int32")

    def _true_ids(self, y_true, logits):
        """Class ids, zero where ignored, and whether a pixel counts."""
        one_hot = len(y_true.shape) == len(logits.shape) and y_true.shape[-1] > 1
        if one_hot:
            ids = tf.argmax(y_true, axis=-1, output_type="int32")
            valid = tf.reduce_any(y_true != 0, axis=-1)
        else:
            ids = tf.reshape(tf.cast(y_true, "int32"), tf.shape(logits)[:-1])
            valid = tf.ones_like(ids, "bool")
        if self.ignore_class is not None:
            ignored = tf.cast(y_true, "int32") == self.ignore_class
            valid &= ~(
                tf.reduce_any(ignored, axis=-1) if one_hot else tf.reshape(ignored, tf.shape(ids))
            )
        return tf.where(valid, ids, 0), valid


class _OneFigure(ConfusionMatrix):
    """One of the figures of a `ConfusionMatrix`, which has its name unless given another."""

    figure = None

    def __init__(self, num_classes, ignore_class=255, threshold=0.5, name=None):
        super().__init__(num_classes, ignore_class, threshold, name=name or self.figure)

    def result(self):
        """Return a float32 scalar."""
        return super().result()[self.figure]

    def get_config(self):
        """Return the arguments of the constructor."""
        config = super().get_config()
        del config["class_names"]
        return config


@keras.saving.register_keras_serializable(package="segtf")
class MeanIoUScore(_OneFigure):
    """`mean_iou` of a `ConfusionMatrix` alone, from logits.

    `keras.metrics.MeanIoU` takes class ids, and counts the background of a binary task.
    """

    figure = "mean_iou"


@keras.saving.register_keras_serializable(package="segtf")
class MeanDiceScore(_OneFigure):
    """`mean_dice` of a `ConfusionMatrix` alone, from logits."""

    figure = "mean_dice"


@keras.saving.register_keras_serializable(package="segtf")
class PixelAccuracyScore(_OneFigure):
    """`pixel_accuracy` of a `ConfusionMatrix` alone, from logits."""

    figure = "pixel_accuracy"


def _per_pixel(weights, pixels):
    """Spread weights, whose shape starts like that of `pixels`, over all of them."""
    if len(weights.shape) > len(pixels.shape):
        weights = tf.squeeze(weights, axis=-1)
    missing = [1] * (len(pixels.shape) - len(weights.shape))
    return tf.reshape(weights, tf.concat([tf.shape(weights), missing], axis=0))


def _share(part, whole):
    """The ratio as float32; 1.0 of nothing."""
    ratio = ops.where(whole > 0, ops.divide_no_nan(part, whole), ops.ones_like(part))
    return ops.cast(ratio, "float32")
