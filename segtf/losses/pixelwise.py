"""Losses that are a mean over pixels: cross-entropy, focal, and cross-entropy of the hardest."""

import math

from keras import ops

from segtf.losses.base import checked, keras_loss
from segtf.losses.pixels import check_class_weights, prepare

_SMALL = 1e-7
_SHARE = {"low": 0, "high": 1}
_SHARE_OF_SOME = {"low": 0, "high": 1, "above": True}
_NOT_NEGATIVE = {"low": 0, "high": math.inf}


@checked(label_smoothing=_SHARE)
def pixel_crossentropy(
    y_true,
    logits,
    sample_weight=None,
    *,
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
        y_true: class ids `(B, H, W)` or `(B, H, W, 1)`, whole numbers of any dtype; or one-hot
            `(B, H, W, K)`, soft ones too; or targets 0..1 of each label `(B, H, W, K)`, if
            `multi_label`.
        logits: `(B, H, W, K)`, any floating dtype. For `K == 1`, their sigmoid is the probability
            of the foreground; else their softmax gives the probabilities of the classes, or a
            sigmoid each those of the labels, if `multi_label`.
        sample_weight: what the loss of a pixel is multiplied by: numbers `(B,)`, one per image,
            or `(B, H, W)`, one per pixel, or `(B, H, W, K)`, one per label, if `multi_label`;
            `None` for 1 everywhere.
        class_weights: what the loss of a pixel is multiplied by for its class: `K` numbers, two
            for a binary task, one for each label, if `multi_label`; `None` for 1 each.
        label_smoothing: share of the targets, 0 to 1, that is spread over the classes.
        multi_label: whether the channels do not exclude one another: a pixel may be of several
            labels, or of none.
        ignore_class: value in `y_true` of pixels that count nowhere; `None` if all count.

    Returns:
        float32 scalar, 0 or more; zero where nothing counts, and NaN if `y_true` holds a value
        that is neither a class nor `ignore_class`.

    Raises:
        ValueError: for shapes that do not belong together, another number of class weights, or a
            setting out of its range.

    Example:

    >>> import numpy as np
    >>> loss = pixel_crossentropy(np.array([[0, 1, 255]]), np.array([[[0.0], [0.0], [9.0]]]))
    >>> round(float(loss), 4)
    0.6931
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    losses = _crossentropy(pixels, label_smoothing)
    return _mean(losses * _class_weights(pixels, class_weights), pixels)


PixelCrossentropy = keras_loss("PixelCrossentropy", pixel_crossentropy)


@checked(gamma=_NOT_NEGATIVE)
def pixel_focal(
    y_true,
    logits,
    sample_weight=None,
    *,
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
        y_true: class ids `(B, H, W)` or `(B, H, W, 1)`, whole numbers of any dtype; or one-hot
            `(B, H, W, K)`, soft ones too; or targets 0..1 of each label `(B, H, W, K)`, if
            `multi_label`.
        logits: `(B, H, W, K)`, any floating dtype. For `K == 1`, their sigmoid is the probability
            of the foreground; else their softmax gives the probabilities of the classes, or a
            sigmoid each those of the labels, if `multi_label`.
        sample_weight: what the loss of a pixel is multiplied by: numbers `(B,)`, one per image,
            or `(B, H, W)`, one per pixel, or `(B, H, W, K)`, one per label, if `multi_label`;
            `None` for 1 everywhere.
        gamma: how fast the weight falls as pixels get right, 0 or more; 0 gives the cross-entropy.
        class_weights: what the loss of a pixel is multiplied by for its class: `K` numbers, two
            for a binary task, one for each label, if `multi_label`; `None` for 1 each.
        multi_label: whether the channels do not exclude one another: a pixel may be of several
            labels, or of none.
        ignore_class: value in `y_true` of pixels that count nowhere; `None` if all count.

    Returns:
        float32 scalar, 0 or more; zero where nothing counts, and NaN if `y_true` holds a value
        that is neither a class nor `ignore_class`.

    Raises:
        ValueError: for shapes that do not belong together, another number of class weights, or a
            setting out of its range.

    Reference:
        Lin et al., "Focal loss for dense object detection", 2017
        (https://arxiv.org/abs/1708.02002).

    Example:

    >>> import numpy as np
    >>> loss = pixel_focal(np.array([[1, 0]]), np.array([[[0.0], [0.0]]]))
    >>> round(float(loss), 4)
    0.1733
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    # A power below one has no finite slope at zero.
    wrong = ops.clip(1.0 - pixels.probabilities(), _SMALL, 1.0)
    if pixels.exclusive:
        losses = pixels.targets * wrong**gamma * -ops.log_softmax(pixels.logits)
        losses = ops.sum(losses, axis=-1, keepdims=True)
    else:
        right = ops.clip(pixels.probabilities(), _SMALL, 1.0)
        missed = pixels.targets * wrong**gamma * ops.softplus(-pixels.logits)
        false = (1.0 - pixels.targets) * right**gamma * ops.softplus(pixels.logits)
        losses = missed + false
    return _mean(losses * _class_weights(pixels, class_weights), pixels)


PixelFocal = keras_loss("PixelFocal", pixel_focal)


@checked(hardest=_SHARE_OF_SOME, threshold=_SHARE_OF_SOME)
def ohem_crossentropy(
    y_true,
    logits,
    sample_weight=None,
    *,
    hardest=0.25,
    threshold=None,
    class_weights=None,
    multi_label=False,
    ignore_class=255,
):
    """Mean cross-entropy of the hardest pixels of the batch: online hard example mining.

    The pixels of the highest cross-entropy are kept, and the mean is over those. Weights do not
    change which are kept.

    Args:
        y_true: class ids `(B, H, W)` or `(B, H, W, 1)`, whole numbers of any dtype; or one-hot
            `(B, H, W, K)`, soft ones too; or targets 0..1 of each label `(B, H, W, K)`, if
            `multi_label`.
        logits: `(B, H, W, K)`, any floating dtype. For `K == 1`, their sigmoid is the probability
            of the foreground; else their softmax gives the probabilities of the classes, or a
            sigmoid each those of the labels, if `multi_label`.
        sample_weight: what the loss of a pixel is multiplied by: numbers `(B,)`, one per image,
            or `(B, H, W)`, one per pixel, or `(B, H, W, K)`, one per label, if `multi_label`;
            `None` for 1 everywhere.
        hardest: share of the valid pixels that is kept, above 0 and at most 1; at least one pixel,
            and all that equal the last one kept.
        threshold: a probability, above 0 and at most 1: all pixels whose true class has a lower
            one are kept as well; `None` for no such pixels.
        class_weights: what the loss of a pixel is multiplied by for its class: `K` numbers, two
            for a binary task, one for each label, if `multi_label`; `None` for 1 each.
        multi_label: whether the channels do not exclude one another: a pixel may be of several
            labels, or of none.
        ignore_class: value in `y_true` of pixels that count nowhere; `None` if all count.

    Returns:
        float32 scalar, 0 or more; zero where nothing counts, and NaN if `y_true` holds a value
        that is neither a class nor `ignore_class`.

    Raises:
        ValueError: for shapes that do not belong together, another number of class weights, or a
            setting out of its range.

    Reference:
        Shrivastava et al., "Training region-based object detectors with online hard example
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


OhemCrossentropy = keras_loss("OhemCrossentropy", ohem_crossentropy)


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
