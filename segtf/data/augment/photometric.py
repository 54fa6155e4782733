"""Gamma as a table; brightness, contrast, saturation and hue as one linear map of the colours."""

import math

import numpy as np
import tensorflow as tf

_LUMA = (0.299, 0.587, 0.114)
_TO_YIQ = np.array(
    [_LUMA, (0.595716, -0.274453, -0.321263), (0.211456, -0.522591, 0.311135)], np.float32
)
_FROM_YIQ = np.linalg.inv(_TO_YIQ)
_GREY_RANGE = 255.0


def change_colors(images, numbers, settings):
    """Change the colours of uint8 images `(B, H, W, C)`.

    Saturation and hue apply to three channels; the rest to any number.
    """
    pixels = tf.cast(images, tf.float32)
    if settings.gamma:
        pixels = _gamma(images, (1.0 + settings.gamma) ** numbers["gamma"])
    gain = ((1.0 + settings.contrast) ** numbers["contrast"])[:, tf.newaxis]
    shift = numbers["brightness"][:, tf.newaxis] * (settings.brightness * _GREY_RANGE)
    mean = tf.reduce_mean(pixels, axis=(1, 2))
    if images.shape[-1] == 3 and (settings.saturation or settings.hue):
        matrix = _saturation_matrix((1.0 + settings.saturation) ** numbers["saturation"])
        matrix = matrix @ _hue_matrix(numbers["hue"] * math.radians(settings.hue))
        mean = tf.linalg.matvec(matrix, mean)
        columns = (gain[:, tf.newaxis] * matrix)[:, tf.newaxis, tf.newaxis]
        pixels = sum(pixels[..., i : i + 1] * columns[..., i] for i in range(3))
    else:
        pixels = pixels * gain[:, tf.newaxis, tf.newaxis]
    pixels += (mean * (1.0 - gain) + shift)[:, tf.newaxis, tf.newaxis]
    return to_uint8(pixels)


def to_uint8(pixels):
    """Round and clip grey levels."""
    return tf.cast(tf.clip_by_value(pixels, 0.0, _GREY_RANGE) + 0.5, tf.uint8)


def _gamma(images, exponent):
    grey = tf.range(256, dtype=tf.float32) / _GREY_RANGE
    table = _GREY_RANGE * grey ** exponent[:, tf.newaxis]
    return tf.gather(table, tf.cast(images, tf.int32), batch_dims=1)


def _saturation_matrix(gain):
    """Scale the distance from grey."""
    grey = tf.constant([_LUMA, _LUMA, _LUMA])
    return grey + gain[:, tf.newaxis, tf.newaxis] * (tf.eye(3) - grey)


def _hue_matrix(angle):
    """Turn the chroma plane of YIQ (NTSC), which keeps luma."""
    cosine, sine = tf.cos(angle), tf.sin(angle)
    zero, one = tf.zeros_like(angle), tf.ones_like(angle)
    turn = tf.stack([one, zero, zero, zero, cosine, -sine, zero, sine, cosine], axis=1)
    return _FROM_YIQ @ tf.reshape(turn, (-1, 3, 3)) @ _TO_YIQ
