"""Losses that are a mean over pixels: cross-entropy, focal, and cross-entropy of the hardest."""

import math

import keras
from keras import ops

from segtf.losses.base import SegmentationLoss
from segtf.losses.pixels import check_class_weights, check_range, prepare

_SMALL = 1e-7


def pixel_crossentropy(
    y_true,
    logits,
    sample_weight=None,
    class_weights=None,
    label_smoothing=0.0,
    multi_label=False,
    ignore_class=255,
):
    """Mean cross-entropy over the pixels that count.

    ```
    loss = sum(weight * -log(probability of the true class)) / number of valid pixels
    ```

    Weights are not normalised, as in Keras: a weight of two everywhere doubles the loss.

    Args:
        y_true: class ids `(B, H, W)` or `(B, H, W, 1)` of any dtype, or one-hot (soft ones too)
            or multi-label targets `(B, H, W, K)`.
        logits: `(B, H, W, K)`, any floating dtype: for `K == 1` of the sigmoid of a binary task,
            else of the softmax over classes, or of one sigmoid per label if `multi_label`.
        sample_weight: weights per image `(B,)` or per pixel `(B, H, W)`.
        class_weights: weight of the pixels of each class: `K` numbers, two for a binary task;
            of each label if `multi_label`.
        label_smoothing: share of the targets, in 0..1, that is spread over the classes.
        multi_label: whether the channels do not exclude one another.
        ignore_class: value in `y_true` of what counts nowhere, or `None`.

    Returns:
        float32 scalar; zero where nothing counts. NaN if `y_true` holds an id that is neither
        a class nor `ignore_class`.

    Raises:
        ValueError: for shapes that do not belong together, or settings out of their range.

    Example:

    >>> import numpy as np
    >>> loss = pixel_crossentropy(np.array([[0, 1, 255]]), np.array([[[0.0], [0.0], [9.0]]]))
    >>> round(float(loss), 4)
    0.6931
    """
    check_range("label_smoothing", label_smoothing, 0.0, 1.0)
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    losses = _crossentropy(pixels, label_smoothing)
    return _mean(losses * _class_weights(pixels, class_weights), pixels)


@keras.saving.register_keras_serializable(package="segtf")
class PixelCrossentropy(SegmentationLoss):
    """`pixel_crossentropy` of logits as a Keras loss."""

    def __init__(
        self,
        class_weights=None,
        label_smoothing=0.0,
        multi_label=False,
        ignore_class=255,
        name="pixel_crossentropy",
    ):
        super().__init__(
            pixel_crossentropy,
            name,
            class_weights=class_weights,
            label_smoothing=label_smoothing,
            multi_label=multi_label,
            ignore_class=ignore_class,
        )


def pixel_focal(
    y_true,
    logits,
    sample_weight=None,
    gamma=2.0,
    class_weights=None,
    multi_label=False,
    ignore_class=255,
):
    """Cross-entropy with little weight for pixels that are right already.

    ```
    loss = sum(weight * (1 - p) ** gamma * -log(p)) / number of valid pixels
    ```
    where `p` is the probability of the true class. The paper's `alpha` is
    `class_weights=(1 - alpha, alpha)` of a binary task.

    Args:
        gamma: how fast the weight falls as pixels get right; 0 gives the cross-entropy.

    The other arguments and the result are those of `pixel_crossentropy`.

    Paper: Lin et al., "Focal loss for dense object detection", 2017
    (https://arxiv.org/abs/1708.02002).

    Example:

    >>> import numpy as np
    >>> loss = pixel_focal(np.array([[1, 0]]), np.array([[[0.0], [0.0]]]))
    >>> round(float(loss), 4)
    0.1733
    """
    check_range("gamma", gamma, 0.0)
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    # A power below one has no finite slope at zero.
    wrong = ops.clip(1.0 - pixels.probabilities(), _SMALL, 1.0)
    if pixels.exclusive:
        losses = pixels.targets * wrong**gamma * -ops.log_softmax(pixels.logits)
        losses = ops.sum(losses, axis=-1, keepdims=True)
    else:
        right = ops.clip(pixels.probabilities(), _SMALL, 1.0)
        missed = pixels.targets * wrong**gamma * ops.softplus(-pixels.logits)
        made_up = (1.0 - pixels.targets) * right**gamma * ops.softplus(pixels.logits)
        losses = missed + made_up
    return _mean(losses * _class_weights(pixels, class_weights), pixels)


