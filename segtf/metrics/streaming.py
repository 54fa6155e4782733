"""Confusion matrix of logits as Keras metrics."""

import inspect
import math

import keras
import tensorflow as tf
from keras import ops

from segtf.class_ids import read_class_ids, read_one_hot, same_sizes, with_channels
from segtf.metrics.from_counts import RATIOS, Counts

_NAME = "confusion_matrix"


@keras.saving.register_keras_serializable(package="segtf")
class ConfusionMatrix(keras.metrics.Metric):
    """Confusion matrix of class ids and logits, summed over batches.

    In `compile(metrics=[ConfusionMatrix(...)])` this one metric reports `mean_iou`,
    `mean_dice` and `pixel_accuracy` to the progress bar, the history and the callbacks
    (`val_mean_iou` and so on for validation), and counts the pixels once for all of them.
    `matrix` holds the float64 counts; `segtf.metrics.iou`, `dice` and others are views of it.

    Several of them in one `compile`, of two outputs, of two thresholds, or in `metrics` and in
    `weighted_metrics`, need a `name` each: all that a metric with a name of its own reports
    begins with it, such as `aux_mean_iou`.

    The means are over the classes that truth or prediction holds; for a binary task they are
    of the foreground alone. Where no class is left to average, they are 1.0.

    With `class_names`, it reports `frequency_weighted_iou`, `mean_precision`, `mean_recall` and
    `mean_specificity` too, and for each class `iou/NAME`, `dice/NAME`, `precision/NAME`,
    `recall/NAME` and `specificity/NAME`. These are NaN where they are not defined, such as the
    IoU of a class that neither truth nor prediction holds; the means leave such classes out.

    Args:
        num_classes: number of the logits' channels, the `num_classes` of the model's builder: 1
            for a binary task, which counts background and foreground. Its classes, 2, mean the
            same.
        ignore_class: true id of pixels that count nowhere, or `None` if all count.
        threshold: probability, above 0 and below 1, from which a pixel of one-channel logits is
            foreground; of several channels, the largest logit decides.
        class_names: names of all classes (two for a binary task), for the metrics of each; by
            default these are not reported.
        name: name of the metric, with which the names of what it reports begin unless it is the
            default.

    Raises:
        ValueError: for no class, a threshold out of its range, or other than one name a class.
            In training, for two metrics in one `compile` that report something by the same name.

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
        *,
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
        self.num_classes = num_classes
        self._rows = max(num_classes, 2)
        self.ignore_class = ignore_class
        self.threshold = threshold
        self.class_names = None if class_names is None else tuple(class_names)
        if class_names is not None and not (
            len(self.class_names) == len(set(self.class_names)) == self._rows
        ):
            raise ValueError(
                f"Expected {self._rows} different class_names. Received: {self.class_names}"
            )
        self._is_weighted = False
        self.matrix = self.add_variable(
            (self._rows, self._rows), "zeros", dtype="float64", name="matrix"
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count the pixels of a batch.

        Args:
            y_true: class ids `(B, H, W)` or `(B, H, W, 1)`, whole numbers of any dtype, or
                one-hot `(B, H, W, K)`, where a pixel without a class is ignored.
            y_pred: logits `(B, H, W, K)`, any floating dtype.
            sample_weight: how much a pixel counts, per image `(B,)` or per pixel `(B, H, W)`.

        Raises:
            ValueError: if the logits are not of `num_classes` channels (1 or 2 for a binary
                task), or the shapes do not belong together.
            tf.errors.InvalidArgumentError: for a true id that is neither a class nor
                `ignore_class`, such as a fraction. XLA knows no such errors: compiled by it,
                all counts become NaN, and so does what is reported until the state is reset.
        """
        self._is_weighted = sample_weight is not None
        logits = tf.convert_to_tensor(y_pred)
        predicted = self._predicted_ids(logits)
        y_true = with_channels(tf.convert_to_tensor(y_true), logits, self._rows)
        if y_true.shape[-1] == 1:
            true = read_class_ids(y_true, self._rows, self.ignore_class)
        else:
            true = read_one_hot(y_true, self.ignore_class)
        fits = same_sizes(y_true, logits)
        known = ~tf.reduce_any(true.unknown)
        checks = [
            _require(fits, "y_true and logits of one height and width", lambda: y_true.shape),
            _require(
                known,
                f"true class ids 0 to {self._rows - 1} or {self.ignore_class}, none out of "
                "range and no fractions",
                lambda: _some_of(y_true, true.unknown),
            ),
        ]
        with tf.control_dependencies([check for check in checks if check is not None]):
            weights = tf.cast(true.valid[..., 0], "float64")
        if sample_weight is not None:
            weights *= _per_pixel(tf.cast(sample_weight, "float64"), weights)
        size = self._rows**2
        # `tf.math.bincount` looks at the values for the number of bins, which XLA cannot.
        pixels = tf.raw_ops.DenseBincount(
            input=tf.reshape(true.ids, [-1]) * self._rows + tf.reshape(predicted, [-1]),
            size=size,
            weights=tf.reshape(weights, [-1]),
        )
        # What XLA compiles has no errors.
        pixels = tf.where(fits & known, pixels, math.nan)
        self.matrix.assign_add(tf.reshape(pixels, self.matrix.shape))

    def result(self):
        """Return a dict of float32 scalars, by the names above."""
        values = {f"{self._prefix}{name}": value for name, value in self._values().items()}
        # Keras merges the dicts of all metrics into one without a word, and only what merges
        # them, which is what asks for the result, knows the others.
        owner = inspect.currentframe().f_back.f_locals.get("self")
        if isinstance(owner, keras.Model | keras.metrics.Metric):
            self._refuse_namesakes(values, owner)
        return values

    @property
    def _prefix(self):
        return "" if self.name == _NAME else f"{self.name}_"

    def _refuse_namesakes(self, values, owner):
        """Refuse another metric of the same model that reports something by the same name."""
        has_outputs = len(getattr(owner, "output_names", None) or ()) > 1
        for other in getattr(owner, "metrics", ()):
            if isinstance(other, ConfusionMatrix) and not isinstance(other, _OneValue):
                hides = other is not self and other._prefix == self._prefix
            else:  # of several outputs, Keras puts the output's name before its own
                hides = other.name in values and not has_outputs and not self._agrees(other)
            if hides:
                raise ValueError(
                    "Expected metrics of one model to have names of their own, such as "
                    f"ConfusionMatrix({self.num_classes}, name='aux'), which reports "
                    f"aux_mean_iou and so on. Received: {self.name!r} and {other.name!r}"
                )

    def _agrees(self, other):
        """Whether another metric counts the same."""
        return isinstance(other, ConfusionMatrix) and all(
            getattr(self, name) == getattr(other, name)
            for name in ("_rows", "ignore_class", "threshold", "_is_weighted")
        )

    def _values(self):
        matrix = ops.convert_to_tensor(self.matrix)
        total = ops.sum(matrix)
        hit = ops.diagonal(matrix)
        predicted, true = ops.sum(matrix, axis=0), ops.sum(matrix, axis=1)
        counts = Counts.of_sums(hit, predicted, true, total)
        ratios = {name: ratio(counts) for name, ratio in RATIOS.items()}
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
            values = ops.where(whole > 0, ops.divide_no_nan(part, whole), math.nan)
            values = ops.unstack(ops.cast(values, "float32"), self._rows)
            result |= {
                f"{name}/{label}": value
                for label, value in zip(self.class_names, values, strict=True)
            }
        return result

    def _mean(self, part, whole):
        """Mean of a ratio over the classes where it is defined."""
        defined = ops.cast(whole != 0, "float64")
        if self._rows == 2:
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
        if logits.shape[-1] == 1 and self._rows == 2:
            cut = math.log(self.threshold / (1.0 - self.threshold))
            return tf.cast(tf.cast(logits[..., 0], "float32") >= cut, "int32")
        if logits.shape[-1] != self._rows:
            raise ValueError(
                f"Expected logits of {self.num_classes} channels. "
                f"Received: shape {tuple(logits.shape)}"
            )
        return tf.argmax(logits, axis=-1, output_type="int32")


