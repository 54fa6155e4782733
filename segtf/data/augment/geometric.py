"""Flips, turns, one affine and an elastic field, composed into a single resampling."""

import functools
import math

import numpy as np
import tensorflow as tf
from scipy.interpolate import make_interp_spline

from segtf.data.augment.draws import draw_normal, share

GRID = 4


def orientation(numbers, settings, square):
    """Draw flips and quarter turns.

    Returns:
        Whether rows and columns swap, and the signs of x and y after that: float32 `(B,)` of
        0 or 1, and of -1 or 1. A quarter turn swaps and mirrors one axis; which one tells left
        from right.
    """
    sign_x = _sign(numbers["flip_x"], settings.flip_horizontal)
    sign_y = _sign(numbers["flip_y"], settings.flip_vertical)
    swap = tf.zeros_like(sign_x)
    if settings.quarter_turns:
        quarters = tf.floor(share(numbers["turn"]) * 4.0)
        if not square:
            quarters = 2.0 * tf.floor(quarters / 2.0)
        swap = tf.math.floormod(quarters, 2.0)
        sign_x *= tf.where((quarters == 1.0) | (quarters == 2.0), -1.0, 1.0)
        sign_y *= tf.where((quarters == 2.0) | (quarters == 3.0), -1.0, 1.0)
    return swap, sign_x, sign_y


def reorient(pixels, swap, sign_x, sign_y):
    """Move pixels `(B, H, W)` or `(B, H, W, C)` onto pixels as `orientation` has drawn."""
    if len(pixels.shape) == 3:
        return reorient(pixels[..., tf.newaxis], swap, sign_x, sign_y)[..., 0]
    if pixels.shape[1] == pixels.shape[2]:
        pixels = tf.where(_per_pixel(swap) == 1.0, tf.transpose(pixels, (0, 2, 1, 3)), pixels)
    pixels = tf.where(_per_pixel(sign_x) < 0.0, pixels[:, :, ::-1], pixels)
    return tf.where(_per_pixel(sign_y) < 0.0, pixels[:, ::-1], pixels)


def affine(numbers, settings, oriented):
    """Draw the matrices `(B, 2, 2)` that map steps in the output to steps in the input, as x, y.

    Args:
        numbers: of `draw_numbers`.
        settings: an `Augmentation`.
        oriented: the result of `orientation`.
    """
    swap, sign_x, sign_y = oriented
    stays = 1.0 - swap
    # Output pixels are mirrored first, then swapped: the inverse of what `reorient` does.
    matrix = _matrices(stays * sign_x, swap * sign_y, swap * sign_x, stays * sign_y)
    angle = numbers["angle"] * math.radians(settings.rotation)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    matrix = matrix @ _matrices(cosine, -sine, sine, cosine)
    tangent = math.tan(math.radians(settings.shear))
    ones = tf.ones_like(angle)
    shear_x, shear_y = numbers["shear_x"] * tangent, numbers["shear_y"] * tangent
    matrix = matrix @ _matrices(ones, shear_x, shear_y, ones)
    size = (1.0 + settings.scale) ** numbers["size"] * crop_share(numbers, settings)
    return matrix * size[:, tf.newaxis, tf.newaxis]


def crop_share(numbers, settings):
    """Draw the shares `(B,)` of height and width that a crop shows; 1 without cropping."""
    smallest = settings.crop or 1.0
    return smallest + (1.0 - smallest) * share(numbers["crop_size"])


def elastic_grid(seeds, numbers, settings, height, width):
    """Draw the shifts in pixels of a coarse grid of points: float32 `(B, 4, 4, 2)`."""
    shifts = draw_normal(seeds, salt=1, shape=(GRID, GRID, 2))
    amount = share(numbers["elastic"]) * settings.elastic * min(height, width)
    return shifts * _per_pixel(amount)


def coordinates(matrix, center, grid, height, width):
    """Return where in the input each output pixel comes from.

    Args:
        matrix: float32 `(B, 2, 2)`, of `affine`.
        center: float32 `(B, 2)`, the x and y in the input that come to lie in the middle.
        grid: float32 `(B, 4, 4, 2)`, of `elastic_grid`, or `None`.
        height: of the images, in pixels.
        width: of the images, in pixels.

    Returns:
        x and y, float32 `(B, H, W)`.
    """
    steps_x = tf.range(width, dtype=tf.float32) - (width - 1) / 2
    steps_y = (tf.range(height, dtype=tf.float32) - (height - 1) / 2)[:, tf.newaxis]
    matrix = matrix[:, :, :, tf.newaxis, tf.newaxis]
    center = center[:, :, tf.newaxis, tf.newaxis]
    x = center[:, 0] + matrix[:, 0, 0] * steps_x + matrix[:, 0, 1] * steps_y
    y = center[:, 1] + matrix[:, 1, 0] * steps_x + matrix[:, 1, 1] * steps_y
    if grid is None:
        return x, y
    shifts = tf.einsum("hi,bijc,wj->bchw", _spline(height), grid, _spline(width))
    return x + shifts[:, 0], y + shifts[:, 1]


