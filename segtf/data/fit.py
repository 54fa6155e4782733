"""Arrays to the model's size: `segtf.geometry` without a graph, several times faster."""

import numpy as np
from PIL import Image

from segtf.geometry import place


def fit_image(image, rule, size):
    """Bring an image to `size` as `segtf.geometry.resize_image` does, within one grey level.

    Args:
        image: uint8 array `(H, W, C)`.
        rule: one of `segtf.spec.RESIZE_RULES`.
        size: height and width of the result.

    Returns:
        uint8 array `(*size, C)`.

    Example:

    >>> fit_image(np.full((4, 4, 1), 7, np.uint8), "letterbox", (2, 4))[..., 0]
    array([[0, 7, 7, 0],
           [0, 7, 7, 0]], dtype=uint8)
    """
    source, target = place(rule, image.shape[:2], size)
    image = _cut(image, source)
    canvas = np.zeros((*size, image.shape[-1]), np.uint8)
    part = _cut(canvas, target)
    groups = [slice(0, 3)] if image.shape[-1] == 3 else range(image.shape[-1])
    for channels in groups:
        picture = Image.fromarray(np.ascontiguousarray(image[..., channels]))
        picture = picture.resize((target.width, target.height), Image.Resampling.BILINEAR)
        part[..., channels] = np.asarray(picture)
    return canvas


def fit_mask(mask, rule, size, fill, to_class_ids=np.asarray):
    """Bring a mask to `size` by nearest neighbour, as `segtf.geometry.resize_mask` does.

    Args:
        mask: integer array `(H, W)` or `(H, W, K)`.
        rule: one of `segtf.spec.RESIZE_RULES`.
        size: height and width of the result.
        fill: value of the canvas that the image does not cover.
        to_class_ids: function of an array of the mask's values, if they are no class ids yet;
            called with those alone that the result holds, which are far fewer.

    Returns:
        Array `size` or `(*size, K)`, of the dtype that the mask has or `to_class_ids` returns.
    """
    source, target = place(rule, mask.shape[:2], size)
    rows = _nearest(source.height, target.height)
    columns = _nearest(source.width, target.width)
    nearest = to_class_ids(_cut(mask, source)[rows[:, np.newaxis], columns])
    canvas = np.full((*size, *mask.shape[2:]), fill, nearest.dtype)
    _cut(canvas, target)[...] = nearest
    return canvas


def fit_points(points, rule, image_size, size):
    """Move points with the image that is brought to `size`.

    Args:
        points: float32 array `(N, K, 3)`; see `segtf.data.annotations.Annotation`.
        rule: one of `segtf.spec.RESIZE_RULES`.
        image_size: height and width of the image.
        size: height and width that it is brought to.

    Returns:
        float32 array `(N, K, 3)`. Points outside of the part of the image that is used have
        visibility 0.

    Example:

    >>> fit_points(np.array([[[3.5, 1.5, 2]]]), "stretch", (4, 8), (8, 8))
    array([[[3.5, 3.5, 2. ]]], dtype=float32)
    """
    source, target = place(rule, image_size, size)
    corner = np.array([source.left, source.top])
    extent = np.array([source.width, source.height])
    # Pixel 0 reaches from -0.5 to 0.5.
    share = (points[..., :2] + 0.5 - corner) / extent
    moved = share * [target.width, target.height] + [target.left, target.top] - 0.5
    is_inside = ((share >= 0.0) & (share < 1.0)).all(-1, keepdims=True)
    return np.concatenate([moved, points[..., 2:] * is_inside], axis=-1).astype(np.float32)


def _nearest(length, new_length):
    """The pixel that holds the middle of each new pixel."""
    return (2 * np.arange(new_length) + 1) * length // (2 * new_length)


def _cut(pixels, box):
    return pixels[box.top : box.top + box.height, box.left : box.left + box.width]
