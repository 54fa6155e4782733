"""Brightness, contrast, saturation and hue as one linear map of the colours."""

import math

import tensorflow as tf

_LUMA = (0.299, 0.587, 0.114)
_MIDDLE = 127.5


def change_colors(image, seed, settings):
    """Change the colours of a uint8 image `(H, W, C)`.

    Saturation and hue apply to three channels; brightness and contrast to any number.
    """
    draws = tf.unstack(tf.random.stateless_uniform((4,), seed, -1.0, 1.0))
    brightness, contrast, saturation, hue = draws
    pixels = tf.cast(image, tf.float32)
    mean = tf.reduce_mean(pixels, axis=(0, 1))
    gain = (1.0 + settings.contrast) ** contrast
    shift = brightness * settings.brightness * 2 * _MIDDLE
    if image.shape[-1] == 3 and (settings.saturation or settings.hue):
        matrix = _hue_matrix(hue * math.radians(settings.hue))
        matrix = _saturation_matrix((1.0 + settings.saturation) ** saturation) @ matrix
        mean_after = tf.linalg.matvec(matrix, mean)
        colors = tf.reshape(pixels, (-1, 3)) @ tf.transpose(gain * matrix)
        pixels = tf.reshape(colors, tf.shape(pixels)) + (mean_after * (1.0 - gain) + shift)
    else:
        pixels = pixels * gain + (mean * (1.0 - gain) + shift)
    pixels = tf.clip_by_value(tf.round(pixels), 0.0, 255.0)
    return tf.ensure_shape(tf.cast(pixels, tf.uint8), image.shape)


def _saturation_matrix(gain):
    """Scale the distance from grey."""
    grey = tf.constant([_LUMA, _LUMA, _LUMA])
    return grey + gain * (tf.eye(3) - grey)


def _hue_matrix(angle):
    """Turn the chroma plane of YIQ (NTSC), which keeps luma."""
    to_yiq = tf.constant([_LUMA, (0.595716, -0.274453, -0.321263), (0.211456, -0.522591, 0.311135)])
    cosine, sine = tf.cos(angle), tf.sin(angle)
    turn = tf.stack([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    return tf.linalg.inv(to_yiq) @ turn @ to_yiq
