"""Transposed convolutions that do not overlap, as 1x1 convolutions: the same answer, sooner.

Where the kernel is as large as the stride, as in the decoder of a U-Net, each pixel makes a square
of its own: a 1x1 convolution gives the values of all its pixels as channels, and `depth_to_space`
puts them into place. TFLite's kernel of the transposed convolution takes four times as long for
each multiplication, and `tflite-runtime` 2.14 lacks it in dynamic range files.
Shi et al.: "Is the deconvolution layer the same as a convolutional layer?", 2016,
https://arxiv.org/abs/1609.07009
"""

import functools
from contextlib import contextmanager

import keras
import tensorflow as tf
from keras import layers

from segtf.compat import layers_within


@contextmanager
def pointwise(model):
    """Let a model compute transposed convolutions as 1x1 ones, for as long as the context lasts.

    The graphs that are traced meanwhile stay so. The model answers as before.

    Args:
        model: `keras.Model`; layers that overlap, or have an activation, are left as they are.

    Example:

    >>> model = keras.Sequential([keras.Input((2, 2, 3)), layers.Conv2DTranspose(1, 2, strides=2)])
    >>> with pointwise(model):
    ...     model(tf.zeros((1, 2, 2, 3))).shape
    TensorShape([1, 4, 4, 1])
    """
    found = [layer for layer in layers_within(model) if _fits(layer)]
    try:
        for layer in found:
            layer.call = functools.partial(_call, layer)
        yield
    finally:
        for layer in found:
            del layer.call


def _fits(layer):
    return (
        type(layer) is layers.Conv2DTranspose
        and layer.kernel_size == layer.strides == layer.strides[:1] * 2
        and layer.dilation_rate == (1, 1)
        and layer.output_padding is None
        and layer.data_format == "channels_last"
        and layer.activation is keras.activations.linear
    )


def _call(layer, values):
    stride, filters, channels = layer.strides[0], layer.filters, layer.kernel.shape[-1]
    kernel = tf.transpose(layer.kernel, (3, 0, 1, 2))
    kernel = tf.reshape(kernel, (1, 1, channels, stride * stride * filters))
    values = tf.nn.conv2d(values, kernel, strides=1, padding="VALID")
    if layer.use_bias:
        # Before the squares are laid out: a convolution takes its bias along.
        values = tf.nn.bias_add(values, tf.tile(layer.bias, [stride * stride]))
    return tf.nn.depth_to_space(values, stride) if stride > 1 else values
