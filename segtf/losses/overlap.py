"""Losses of the overlap of predicted and true regions: Dice, Jaccard, Tversky and their kin."""

import keras
from keras import ops

from segtf.losses.base import SegmentationLoss
from segtf.losses.pixels import check_class_weights, check_range, prepare

_LEAST_GAMMA = 0.1


def soft_dice(
    y_true, logits, sample_weight=None, class_weights=None, multi_label=False, ignore_class=255
):
    """One minus the Dice coefficient of probabilities and truth, averaged over classes.

    ```
    loss = 1 - 2 * sum(p * y) / (sum(p) + sum(y))
    ```

    The sums run over all valid pixels of the batch (under a distribution strategy: of the
    replica's part of it), not image by image: a small object then weighs little, and an image
    without one does no harm. Classes without a true pixel in the batch are left out of the
    mean; if there is none, the loss is zero.

    Args:
        y_true: class ids `(B, H, W)` or `(B, H, W, 1)` of any dtype, or one-hot or multi-label
            targets `(B, H, W, K)`.
        logits: `(B, H, W, K)`, any floating dtype: for `K == 1` of the sigmoid of a binary task,
            whose only class here is the foreground; else of the softmax over classes, or of one
            sigmoid per label if `multi_label`.
        sample_weight: how much a pixel counts in the sums, per image `(B,)` or per pixel
            `(B, H, W)`; only the proportions matter.
        class_weights: `K` weights of the classes in the mean; `(0, 1, 1)` leaves out the
            background.
        multi_label: whether the channels do not exclude one another.
        ignore_class: value in `y_true` of what counts nowhere, or `None`.

    Returns:
        float32 scalar in 0..1.

    Paper: Milletari et al., "V-Net", 2016 (https://arxiv.org/abs/1606.04797), without squares
    in the denominator.

    Example:

    >>> import numpy as np
    >>> loss = soft_dice(np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]]))
    >>> round(float(loss), 4)
    0.3333
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    return mean_over_classes(1.0 - _tversky_index(pixels, 0.5, 0.5), pixels, class_weights)


@keras.saving.register_keras_serializable(package="segtf")
class SoftDice(SegmentationLoss):
    """`soft_dice` of logits as a Keras loss; `keras.losses.Dice` takes probabilities."""

    def __init__(self, class_weights=None, multi_label=False, ignore_class=255, name="soft_dice"):
        super().__init__(
            soft_dice,
            name,
            class_weights=class_weights,
            multi_label=multi_label,
            ignore_class=ignore_class,
        )


def soft_jaccard(
    y_true, logits, sample_weight=None, class_weights=None, multi_label=False, ignore_class=255
):
    """One minus the Jaccard index (IoU) of probabilities and truth, averaged over classes.

    ```
    loss = 1 - sum(p * y) / (sum(p) + sum(y) - sum(p * y))
    ```

    Arguments, result and the treatment of absent classes are those of `soft_dice`.

    Paper: Rahman and Wang, "Optimizing intersection-over-union in deep neural networks for image
    segmentation", 2016 (https://doi.org/10.1007/978-3-319-50835-1_22).

    Example:

    >>> import numpy as np
    >>> loss = soft_jaccard(np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]]))
    >>> round(float(loss), 4)
    0.5
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    return mean_over_classes(1.0 - _tversky_index(pixels, 1.0, 1.0), pixels, class_weights)


@keras.saving.register_keras_serializable(package="segtf")
class SoftJaccard(SegmentationLoss):
    """`soft_jaccard` of logits as a Keras loss."""

    def __init__(
        self, class_weights=None, multi_label=False, ignore_class=255, name="soft_jaccard"
    ):
        super().__init__(
            soft_jaccard,
            name,
            class_weights=class_weights,
            multi_label=multi_label,
            ignore_class=ignore_class,
        )