def resample_moved(images, maps, matrix, center, grid, fills):
    """Fetch pixels from their `coordinates`.

    Args:
        images: uint8 `(B, H, W, C)`.
        maps: tuple of integers `(B, H, W)` or `(B, H, W, K)`.
        matrix: float32 `(B, 2, 2)`, of `affine`.
        center: float32 `(B, 2)`, the x and y in the input that come to lie in the middle.
        grid: float32 `(B, 4, 4, 2)`, of `elastic_grid`, or `None`.
        fills: the value of each map beyond the border, or `None`.

    Returns:
        Images and a tuple of maps, of the same shapes and dtypes.
    """
    _, height, width, _ = images.shape
    x, y = coordinates(matrix, center, grid, height, width)
    return resample(images, maps, x, y, fills)


def resample(images, maps, x, y, fills):
    """Fetch pixels from anywhere: images bilinearly, maps the nearest.

    Beyond its border an image goes on as its mirror image, and a map as its fill, or as its
    mirror image if that is `None`.

    Args:
        images: uint8 `(B, H, W, C)`.
        maps: tuple of integers `(B, H, W)` or `(B, H, W, K)`.
        x: columns in the input, float32 `(B, H, W)`.
        y: rows in the input, float32 `(B, H, W)`.
        fills: the value of each map beyond the border, or `None`.

    Returns:
        Images and a tuple of maps, of the same shapes and dtypes.
    """
    batch, height, width, channels = images.shape
    left, top = tf.floor(x), tf.floor(y)
    right_share, bottom_share = (x - left)[..., tf.newaxis], (y - top)[..., tf.newaxis]
    first = (tf.range(batch) * height * width)[:, tf.newaxis, tf.newaxis]
    columns = [_mirror(left, width), _mirror(left + 1.0, width)]
    rows = [_mirror(line, height) * width + first for line in (top, top + 1.0)]
    pixels = tf.reshape(images, (-1, channels))

    def blend(row):
        near, far = (tf.cast(tf.gather(pixels, row + column), tf.float32) for column in columns)
        return near * (1.0 - right_share) + far * right_share

    blended = blend(rows[0]) * (1.0 - bottom_share) + blend(rows[1]) * bottom_share
    images = tf.cast(blended + 0.5, tf.uint8)

    column, row = tf.floor(x + 0.5), tf.floor(y + 0.5)
    places = first + _mirror(row, height) * width + _mirror(column, width)
    inside = (column >= 0.0) & (column < width) & (row >= 0.0) & (row < height)

    def fetch(values, fill):
        channels = [values.shape[3]] if len(values.shape) == 4 else []
        fetched = tf.gather(tf.reshape(values, [-1, *channels]), places)
        if fill is None:
            return fetched
        covered = inside[..., tf.newaxis] if channels else inside
        return tf.where(covered, fetched, tf.constant(fill, values.dtype))

    return images, tuple(fetch(*one) for one in zip(maps, fills, strict=True))


def _mirror(place, length):
    """Fold one length beyond either end back inside; what is further away clings to the end."""
    place = tf.maximum(place, -1.0 - place)
    place = tf.minimum(place, 2.0 * length - 1.0 - place)
    return tf.cast(tf.clip_by_value(place, 0.0, length - 1.0), tf.int32)


@functools.cache
def _spline(length):
    """Weights `(length, 4)` of the grid's points along one side: a cubic through them."""
    knots = np.linspace(0, max(length - 1, 1), GRID)
    spline = make_interp_spline(knots, np.eye(GRID), k=3)
    return spline(np.arange(length)).astype(np.float32)


def _sign(number, is_on):
    ones = tf.ones_like(number)
    return tf.where(number < 0.0, -ones, ones) if is_on else ones


def _matrices(a, b, c, d):
    return tf.reshape(tf.stack([a, b, c, d], axis=1), (-1, 2, 2))


def _per_pixel(values):
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]
