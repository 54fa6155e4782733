"""Class ids as losses and metrics are given them: which pixels count, and what is no class."""

from typing import NamedTuple

from keras import ops

_SMALL_INTEGERS = ("int8", "uint8", "int16", "uint16", "int32")
_LARGE_INTEGERS = ("int64", "uint32", "uint64")
_ROUNDING = 1e-3


class ClassIds(NamedTuple):
    """What a mask says of each pixel, all of one shape.

    Args:
        ids: int32 class ids; 0 where a pixel counts nowhere, or its value is no class.
        valid: whether a pixel counts.
        unknown: whether a pixel counts and its value is no class: beyond the classes, a
            fraction, or no number. Masks come to fractions by interpolation or JPEG.
    """

    ids: object
    valid: object
    unknown: object


def read_class_ids(values, num_classes, ignore_class=255):
    """Read a mask of any dtype.

    Nothing here has a size or an error that depends on the values, so that it can be compiled by
    XLA; what becomes of unknown values is the caller's to say.

    Args:
        values: tensor or array of any shape and any boolean, integer or floating dtype.
        num_classes: number of classes.
        ignore_class: value of pixels that count nowhere, or `None`.

    Returns:
        `ClassIds`.

    Example:

    >>> ids, valid, unknown = read_class_ids([0.0, 1.0, 0.5, 255.0, 7.0], num_classes=2)
    >>> ids.numpy().tolist(), unknown.numpy().tolist()
    ([0, 1, 0, 0, 0], [False, False, True, False, True])
    """
    values = exact(values)
    known = ops.logical_and(values >= 0, values < num_classes)
    if "float" in values.dtype.name:
        known = ops.logical_and(known, values == ops.floor(values))
    valid = ops.ones_like(known) if ignore_class is None else values != ignore_class
    counted = ops.logical_and(valid, known)
    ids = ops.cast(ops.where(counted, values, ops.zeros_like(values)), "int32")
    return ClassIds(ids, valid, ops.logical_and(valid, ops.logical_not(known)))


def exact(values):
    """Return values in a dtype that compares with any class id without a change of value."""
    values = ops.convert_to_tensor(values)
    name = values.dtype.name
    if name in _SMALL_INTEGERS or name == "bool":
        return ops.cast(values, "int32")
    if name in _LARGE_INTEGERS:
        return ops.cast(values, "int64")
    return values if name == "float64" else ops.cast(values, "float32")


def read_one_hot(values, ignore_class=255):
    """Read one-hot vectors, soft ones too.

    Args:
        values: tensor or array `(..., K)` of any boolean, integer or floating dtype.
        ignore_class: what all channels of a pixel that counts nowhere hold, or the class whose
            pixels count nowhere, or `None`. A vector of zeros counts nowhere either.

    Returns:
        `ClassIds` of shape `(..., 1)`: the ids are those of the largest share; unknown is a vector
        with a share beyond 0..1, such as one that is stored as 0 and 255.
    """
    values = exact(values)
    ids = ops.expand_dims(ops.cast(ops.argmax(values, axis=-1), "int32"), -1)
    valid = ops.any(values != 0, axis=-1, keepdims=True)
    if ignore_class is not None:
        valid = ops.logical_and(valid, ops.any(values != ignore_class, axis=-1, keepdims=True))
        valid = ops.logical_and(valid, ids != ignore_class)
    shares = ops.cast(values, "float32")
    shares = ops.logical_and(shares >= -_ROUNDING, shares <= 1.0 + _ROUNDING)
    known = ops.all(shares, axis=-1, keepdims=True)
    return ClassIds(ops.where(valid, ids, 0), valid, ops.logical_and(valid, ops.logical_not(known)))


def same_sizes(values, pixels):
    """Return whether two tensors agree in all axes but the last, as a boolean tensor.

    Sizes that are known beforehand are the caller's to compare; of those that are not, TensorFlow
    would spread an axis of one over the other's.

    Args:
        values: tensor `(..., A)`.
        pixels: tensor `(..., B)` of as many axes.
    """
    sizes = zip(ops.shape(values)[:-1], ops.shape(pixels)[:-1], strict=True)
    same = ops.convert_to_tensor(True)
    for one, other in sizes:
        if not (isinstance(one, int) and isinstance(other, int)):
            same = ops.logical_and(same, ops.equal(one, other))
    return same


def with_channels(y_true, logits, num_channels):
    """Give class ids a channel axis, and check the shapes as far as they are known.

    Args:
        y_true: class ids `(...)` or `(..., 1)`, or `(..., num_channels)`.
        logits: `(..., K)`.
        num_channels: channels of one-hot targets.

    Raises:
        ValueError: if the shapes do not belong together.
    """
    rank = len(logits.shape)
    if len(y_true.shape) == rank - 1:
        y_true = ops.expand_dims(y_true, -1)
    fits = len(y_true.shape) == rank and all(
        a is None or b is None or a == b
        for a, b in zip(y_true.shape[:-1], logits.shape[:-1], strict=True)
    )
    if not fits or y_true.shape[-1] not in (1, num_channels):
        raise ValueError(
            "Expected logits (..., K) and y_true of shape (...), (..., 1) or (..., K). "
            f"Received: logits {tuple(logits.shape)}, y_true {tuple(y_true.shape)}"
        )
    return y_true
