"""Losses of the overlap of predicted and true regions: Dice, Jaccard, Tversky and their kin."""

from keras import ops

from segtf.losses.base import checked, keras_loss
from segtf.losses.pixels import check_class_weights, prepare

_NOT_NEGATIVE = {"low": 0, "high": float("inf")}
_FROM_A_TENTH = {"low": 0.1, "high": float("inf")}


@checked()
def soft_dice(
    y_true,
    logits,
    sample_weight=None,
    *,
    class_weights=None,
    multi_label=False,
    ignore_class=255,
):
    """One minus the Dice coefficient of probabilities and truth, averaged over classes.

    ```
    loss = 1 - 2 * sum(p * y) / (sum(p) + sum(y))
    ```

    The sums run over all valid pixels of the batch (under a distribution strategy: of the
    replica's part of it), not image by image: a small object then weighs little, and an image
    without one does no harm. Classes without a true pixel in the batch are left out of the
    mean; if there is none, the loss is zero. `keras.losses.Dice` takes probabilities; this takes
    logits.

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
        Milletari et al., "V-Net", 2016 (https://arxiv.org/abs/1606.04797), without squares in the
        denominator.

    Example:

    >>> import numpy as np
    >>> y_true, logits = np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]])
    >>> round(float(soft_dice(y_true, logits)), 4)
    0.3333
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    return mean_over_classes(1.0 - _tversky_index(pixels, 0.5, 0.5), pixels, class_weights)


SoftDice = keras_loss("SoftDice", soft_dice)


@checked()
def soft_jaccard(
    y_true,
    logits,
    sample_weight=None,
    *,
    class_weights=None,
    multi_label=False,
    ignore_class=255,
):
    """One minus the Jaccard index (IoU) of probabilities and truth, averaged over classes.

    ```
    loss = 1 - sum(p * y) / (sum(p) + sum(y) - sum(p * y))
    ```

    Classes without a true pixel in the batch are left out of the mean; if there is none, the loss
    is zero. The sums run over all valid pixels of the batch (under a distribution strategy: of
    the replica's part of it), not image by image.

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
        Rahman and Wang, "Optimizing intersection-over-union in deep neural networks for image
        segmentation", 2016 (https://doi.org/10.1007/978-3-319-50835-1_22).

    Example:

    >>> import numpy as np
    >>> y_true, logits = np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]])
    >>> round(float(soft_jaccard(y_true, logits)), 4)
    0.5
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    return mean_over_classes(1.0 - _tversky_index(pixels, 1.0, 1.0), pixels, class_weights)


SoftJaccard = keras_loss("SoftJaccard", soft_jaccard)


@checked(alpha=_NOT_NEGATIVE, beta=_NOT_NEGATIVE)
def soft_tversky(
    y_true,
    logits,
    sample_weight=None,
    *,
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
    `keras.losses.Tversky` takes probabilities; this takes logits.

    Classes without a true pixel in the batch are left out of the mean; if there is none, the loss
    is zero. The sums run over all valid pixels of the batch (under a distribution strategy: of
    the replica's part of it), not image by image.

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
        alpha: cost of pixels that are falsely taken for the class, 0 or more.
        beta: cost of pixels of the class that are missed, 0 or more.
        class_weights: `K` numbers, the weights of the classes in the mean, such as `(0, 1, 1)`
            to leave out the background; `None` for the same weight of each.
        multi_label: whether the channels do not exclude one another: a pixel may be of several
            labels, or of none.
        ignore_class: value in `y_true` of pixels that count nowhere; `None` if all count.

    Returns:
        float32 scalar, 0 to 1; zero where nothing counts, and NaN if `y_true` holds a value that
        is neither a class nor `ignore_class`.

    Raises:
        ValueError: for shapes that do not belong together, not `K` class weights, or a setting
            out of its range.

    Reference:
        Salehi et al., "Tversky loss function for image segmentation using 3D fully convolutional
        deep networks", 2017 (https://arxiv.org/abs/1706.05721).

    Example:

    >>> import numpy as np
    >>> y_true, logits = np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]])
    >>> round(float(soft_tversky(y_true, logits)), 4)
    0.4118
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    return mean_over_classes(1.0 - _tversky_index(pixels, alpha, beta), pixels, class_weights)


SoftTversky = keras_loss("SoftTversky", soft_tversky)


