"""Resize rules and their inverses: the one place that knows about sizes.

A rule says which part of an image is used and where it lands on the model's canvas:

- ``stretch``: all of the image fills all of the canvas; proportions change.
- ``letterbox``: all of the image, in its proportions, in the middle of the canvas; the rest
  is black, and counts nowhere.
- ``crop``: the largest middle part with the canvas's proportions fills the canvas; what lies
  outside is not seen by the model.

Images are resampled with a triangle filter that is widened when shrinking (bilinear with
antialiasing, half-pixel centres, rounded to whole numbers), which is Pillow's
``Resampling.BILINEAR`` to within one grey level. Masks take the nearest pixel.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

_PIXELS_AT_ONCE = 2**22


class Box(NamedTuple):
    """A rectangle of pixels."""

    top: int
    left: int
    height: int
    width: int


class Placement(NamedTuple):
    """The part of an image that is used, and where it lands on the canvas."""

    source: Box
    target: Box


def place(rule, image_size, canvas_size):
    """Return where `rule` puts an image on a canvas.

    Args:
        rule: one of `segtf.spec.RESIZE_RULES`.
        image_size: height and width of the image: whole numbers, or integer tensors in a graph.
        canvas_size: height and width of the canvas: whole numbers, or integer tensors.

    Returns:
        A `Placement` of whole numbers or of tensors, as the sizes were given.

    Example:

    >>> place("letterbox", (300, 400), (256, 256)).target
    Box(top=32, left=0, height=192, width=256)
    """
    height, width = image_size
    canvas_height, canvas_width = canvas_size
    whole_image = Box(0, 0, height, width)
    whole_canvas = Box(0, 0, canvas_height, canvas_width)
    if rule == "stretch":
        return Placement(whole_image, whole_canvas)
    if rule == "letterbox":
        return Placement(whole_image, _largest_inside(canvas_size, image_size))
    if rule == "crop":
        return Placement(_largest_inside(image_size, canvas_size), whole_canvas)
    raise ValueError(f"Expected a resize rule (stretch, letterbox, crop). Received: {rule!r}")


def resize_image(image, rule, size):
    """Bring an image to `size`.

    Args:
        image: uint8 tensor `(H, W, C)`; any height and width.
        rule: one of `segtf.spec.RESIZE_RULES`.
        size: height and width of the result, whole numbers.

    Returns:
        uint8 tensor `(*size, C)`.
    """
    placement = place(rule, _size_of(image), size)
    part = _resampled(_cut(image, placement.source), placement.target[2:])
    part = tf.cast(tf.clip_by_value(tf.round(part), 0.0, 255.0), tf.uint8)
    return _put(part, placement.target, size, fill=0)


def resize_mask(mask, rule, size, fill):
    """Bring a mask to `size` by nearest neighbour, so that class ids never mix.

    Args:
        mask: uint8 tensor `(H, W)`.
        rule: one of `segtf.spec.RESIZE_RULES`.
        size: height and width of the result, whole numbers.
        fill: class id of the canvas that the image does not cover.

    Returns:
        uint8 tensor `size`.
    """
    placement = place(rule, _size_of(mask), size)
    part = _cut(mask[..., tf.newaxis], placement.source)
    part = tf.image.resize(part, placement.target[2:], method="nearest")
    return _put(part, placement.target, size, fill)[..., 0]


def restore(values, rule, image_size):
    """Bring a model's output for a canvas back to the image it came from.

    Args:
        values: float32 tensor `(H, W, K)`, such as logits on the canvas.
        rule: the rule by which the image was brought to the canvas.
        image_size: height and width of the image.

    Returns:
        float32 tensor `(h, w, K)` for the part of the image that the model saw, by bilinear
        interpolation, and the `Box` of that part within the image.
    """
    source, target = place(rule, image_size, _size_of(values))
    part = tf.image.resize(_cut(values, target), source[2:], antialias=True)
    return part, source


def restore_rows(values, rule, image_size, first, count):
    """Bring some rows of a model's output back: what `restore` gives, in strips.

    Args:
        values: float tensor `(H, W, K)` on the canvas.
        rule: one of `segtf.spec.RESIZE_RULES`.
        image_size: height and width of the image.
        first: which row comes first, of the part of the image that the model saw.
        count: how many rows.

    Returns:
        float32 tensor `(count, w, K)`.
    """
    source, target = place(rule, image_size, _size_of(values))
    part = _cut(values, target)
    # What `tf.image.resize` does, but that it always begins at the first row.
    scale = tf.cast(source[2:], tf.float32) / tf.cast(tf.shape(part)[:2], tf.float32)
    rows = tf.raw_ops.ScaleAndTranslate(
        images=part[tf.newaxis],
        size=tf.stack([count, source.width]),
        scale=scale,
        translation=tf.stack([-tf.cast(first, tf.float32), 0.0]),
        kernel_type="triangle",
        antialias=True,
    )
    return rows[0]


def _resampled(pixels, size):
    """`tf.image.resize`; a large array in strips: a tensor of it takes three times its memory.

    TensorFlow resamples rows first, then columns: strips of columns give the same numbers.
    """
    if not isinstance(pixels, np.ndarray) or pixels.shape[0] * pixels.shape[1] <= _PIXELS_AT_ONCE:
        return tf.image.resize(pixels, size, antialias=True)
    width = max(1, _PIXELS_AT_ONCE // pixels.shape[0])
    strips = [pixels[:, left : left + width] for left in range(0, pixels.shape[1], width)]
    rows = [tf.image.resize(one, (size[0], one.shape[1]), antialias=True) for one in strips]
    return tf.image.resize(tf.concat(rows, axis=1), size, antialias=True)


def _largest_inside(outer, proportions):
    """The largest box of the given proportions in the middle of `outer`."""
    outer_height, outer_width = outer
    height, width = proportions
    fitted_height = _clip((2 * height * outer_width + width) // (2 * width), outer_height)
    fitted_width = _clip((2 * width * outer_height + height) // (2 * height), outer_width)
    top = (outer_height - fitted_height) // 2
    left = (outer_width - fitted_width) // 2
    return Box(top, left, fitted_height, fitted_width)


def _clip(value, upper):
    """Bring a length into 1..upper."""
    if tf.is_tensor(value) or tf.is_tensor(upper):
        return tf.clip_by_value(value, 1, upper)
    return min(max(value, 1), upper)


def _size_of(pixels):
    """Static height and width where known, tensors where not."""
    known = tuple(pixels.shape[:2])
    if None not in known:  # of an array, `tf.shape` would copy all pixels first
        return known
    dynamic = tf.shape(pixels)
    return tuple(side if side is not None else dynamic[axis] for axis, side in enumerate(known))


def _cut(pixels, box):
    if _is_known(box) and box == (0, 0, *pixels.shape[:2]):
        return pixels
    return pixels[box.top : box.top + box.height, box.left : box.left + box.width]


def _is_known(box):
    """Whether the box is of numbers; tensors of a graph cannot be compared yet."""
    return all(isinstance(side, int) for side in box)


def _put(part, box, size, fill):
    """Lay `part` on a canvas of `fill`."""
    if _is_known(box) and box == (0, 0, *size):
        return tf.ensure_shape(part, (*size, part.shape[-1]))
    below = size[0] - box.top - box.height
    right = size[1] - box.left - box.width
    padding = [[box.top, below], [box.left, right], [0, 0]]
    canvas = tf.pad(part, padding, constant_values=tf.cast(fill, part.dtype))
    return tf.ensure_shape(canvas, (*size, part.shape[-1]))
