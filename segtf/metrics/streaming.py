"""Confusion matrix of logits as Keras metrics."""

import inspect
import math

import keras
import tensorflow as tf
from keras import ops

from segtf.class_ids import read_class_ids, read_one_hot, same_sizes, with_channels

_NAME = "confusion_matrix"


@keras.saving.register_keras_serializable(package="segtf")
class ConfusionMatrix(keras.metrics.Metric):
    """Confusion matrix of class ids and logits, summed over batches.

    In `compile(metrics=[ConfusionMatrix(...)])` this one metric reports `mean_iou`,
    `mean_dice` and `pixel_accuracy` to the progress bar, the history and the callbacks
    (`val_mean_iou` and so on for validation), and counts the pixels once for all of them.
    `matrix` holds the float64 counts; `segtf.metrics.iou` and its kin are views of it.

    Several of them in one `compile`, of two outputs, of two thresholds, or in `metrics` and in
    `weighted_metrics`, need a `name` each: all figures of a metric with a name of its own begin
    with it, such as `aux_mean_iou`.

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
        name: name of the metric, with which the names of its figures begin unless it is the
            default.

    Raises:
        ValueError: for no class, a threshold out of its range, or other than one name a class.
            In training, for two metrics in one `compile` whose figures have the same names.

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
        name=_NAME,
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
        if class_names is not None and not (
            len(self.class_names) == len(set(self.class_names)) == self.num_classes
        ):
            raise ValueError(
                f"Expected {self.num_classes} different class_names. Received: {self.class_names}"
            )
        self._is_weighted = False
        self.matrix = self.add_variable(
            (self.num_classes, self.num_classes), "zeros", dtype="float64", name="matrix"
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count the pixels of a batch.

        Args:
            y_true: class ids `(B, H, W)` or `(B, H, W, 1)`, whole numbers of any dtype, or
                one-hot `(B, H, W, K)`, where a pixel without a class is ignored.
            y_pred: logits `(B, H, W, K)`, any floating dtype.
            sample_weight: how much a pixel counts, per image `(B,)` or per pixel `(B, H, W)`.

        Raises:
            ValueError: if the logits are not of `num_classes` channels, or the shapes do not
                belong together.
            tf.errors.InvalidArgumentError: for a true id that is neither a class nor
                `ignore_class`, such as a fraction. XLA knows no such errors: compiled by it,
                all counts become NaN, and so do the figures until the state is reset.
        """
        self._is_weighted = sample_weight is not None
        logits = tf.convert_to_tensor(y_pred)
        predicted = self._predicted_ids(logits)
        y_true = with_channels(tf.convert_to_tensor(y_true), logits, self.num_classes)
        if y_true.shape[-1] == 1:
            true = read_class_ids(y_true, self.num_classes, self.ignore_class)
        else:
            true = read_one_hot(y_true, self.ignore_class)
        fits = same_sizes(y_true, logits)
        known = ~tf.reduce_any(true.unknown)
        checks = [
            _require(fits, "y_true and logits of one height and width", lambda: y_true.shape),
            _require(
                known,
                f"true class ids 0 to {self.num_classes - 1} or {self.ignore_class}, none out of "
                "range and no fractions",
                lambda: _some_of(y_true, true.unknown),
            ),
        ]
        with tf.control_dependencies([check for check in checks if check is not None]):
            weights = tf.cast(true.valid[..., 0], "float64")
        if sample_weight is not None:
            weights *= _per_pixel(tf.cast(sample_weight, "float64"), weights)
        size = self.num_classes**2
        # `tf.math.bincount` looks at the values for the number of bins, which XLA cannot.
        counts = tf.raw_ops.DenseBincount(
            input=tf.reshape(true.ids, [-1]) * self.num_classes + tf.reshape(predicted, [-1]),
            size=size,
            weights=tf.reshape(weights, [-1]),
        )
        # What XLA compiles has no errors.
        counts = tf.where(fits & known, counts, math.nan)
        self.matrix.assign_add(tf.reshape(counts, self.matrix.shape))

    def result(self):
        """Return a dict of float32 scalars, by the names above."""
        figures = {f"{self._prefix}{name}": figure for name, figure in self._figures().items()}
        # Keras merges the dicts of all metrics into one without a word, and only what merges
        # them, which is what asks for the result, knows the others.
        owner = inspect.currentframe().f_back.f_locals.get("self")
        if isinstance(owner, keras.Model | keras.metrics.Metric):
            self._refuse_namesakes(figures, owner)
        return figures

    @property
    def _prefix(self):
        return "" if self.name == _NAME else f"{self.name}_"

    def _refuse_namesakes(self, figures, owner):
        """Refuse another metric of the same model with figures of the same names."""
        has_outputs = len(getattr(owner, "output_names", None) or ()) > 1
        for other in getattr(owner, "metrics", ()):
            if isinstance(other, ConfusionMatrix) and not isinstance(other, _OneFigure):
                hides = other is not self and other._prefix == self._prefix
            else:  # of several outputs, Keras puts the output's name before its own
                hides = other.name in figures and not has_outputs and not self._agrees(other)
            if hides:
                raise ValueError(
                    "Expected metrics of one model to have names of their own, such as "
                    f"ConfusionMatrix({self.num_classes}, name='aux'), whose figures are "
                    f"aux_mean_iou and so on. Received: {self.name!r} and {other.name!r}"
                )

    def _agrees(self, other):
        """Whether another metric counts the same."""
        return isinstance(other, ConfusionMatrix) and all(
            getattr(self, name) == getattr(other, name)
            for name in ("num_classes", "ignore_class", "threshold", "_is_weighted")
        )

    def _figures(self):
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
        defined = ops.cast(whole != 0, "float64")
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


class _OneFigure(ConfusionMatrix):
    """One of the figures of a `ConfusionMatrix`, which has its name unless given another."""

    figure = None

    def __init__(self, num_classes, ignore_class=255, threshold=0.5, name=None):
        super().__init__(num_classes, ignore_class, threshold, name=name or self.figure)

    def result(self):
        """Return a float32 scalar."""
        return self._figures()[self.figure]

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


def _require(condition, expected, received):
    """Raise an error where something does not hold, or return what does so in a graph."""
    if not tf.executing_eagerly():
        return tf.debugging.Assert(condition, [f"Expected {expected}"])
    if not condition:
        raise tf.errors.InvalidArgumentError(
            None, None, f"Expected {expected}. Received: {received()}"
        )
    return None


def _some_of(values, marked):
    """The first of the different values that are marked, as an array."""
    return tf.unique(values[tf.broadcast_to(marked, values.shape)])[0][:9].numpy()


def _per_pixel(weights, pixels):
    """Spread weights, whose shape starts like that of `pixels`, over all of them."""
    if len(weights.shape) > len(pixels.shape):
        weights = tf.squeeze(weights, axis=-1)
    missing = [1] * (len(pixels.shape) - len(weights.shape))
    return tf.reshape(weights, tf.concat([tf.shape(weights), missing], axis=0))


def _share(part, whole):
    """The ratio as float32; 1.0 of nothing, and NaN of NaN."""
    ratio = ops.where(whole == 0, ops.ones_like(part), ops.divide_no_nan(part, whole))
    return ops.cast(ratio, "float32")
