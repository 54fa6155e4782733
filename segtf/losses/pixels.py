"""The step that all losses share: targets, logits and weights in one form, ignored pixels out."""

from typing import NamedTuple

from keras import ops

from segtf.class_ids import read_class_ids, read_one_hot, same_sizes, with_channels

# Differences and sums of logits beyond this overflow float32; bfloat16 reaches 3e38.
_LARGEST_LOGIT = 1e20


class Pixels(NamedTuple):
    """Labelled pixels, in float32.

    Args:
        targets: `(..., K)`: one-hot, multi-label, or one channel of a binary task; zero where
            ignored.
        logits: `(..., K)`; zero where ignored, so that nothing flows back from there.
        valid: `(..., 1)`, or `(..., K)` where each label has its own: one, or zero where ignored.
        weights: like `valid`: sample weights; zero where ignored.
        exclusive: whether a pixel is of one class only (softmax) or each channel stands for
            itself (sigmoid).
    """

    targets: object
    logits: object
    valid: object
    weights: object
    exclusive: bool

    @property
    def num_channels(self):
        """Channels of the logits."""
        return self.logits.shape[-1]

    def probabilities(self):
        """Softmax or sigmoid of the logits, `(..., K)`."""
        return ops.softmax(self.logits) if self.exclusive else ops.sigmoid(self.logits)


def prepare(y_true, logits, sample_weight=None, multi_label=False, ignore_class=255):
    """Bring a loss's arguments to one form.

    Args:
        y_true: class ids `(...)` or `(..., 1)` of any dtype, or one-hot or multi-label targets
            `(..., K)`.
        logits: `(..., K)`, any floating dtype; one channel for a binary task.
        sample_weight: `None`, or weights whose shape starts like that of the logits: one per
            image `(B,)`, per pixel `(B, H, W)`, or per label `(B, H, W, K)` if `multi_label`.
        multi_label: whether the channels of the targets do not exclude one another.
        ignore_class: value in `y_true` of what counts nowhere, or `None`. A pixel whose one-hot
            vector is all zero (as `one_hot` makes of an ignored id) is ignored too.

    Returns:
        `Pixels`. A value that is neither a class nor `ignore_class`, such as a fraction where there
        are several classes, makes its targets NaN; so do sizes that are known only when the batch
        arrives and do not belong together.

    Raises:
        ValueError: if the shapes do not belong together.
    """
    y_true = ops.convert_to_tensor(y_true)
    logits = ops.cast(ops.convert_to_tensor(logits), "float32")
    num_channels = logits.shape[-1]
    y_true = with_channels(y_true, logits, num_channels)
    exclusive = num_channels > 1 and not multi_label

    if num_channels == 1 or multi_label:
        targets, valid = _independent_targets(y_true, num_channels, ignore_class)
    elif y_true.shape[-1] == 1:
        targets, valid = _targets_of_ids(y_true, num_channels, ignore_class)
    else:
        targets, valid = _one_hot_targets(y_true, ignore_class)
    targets = ops.where(same_sizes(y_true, logits), targets, float("nan"))

    logits = ops.where(valid, ops.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT), 0.0)
    valid = ops.cast(valid, "float32")
    weights = valid if sample_weight is None else valid * _weights(sample_weight, valid)
    return Pixels(targets, logits, valid, weights, exclusive)


def check_class_weights(class_weights, expected):
    """Return class weights as a float32 tensor.

    Raises:
        ValueError: if there is not one for each of the `expected` classes.
    """
    if len(class_weights) != expected:
        raise ValueError(f"Expected {expected} class_weights. Received: {tuple(class_weights)}")
    return ops.convert_to_tensor(class_weights, dtype="float32")


def _independent_targets(y_true, num_channels, ignore_class):
    if y_true.shape[-1] != num_channels:
        raise ValueError(
            f"Expected multi-label targets of {num_channels} channels. "
            f"Received: y_true {tuple(y_true.shape)}"
        )
    targets = ops.cast(y_true, "float32")
    valid = _is_valid(targets, ignore_class)
    known = ops.logical_and(targets >= 0.0, targets <= 1.0)
    return ops.where(valid, ops.where(known, targets, float("nan")), 0.0), valid


def _targets_of_ids(y_true, num_classes, ignore_class):
    ids, valid, unknown = read_class_ids(y_true, num_classes, ignore_class)
    targets = ops.one_hot(ops.squeeze(ops.where(valid, ids, -1), -1), num_classes, dtype="float32")
    return ops.where(unknown, float("nan"), targets), valid


def _one_hot_targets(y_true, ignore_class):
    _, valid, unknown = read_one_hot(y_true, ignore_class)
    targets = ops.where(valid, ops.cast(y_true, "float32"), 0.0)
    return ops.where(unknown, float("nan"), targets), valid


def _is_valid(values, ignore_class):
    if ignore_class is None:
        return ops.ones_like(values, dtype="bool")
    return values != ignore_class


def _weights(sample_weight, valid):
    """Give weights, whose shape starts like that of `valid`, the axes they lack."""
    weights = ops.cast(ops.convert_to_tensor(sample_weight), "float32")
    rank = len(valid.shape)
    if len(weights.shape) > rank or weights.shape[rank - 1 :] not in ((), (1,), valid.shape[-1:]):
        raise ValueError(
            "Expected sample_weight per image (B,) or per pixel (B, H, W), or per label "
            f"(B, H, W, K) of multi-label targets. Received: shape {tuple(weights.shape)}"
        )
    return ops.reshape(weights, (*ops.shape(weights), *[1] * (rank - len(weights.shape))))