@keras.saving.register_keras_serializable(package="segtf")
class PixelFocal(SegmentationLoss):
    """`pixel_focal` of logits as a Keras loss."""

    def __init__(
        self,
        gamma=2.0,
        class_weights=None,
        multi_label=False,
        ignore_class=255,
        name="pixel_focal",
    ):
        super().__init__(
            pixel_focal,
            name,
            gamma=gamma,
            class_weights=class_weights,
            multi_label=multi_label,
            ignore_class=ignore_class,
        )


def ohem_crossentropy(
    y_true,
    logits,
    sample_weight=None,
    hardest=0.25,
    threshold=None,
    class_weights=None,
    multi_label=False,
    ignore_class=255,
):
    """Mean cross-entropy of the hardest pixels of the batch: online hard example mining.

    Args:
        hardest: share of the valid pixels, in 0..1, that is kept, those of the highest
            cross-entropy; at least one pixel, and all that equal the last one kept.
        threshold: if given, all pixels whose true class has a probability below it are kept
            as well.

    The other arguments and the result are those of `pixel_crossentropy`, with the mean over the
    pixels kept. Weights do not change which are kept.

    Paper: Shrivastava et al., "Training region-based object detectors with online hard example
    mining", 2016 (https://arxiv.org/abs/1604.03540).

    Example:

    >>> import numpy as np
    >>> logits = np.array([[[0.0], [9.0], [9.0], [9.0]]])
    >>> round(float(ohem_crossentropy(np.ones((1, 4)), logits, hardest=0.25)), 4)
    0.6931
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    losses = _crossentropy(pixels)
    ranked = -ops.sort(ops.reshape(ops.where(pixels.valid > 0.0, -losses, 1.0), [-1]))
    num_hardest = ops.cast(ops.round(hardest * ops.sum(pixels.valid)), "int32")
    cutoff = ops.take(ranked, ops.maximum(num_hardest - 1, 0))
    if threshold is not None:
        cutoff = ops.minimum(cutoff, -math.log(threshold))
    # Written so that a NaN is kept.
    kept = pixels.valid * ops.cast(ops.logical_not(losses < cutoff), "float32")
    losses = losses * _class_weights(pixels, class_weights) * pixels.weights
    return ops.divide_no_nan(ops.sum(losses * kept), ops.sum(kept))


@keras.saving.register_keras_serializable(package="segtf")
class OhemCrossentropy(SegmentationLoss):
    """`ohem_crossentropy` of logits as a Keras loss.

    Raises:
        ValueError: if `hardest` or `threshold` is not within 0..1.
    """

    def __init__(
        self,
        hardest=0.25,
        threshold=None,
        class_weights=None,
        multi_label=False,
        ignore_class=255,
        name="ohem_crossentropy",
    ):
        for setting in (hardest, threshold):
            if setting is not None and not 0.0 < setting <= 1.0:
                raise ValueError(
                    "Expected hardest and threshold within 0..1. "
                    f"Received: hardest={hardest}, threshold={threshold}"
                )
        super().__init__(
            ohem_crossentropy,
            name,
            hardest=hardest,
            threshold=threshold,
            class_weights=class_weights,
            multi_label=multi_label,
            ignore_class=ignore_class,
        )


def _crossentropy(pixels, label_smoothing=0.0):
    """Cross-entropy of each pixel, `(..., 1)`, or of each channel that stands for itself."""
    num_classes = pixels.num_channels if pixels.exclusive else 2
    targets = pixels.targets * (1.0 - label_smoothing) + label_smoothing / num_classes
    if pixels.exclusive:
        losses = ops.categorical_crossentropy(targets, pixels.logits, from_logits=True)
        return ops.expand_dims(losses, -1)
    return ops.binary_crossentropy(targets, pixels.logits, from_logits=True)


def _class_weights(pixels, class_weights):
    """Weight of each pixel by its class; of each label where labels do not exclude each other."""
    if class_weights is None:
        return 1.0
    if pixels.exclusive:
        weights = check_class_weights(class_weights, pixels.num_channels)
        return ops.sum(pixels.targets * weights, axis=-1, keepdims=True)
    if pixels.num_channels == 1:
        background, foreground = ops.unstack(check_class_weights(class_weights, 2))
        return background + (foreground - background) * pixels.targets
    return check_class_weights(class_weights, pixels.num_channels)


def _mean(losses, pixels):
    return ops.divide_no_nan(ops.sum(losses * pixels.weights), ops.sum(pixels.valid))
