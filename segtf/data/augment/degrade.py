"""What cameras and files do to pictures: blur, noise, JPEG artefacts, and things in the way."""

import math

import tensorflow as tf

from segtf.data.augment.draws import draw_normal, draw_shares, share
from segtf.data.augment.photometric import to_uint8

_HOLES = 4


def blur_along(pixels, sigma, largest, axis):
    """Blur float32 `(B, H, W, C)` along axis 1 or 2 by a Gaussian; the image is mirrored outside.

    Args:
        pixels: float32 `(B, H, W, C)`.
        sigma: standard deviation in pixels, float32 `(B,)`.
        largest: the largest `sigma` that can occur.
        axis: 1 or 2.
    """
    length = pixels.shape[axis]
    reach = min(math.ceil(3 * largest), length)
    offsets = tf.range(-reach, reach + 1, dtype=tf.float32)
    weights = tf.exp(-0.5 * (offsets / tf.maximum(sigma, 1e-3)[:, tf.newaxis]) ** 2)
    weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
    padding = [[reach, reach] if side == axis else [0, 0] for side in range(4)]
    padded = tf.pad(pixels, padding, mode="SYMMETRIC")
    weights = weights[:, :, tf.newaxis, tf.newaxis, tf.newaxis]
    parts = (
        weights[:, i] * (padded[:, i : i + length] if axis == 1 else padded[:, :, i : i + length])
        for i in range(2 * reach + 1)
    )
    return sum(parts)


def add_noise(images, seeds, amount):
    """Add Gaussian noise of standard deviation `amount` `(B,)`, in grey levels."""
    noise = draw_normal(seeds, salt=2, shape=images.shape[1:])
    return to_uint8(tf.cast(images, tf.float32) + noise * _per_pixel(amount))


def store_as_jpeg(images, quality):
    """Encode and decode uint8 images of one or three channels at a quality, int32 `(B,)`."""

    def store(image_and_quality):
        return tf.image.adjust_jpeg_quality(*image_and_quality, dct_method="INTEGER_ACCURATE")

    stored = tf.map_fn(store, (images, quality), fn_output_signature=tf.uint8)
    return tf.ensure_shape(stored, images.shape)


def drop_holes(images, seeds, largest):
    """Fill four rectangles with the mean colour; see `Augmentation.dropout`."""
    _, height, width, _ = images.shape
    places = draw_shares(seeds, salt=3, shape=(4, _HOLES, 1, 1))
    center_y, center_x, tall, wide = tf.unstack(places, axis=1)
    rows = (tf.range(height, dtype=tf.float32)[:, tf.newaxis] + 0.5) / height
    columns = (tf.range(width, dtype=tf.float32) + 0.5) / width
    holes = (tf.abs(rows - center_y) < tall * largest / 2) & (
        tf.abs(columns - center_x) < wide * largest / 2
    )
    mean = tf.reduce_mean(tf.cast(images, tf.float32), axis=(1, 2), keepdims=True)
    return tf.where(tf.reduce_any(holes, axis=1)[..., tf.newaxis], to_uint8(mean), images)


def jpeg_quality(numbers, lowest):
    """Draw qualities from `lowest` to 100, int32 `(B,)`."""
    return tf.cast(tf.round(lowest + (100 - lowest) * share(numbers["jpeg"])), tf.int32)


def _per_pixel(values):
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]