class _OneValue(ConfusionMatrix):
    """One of the metrics of a `ConfusionMatrix`, which has its name unless given another."""

    value = None

    def __init__(self, num_classes, *, ignore_class=255, threshold=0.5, name=None):
        super().__init__(
            num_classes, ignore_class=ignore_class, threshold=threshold, name=name or self.value
        )

    def result(self):
        """Return a float32 scalar."""
        return self._values()[self.value]

    def get_config(self):
        """Return the arguments of the constructor."""
        config = super().get_config()
        del config["class_names"]
        return config


@keras.saving.register_keras_serializable(package="segtf")
class MeanIoUScore(_OneValue):
    """Mean IoU of class ids and logits over the classes that truth or prediction holds.

    Of a binary task that of the foreground alone; 1.0 where there is none. The same as `mean_iou`
    of a `ConfusionMatrix`. `keras.metrics.MeanIoU` takes class ids, and counts the background of
    a binary task.

    Args:
        num_classes: number of the logits' channels, the `num_classes` of the model's builder: 1
            for a binary task. Its classes, 2, mean the same.
        ignore_class: true id of pixels that count nowhere, or `None` if all count.
        threshold: probability, above 0 and below 1, from which a pixel of one-channel logits is
            foreground; of several channels, the largest logit decides.
        name: name of the metric, by default `mean_iou`.

    Raises:
        ValueError: for no class, or a threshold out of its range.

    Example:

    >>> MeanIoUScore(num_classes=1).name
    'mean_iou'
    """

    value = "mean_iou"


@keras.saving.register_keras_serializable(package="segtf")
class MeanDiceScore(_OneValue):
    """Mean Dice of class ids and logits over the classes that truth or prediction holds.

    Of a binary task that of the foreground alone; 1.0 where there is none. The same as `mean_dice`
    of a `ConfusionMatrix`.

    Args:
        num_classes: number of the logits' channels, the `num_classes` of the model's builder: 1
            for a binary task. Its classes, 2, mean the same.
        ignore_class: true id of pixels that count nowhere, or `None` if all count.
        threshold: probability, above 0 and below 1, from which a pixel of one-channel logits is
            foreground; of several channels, the largest logit decides.
        name: name of the metric, by default `mean_dice`.

    Raises:
        ValueError: for no class, or a threshold out of its range.

    Example:

    >>> MeanDiceScore(num_classes=1).name
    'mean_dice'
    """

    value = "mean_dice"


@keras.saving.register_keras_serializable(package="segtf")
class PixelAccuracyScore(_OneValue):
    """Share of the pixels whose class the logits get right.

    1.0 where no pixel counts. The same as `pixel_accuracy` of a `ConfusionMatrix`.

    Args:
        num_classes: number of the logits' channels, the `num_classes` of the model's builder: 1
            for a binary task. Its classes, 2, mean the same.
        ignore_class: true id of pixels that count nowhere, or `None` if all count.
        threshold: probability, above 0 and below 1, from which a pixel of one-channel logits is
            foreground; of several channels, the largest logit decides.
        name: name of the metric, by default `pixel_accuracy`.

    Raises:
        ValueError: for no class, or a threshold out of its range.

    Example:

    >>> PixelAccuracyScore(num_classes=1).name
    'pixel_accuracy'
    """

    value = "pixel_accuracy"


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