@checked(alpha=_NOT_NEGATIVE, beta=_NOT_NEGATIVE, gamma=_FROM_A_TENTH)
def focal_tversky(
    y_true,
    logits,
    sample_weight=None,
    *,
    alpha=0.3,
    beta=0.7,
    gamma=4 / 3,
    class_weights=None,
    multi_label=False,
    ignore_class=255,
):
    """Tversky loss of each class to the power `1 / gamma`, averaged over classes.

    ```
    loss = (1 - hit / (hit + alpha * sum(p * (1 - y)) + beta * sum((1 - p) * y))) ** (1 / gamma)
    ```
    where `hit = sum(p * y)`.

    Classes without a true pixel in the batch are left out of the mean; if there is none, the loss
    is zero. The sums run over all valid pixels of the batch (under a distribution strategy: of
    the replica's part of it), not image by image.

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
        alpha: cost of pixels that are falsely taken for the class, 0 or more.
        beta: cost of pixels of the class that are missed, 0 or more.
        gamma: 0.1 or more; above 1, classes that overlap well already keep more of the gradient.
        class_weights: `K` numbers, the weights of the classes in the mean, such as `(0, 1, 1)`
            to leave out the background; `None` for the same weight of each.
        multi_label: whether the channels do not exclude one another: a pixel may be of several
            labels, or of none.
        ignore_class: value in `y_true` of pixels that count nowhere; `None` if all count.

    Returns:
        float32 scalar, 0 to 1; zero where nothing counts, and NaN if `y_true` holds a value that
        is neither a class nor `ignore_class`.

    Raises:
        ValueError: for shapes that do not belong together, not `K` class weights, or a setting
            out of its range.

    Reference:
        Abraham and Khan, "A novel focal Tversky loss function with improved attention U-Net for
        lesion segmentation", 2018 (https://arxiv.org/abs/1810.07842).

    Example:

    >>> import numpy as np
    >>> y_true, logits = np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]])
    >>> round(float(focal_tversky(y_true, logits)), 4)
    0.514
    """
    pixels = prepare(y_true, logits, sample_weight, multi_label, ignore_class)
    # A power below one has no finite slope at zero.
    losses = ops.maximum(1.0 - _tversky_index(pixels, alpha, beta), 1e-7) ** (1.0 / gamma)
    return mean_over_classes(losses, pixels, class_weights)


FocalTversky = keras_loss("FocalTversky", focal_tversky)


@checked()
def generalized_dice(y_true, logits, sample_weight=None, *, multi_label=False, ignore_class=255):
    """One minus a Dice coefficient over all classes together, rare classes weighing more.

    ```
    loss = 1 - 2 * sum_k(w_k * sum(p_k * y_k)) / sum_k(w_k * (sum(p_k) + sum(y_k)))
    w_k = 1 / sum(y_k) ** 2
    ```

    A binary task has two classes here, background and foreground. Classes without a true pixel in
    the batch have weight zero. The sums run over all valid pixels of the batch (under a
    distribution strategy: of the replica's part of it), not image by image.

    Args:
        y_true: class ids `(B, H, W)` or `(B, H, W, 1)`, whole numbers of any dtype; or one-hot
            `(B, H, W, K)`; or targets 0..1 of each label `(B, H, W, K)`, if `multi_label`.
        logits: `(B, H, W, K)`, any floating dtype. For `K == 1`, their sigmoid is the probability
            of the foreground; else their softmax gives the probabilities of the classes, or a
            sigmoid each those of the labels, if `multi_label`.
        sample_weight: how much a pixel counts in the sums: numbers `(B,)`, one per image, or
            `(B, H, W)`, one per pixel, or `(B, H, W, K)`, one per label, if `multi_label`;
            `None` for the same everywhere. Only their proportions matter.
        multi_label: whether the channels do not exclude one another: a pixel may be of several
            labels, or of none.
        ignore_class: value in `y_true` of pixels that count nowhere; `None` if all count.

    Returns:
        float32 scalar, 0 to 1; zero where nothing counts, and NaN if `y_true` holds a value that
        is neither a class nor `ignore_class`.

    Raises:
        ValueError: for shapes that do not belong together.

    Reference:
        Sudre et al., "Generalised Dice overlap as a deep learning loss function for highly
        unbalanced segmentations", 2017 (https://arxiv.org/abs/1707.03237).

    Example:

    >>> import numpy as np
    >>> y_true, logits = np.array([[1, 1, 0]]), np.array([[[20.0], [-20.0], [-20.0]]])
    >>> round(float(generalized_dice(y_true, logits)), 4)
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


GeneralizedDice = keras_loss("GeneralizedDice", generalized_dice)


def _sum_over_pixels(values):
    return ops.sum(values, axis=tuple(range(len(values.shape) - 1)))


def _tversky_index(pixels, alpha, beta):
    """Tversky index of each class, `(K,)`."""
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