def soft_tversky(
    y_true,
    logits,
    sample_weight=None,
    alpha=0.3,
    beta=0.7,
    class_weights=None,
    multi_label=False,
    ignore_class=255,
):
    """One minus the Tversky index of probabilities and truth, averaged over classes.

    ```
    loss = 1 - hit / (hit + alpha * sum(p * (1 - y)) + beta * sum((1 - p) * y))
    ```
    where `hit = sum(p * y)`. Both at 0.5 give `soft_dice`, both at 1 `soft_jaccard`.

    Args:
        alpha: cost of pixels that are falsely taken for the class; not negative.
        beta: cost of pixels of the class that are missed; not negative.

    The other arguments, the result and the treatment of absent classes are those of `soft_dice`.

    Paper: Salehi et al., "Tversky loss function for image segmentation using 3D fully
    convolutional deep networks", 2017 (https://arxiv.org/abs/1706.05721).

    Example:

    >>> import numpy as np
    >>> loss = soft_tversky(np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]]))
    >>> round(float(loss), 4)
    0.4118
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    return mean_over_classes(1.0 - _tversky_index(pixels, alpha, beta), pixels, class_weights)


@keras.saving.register_keras_serializable(package="segtf")
class SoftTversky(SegmentationLoss):
    """`soft_tversky` of logits as a Keras loss; `keras.losses.Tversky` takes probabilities."""

    def __init__(
        self,
        alpha=0.3,
        beta=0.7,
        class_weights=None,
        multi_label=False,
        ignore_class=255,
        name="soft_tversky",
    ):
        super().__init__(
            soft_tversky,
            name,
            alpha=alpha,
            beta=beta,
            class_weights=class_weights,
            multi_label=multi_label,
            ignore_class=ignore_class,
        )


def focal_tversky(
    y_true,
    logits,
    sample_weight=None,
    alpha=0.3,
    beta=0.7,
    gamma=4 / 3,
    class_weights=None,
    multi_label=False,
    ignore_class=255,
):
    """Tversky loss of each class to the power `1 / gamma`, averaged over classes.

    Args:
        alpha: cost of pixels that are falsely taken for the class.
        beta: cost of pixels of the class that are missed.
        gamma: from 0.1; above 1, classes that overlap well already keep more of the gradient.

    The other arguments, the result and the treatment of absent classes are those of `soft_dice`.

    Paper: Abraham and Khan, "A novel focal Tversky loss function with improved attention U-Net
    for lesion segmentation", 2018 (https://arxiv.org/abs/1810.07842).

    Example:

    >>> import numpy as np
    >>> loss = focal_tversky(np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]]))
    >>> round(float(loss), 4)
    0.514
    """
    check_range("gamma", gamma, _LEAST_GAMMA)
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    # A power below one has no finite slope at zero.
    losses = ops.maximum(1.0 - _tversky_index(pixels, alpha, beta), 1e-7) ** (1.0 / gamma)
    return mean_over_classes(losses, pixels, class_weights)


@keras.saving.register_keras_serializable(package="segtf")
class FocalTversky(SegmentationLoss):
    """`focal_tversky` of logits as a Keras loss."""

    def __init__(
        self,
        alpha=0.3,
        beta=0.7,
        gamma=4 / 3,
        class_weights=None,
        multi_label=False,
        ignore_class=255,
        name="focal_tversky",
    ):
        super().__init__(
            focal_tversky,
            name,
            alpha=alpha,
            beta=beta,
            gamma=gamma,
            class_weights=class_weights,
            multi_label=multi_label,
            ignore_class=ignore_class,
        )


def generalized_dice(y_true, logits, sample_weight=None, multi_label=False, ignore_class=255):
    """One minus a Dice coefficient over all classes together, rare classes weighing more.

    ```
    loss = 1 - 2 * sum_k(w_k * sum(p_k * y_k)) / sum_k(w_k * (sum(p_k) + sum(y_k)))
    w_k = 1 / sum(y_k) ** 2
    ```

    A binary task has two classes here, background and foreground. Arguments, result and the
    treatment of absent classes, whose weight is zero, are those of `soft_dice`.

    Paper: Sudre et al., "Generalised Dice overlap as a deep learning loss function for highly
    unbalanced segmentations", 2017 (https://arxiv.org/abs/1707.03237).

    Example:

    >>> import numpy as np
    >>> loss = generalized_dice(np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]]))
    >>> round(float(loss), 4)
    0.3333
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    probabilities, targets = pixels.probabilities(), pixels.targets
    if pixels.num_channels == 1:
        probabilities = ops.concatenate([1.0 - probabilities, probabilities], axis=-1)
        targets = ops.concatenate([1.0 - targets, targets], axis=-1)
    hit = _sum_over_pixels(pixels.weights * probabilities * targets)
    predicted = _sum_over_pixels(pixels.weights * probabilities)
    true = _sum_over_pixels(pixels.weights * targets)
    weights = ops.divide_no_nan(1.0, true**2)
    whole = ops.sum(weights * (predicted + true))
    return ops.divide_no_nan(whole - 2.0 * ops.sum(weights * hit), whole)


@keras.saving.register_keras_serializable(package="segtf")
class GeneralizedDice(SegmentationLoss):
    """`generalized_dice` of logits as a Keras loss."""

    def __init__(self, multi_label=False, ignore_class=255, name="generalized_dice"):
        super().__init__(generalized_dice, name, multi_label=multi_label, ignore_class=ignore_class)


def _sum_over_pixels(values):
    return ops.sum(values, axis=tuple(range(len(values.shape) - 1)))


def _tversky_index(pixels, alpha, beta):
    """Tversky index of each class, `(K,)`."""
    check_range("alpha", alpha, 0.0)
    check_range("beta", beta, 0.0)
    probabilities = pixels.probabilities()
    hit = _sum_over_pixels(pixels.weights * probabilities * pixels.targets)
    false = _sum_over_pixels(pixels.weights * probabilities * (1.0 - pixels.targets))
    missed = _sum_over_pixels(pixels.weights * (1.0 - probabilities) * pixels.targets)
    return ops.divide_no_nan(hit, hit + alpha * false + beta * missed)


def mean_over_classes(losses, pixels, class_weights=None):
    """Average losses over the classes that have true pixels; zero if there are none.

    Args:
        losses: float32 `(K,)`, one loss per class.
        pixels: the `Pixels` they were computed from.
        class_weights: `K` weights, or `None`.
    """
    # Written so that a NaN counts as present.
    absent = _sum_over_pixels(pixels.weights * pixels.targets) == 0.0
    weights = 1.0 - ops.cast(absent, "float32")
    if class_weights is not None:
        weights = weights * check_class_weights(class_weights, pixels.num_channels)
    return ops.divide_no_nan(ops.sum(losses * weights), ops.sum(weights))
