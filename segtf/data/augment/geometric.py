"""Flips, turns and one affine, composed into a single resampling."""

import math

import keras
import tensorflow as tf


def random_transform(seed, settings, height, width):
    """Draw one projective transform that maps output to input coordinates.

    Args:
        seed: int32 tensor `(2,)`.
        settings: an `Augmentation`.
        height: of the image, in pixels.
        width: of the image, in pixels.

    Returns:
        float32 tensor `(8,)`, as `keras.ops.image.affine_transform` takes it.
    """
    draws = tf.unstack(tf.random.stateless_uniform((9,), seed, -1.0, 1.0))
    flip_x, flip_y, turn, angle, size, shear_x, shear_y, shift_x, shift_y = draws
    matrix = _flip(flip_x, flip_y, settings)
    if settings.quarter_turns:
        matrix = matrix @ _quarter_turn(turn, square=height == width)
    if settings.rotation:
        matrix = matrix @ _rotation(angle * math.radians(settings.rotation))
    if settings.shear:
        tangent = math.tan(math.radians(settings.shear))
        matrix = matrix @ tf.stack([[1.0, shear_x * tangent], [shear_y * tangent, 1.0]])
    if settings.scale:
        matrix *= (1.0 + settings.scale) ** size
    shift = tf.stack(
        [shift_x * settings.translation * width, shift_y * settings.translation * height]
    )
    center = tf.constant([(width - 1) / 2, (height - 1) / 2], tf.float32)
    offset = center - tf.linalg.matvec(matrix, center) + shift
    rows = tf.concat([matrix, offset[:, tf.newaxis]], axis=1)
    return tf.concat([tf.reshape(rows, [6]), tf.zeros(2)], axis=0)


def transform_image(image, transform):
    """Resample a uint8 image `(H, W, C)` bilinearly, mirrored beyond its border."""
    moved = keras.ops.image.affine_transform(
        tf.cast(image, tf.float32), transform, interpolation="bilinear", fill_mode="reflect"
    )
    return tf.cast(tf.round(moved), tf.uint8)


def transform_mask(mask, transform, fill):
    """Move a uint8 mask `(H, W)` by nearest neighbour, with `fill` beyond its border."""
    moved = keras.ops.image.affine_transform(
        mask[..., tf.newaxis],
        transform,
        interpolation="nearest",
        fill_mode="constant",
        fill_value=fill,
    )
    return moved[..., 0]


def _flip(draw_x, draw_y, settings):
    x = tf.sign(draw_x) if settings.flip_horizontal else 1.0
    y = tf.sign(draw_y) if settings.flip_vertical else 1.0
    return tf.linalg.diag(tf.stack([x, y]))


def _quarter_turn(draw, square):
    """Exact sines and cosines, so that turned pixels fall on pixels."""
    quarter = tf.cast((draw + 1.0) * 2.0, tf.int32) if square else 2 * tf.cast(draw > 0, tf.int32)
    cosine = tf.gather([1.0, 0.0, -1.0, 0.0, 1.0], quarter)
    sine = tf.gather([0.0, 1.0, 0.0, -1.0, 0.0], quarter)
    return tf.stack([[cosine, -sine], [sine, cosine]])


def _rotation(angle):
    return tf.stack([[tf.cos(angle), -tf.sin(angle)], [tf.sin(angle), tf.cos(angle)]])
