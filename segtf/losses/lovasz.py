"""Lovász losses: the convex extension of the Jaccard loss, of hard labels."""

import keras
from keras import ops

from segtf.losses.base import SegmentationLoss
from segtf.losses.overlap import mean_over_classes
from segtf.losses.pixels import prepare


def lovasz_softmax(
    y_true, logits, sample_weight=None, class_weights=None, multi_label=False, ignore_class=255
):
    """Lovász extension of the Jaccard loss at the errors of the probabilities.

    The errors `|y - p|` of a class are sorted, the largest first; each is weighted by how much
    the Jaccard loss grows when its pixel is added to those that are wrong.

    The Jaccard index is that of all valid pixels of the batch. Arguments, result and the
    treatment of absent classes are those of `segtf.losses.soft_dice`.

    Paper: Berman et al., "The Lovász-softmax loss", 2018 (https://arxiv.org/abs/1705.08790).

    Example:

    >>> import numpy as np
    >>> loss = lovasz_softmax(np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]]))
    >>> round(float(loss), 4)
    0.5
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    errors = ops.abs(pixels.targets - pixels.probabilities())
    return mean_over_classes(_jaccard_extension(errors, pixels), pixels, class_weights)


@keras.saving.register_keras_serializable(package="segtf")
class LovaszSoftmax(SegmentationLoss):
    """`lovasz_softmax` of logits as a Keras loss."""

    def __init__(
        self, class_weights=None, multi_label=False, ignore_class=255, name="lovasz_softmax"
    ):
        super().__init__(
            lovasz_softmax,
            name,
            class_weights=class_weights,
            multi_label=multi_label,
            ignore_class=ignore_class,
        )


def lovasz_hinge(
    y_true, logits, sample_weight=None, class_weights=None, multi_label=False, ignore_class=255
):
    """Lovász extension of the Jaccard loss at the hinge errors of a binary task's logits.

    As `lovasz_softmax`, with the errors `max(0, 1 - s * logit)`, where `s` is 1 for the
    foreground and -1 for the background.

    Raises:
        ValueError: for logits of more than one channel, unless `multi_label`.

    Paper: Berman et al., "The Lovász-softmax loss", 2018 (https://arxiv.org/abs/1705.08790).

    Example:

    >>> import numpy as np
    >>> loss = lovasz_hinge(np.array([[1, 1, 0]]), np.array([[[2.0], [0.0], [-2.0]]]))
    >>> round(float(loss), 4)
    0.5
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    if pixels.exclusive:
        raise ValueError(
            "Expected logits of one channel, or multi_label=True. "
            f"Received: {pixels.num_channels} channels"
        )
    errors = 1.0 - (2.0 * pixels.targets - 1.0) * pixels.logits
    extension = _jaccard_extension(ops.relu(errors), pixels)
    return mean_over_classes(extension, pixels, class_weights)


@keras.saving.register_keras_serializable(package="segtf")
class LovaszHinge(SegmentationLoss):
    """`lovasz_hinge` of logits as a Keras loss."""

    def __init__(
        self, class_weights=None, multi_label=False, ignore_class=255, name="lovasz_hinge"
    ):
        super().__init__(
            lovasz_hinge,
            name,
            class_weights=class_weights,
            multi_label=multi_label,
            ignore_class=ignore_class,
        )


def _jaccard_extension(errors, pixels):
    """Weigh sorted errors by the steps of the Jaccard loss, `(K,)`.

    Pixels count by their weights, so that ignored ones make no step wherever they are sorted.
    """
    errors, hit, rest = (
        _rows_of_classes(values)
        for values in (
            errors,
            pixels.weights * pixels.targets,
            pixels.weights * (1.0 - pixels.targets),
        )
    )
    order = ops.argsort(-errors, axis=-1)
    errors, hit, rest = (ops.take_along_axis(v, order, axis=-1) for v in (errors, hit, rest))
    total = ops.sum(hit, axis=-1, keepdims=True)
    intersection = total - ops.cumsum(hit, axis=-1)
    union = total + ops.cumsum(rest, axis=-1)
    # The difference of two neighbouring Jaccard losses, on one denominator: subtracting them
    # would leave little of float32.
    before = union - rest
    steps = ops.divide_no_nan((intersection + hit) * rest + hit * before, before * union)
    return ops.sum(errors * ops.stop_gradient(steps), axis=-1)


def _rows_of_classes(values):
    """Bring `(..., K)` to `(K, N)`."""
    return ops.transpose(ops.reshape(values, [-1, values.shape[-1]]))
