"""Lovász losses: the convex extension of the Jaccard loss, of hard labels."""

from keras import ops

from segtf.losses.base import checked, keras_loss
from segtf.losses.overlap import mean_over_classes
from segtf.losses.pixels import prepare


@checked()
def lovasz_softmax(
    y_true,
    logits,
    sample_weight=None,
    *,
    class_weights=None,
    multi_label=False,
    ignore_class=255,
):
    """Lovász extension of the Jaccard loss at the errors of the probabilities.

    The errors `|y - p|` of a class are sorted, the largest first; each is weighted by how much
    the Jaccard loss grows when its pixel is added to those that are wrong.

    The Jaccard index is that of all valid pixels of the batch (under a distribution strategy: of
    the replica's part of it). Classes without a true pixel in the batch are left out of the mean;
    if there is none, the loss is zero.

    Args:
        y_true: class ids `(B, H, W)` or `(B, H, W, 1)`, whole numbers of any dtype; or one-hot
            `(B, H, W, K)`; or targets 0..1 of each label `(B, H, W, K)`, if `multi_label`.
        logits: `(B, H, W, K)`, any floating dtype. For `K == 1`, their sigmoid is the probability
            of the foreground, the only class that counts here; else their softmax gives the
            probabilities of the classes, or a sigmoid each those of the labels, if
            `multi_label`.
        sample_weight: how much a pixel counts in the sums: numbers `(B,)`, one per image, or
            `(B, H, W)`, one per pixel, or `(B, H, W, K)`, one per label, if `multi_label`;
            `None` for the same everywhere. Only their proportions matter.
        class_weights: `K` numbers, the weights of the classes in the mean, such as `(0, 1, 1)`
            to leave out the background; `None` for the same weight of each.
        multi_label: whether the channels do not exclude one another: a pixel may be of several
            labels, or of none.
        ignore_class: value in `y_true` of pixels that count nowhere; `None` if all count.

    Returns:
        float32 scalar, 0 to 1; zero where nothing counts, and NaN if `y_true` holds a value that
        is neither a class nor `ignore_class`.

    Raises:
        ValueError: for shapes that do not belong together, or not `K` class weights.

    Reference:
        Berman et al., "The Lovász-softmax loss", 2018 (https://arxiv.org/abs/1705.08790).

    Example:

    >>> import numpy as np
    >>> y_true, logits = np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]])
    >>> round(float(lovasz_softmax(y_true, logits)), 4)
    0.5
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    errors = ops.abs(pixels.targets - pixels.probabilities())
    return mean_over_classes(_jaccard_extension(errors, pixels), pixels, class_weights)


LovaszSoftmax = keras_loss("LovaszSoftmax", lovasz_softmax)


@checked()
def lovasz_hinge(
    y_true,
    logits,
    sample_weight=None,
    *,
    class_weights=None,
    multi_label=False,
    ignore_class=255,
):
    """Lovász extension of the Jaccard loss at the hinge errors of a binary task's logits.

    The errors `max(0, 1 - s * logit)` of a class, where `s` is 1 for the foreground and -1 for the
    background, are sorted, the largest first; each is weighted by how much the Jaccard loss grows
    when its pixel is added to those that are wrong.

    The Jaccard index is that of all valid pixels of the batch (under a distribution strategy: of
    the replica's part of it). Without a true pixel in the batch, the loss is zero; labels without
    one are left out of the mean.

    Args:
        y_true: class ids 0 and 1 `(B, H, W)` or `(B, H, W, 1)`, whole numbers of any dtype; or
            targets 0..1 of each label `(B, H, W, K)`, if `multi_label`.
        logits: `(B, H, W, 1)`, any floating dtype; `(B, H, W, K)`, if `multi_label`.
        sample_weight: how much a pixel counts in the sums: numbers `(B,)`, one per image, or
            `(B, H, W)`, one per pixel, or `(B, H, W, K)`, one per label, if `multi_label`;
            `None` for the same everywhere. Only their proportions matter.
        class_weights: `K` numbers, the weights of the labels in the mean; `None` for the same
            weight of each.
        multi_label: whether the channels do not exclude one another: a pixel may be of several
            labels, or of none.
        ignore_class: value in `y_true` of pixels that count nowhere; `None` if all count.

    Returns:
        float32 scalar, 0 or more; zero where nothing counts, and NaN if `y_true` holds a value
        that is neither 0, 1 nor `ignore_class`.

    Raises:
        ValueError: for logits of more than one channel, unless `multi_label`; for shapes that do
            not belong together, or not `K` class weights.

    Reference:
        Berman et al., "The Lovász-softmax loss", 2018 (https://arxiv.org/abs/1705.08790).

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


LovaszHinge = keras_loss("LovaszHinge", lovasz_hinge)


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
