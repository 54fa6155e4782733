"""Batch normalisation by TensorFlow's fused operation.

Keras 3 puts batch normalisation in training together from some ten elementwise operations; the
fused one computes the same in two passes over the feature map.
"""

import keras
import tensorflow as tf

from segtf.compat import layers_within


def fuse_batch_norm(model):
    """Let the batch normalisation of a model use the fused operation in training.

    `segtf.train` does so by itself; this is for a `model.fit` of one's own, with a model that was
    built or loaded. The layers remain Keras' own, so that the model is saved and loaded as ever,
    and what it gives is the same. Frozen layers, layers that take their statistics over several
    replicas, and all of inference, are left to Keras.

    Args:
        model: a `keras.Model`, changed in place; before its first step of training.

    Returns:
        The model.

    Example:

    >>> pixels = keras.Input((8, 8, 3))
    >>> model = keras.Model(pixels, keras.layers.BatchNormalization()(pixels))
    >>> fuse_batch_norm(model) is model
    True
    """
    for layer in layers_within(model):
        is_fused = "call" in vars(layer)
        if type(layer) is keras.layers.BatchNormalization and not is_fused:
            layer.call = _fused_call(layer, layer.call)
    return model


def _fused_call(layer, keras_call):
    def call(inputs, training=None, mask=None):
        if not (training and _is_fusible(layer, inputs, mask)):
            return keras_call(inputs, training=training, mask=mask)
        inputs = tf.cast(inputs, tf.float32)
        channels = inputs.shape[-1]
        outputs, mean, variance, *_ = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            keras.ops.cast(layer.gamma, "float32") if layer.scale else tf.ones(channels),
            keras.ops.cast(layer.beta, "float32") if layer.center else tf.zeros(channels),
            epsilon=layer.epsilon,
            is_training=True,
        )
        # The operation gives the variance of a sample, Keras keeps that of the whole.
        count = tf.cast(tf.size(inputs) // channels, tf.float32)
        _follow(layer.moving_mean, mean, layer.momentum)
        _follow(layer.moving_variance, variance * (count - 1.0) / count, layer.momentum)
        return tf.cast(outputs, layer.compute_dtype)

    return call


def _is_fusible(layer, inputs, mask):
    return (
        layer.trainable
        and mask is None
        and not layer.renorm
        and not layer.synchronized
        and len(inputs.shape) == 4
        and layer.axis in (-1, 3)
        and inputs.dtype != tf.float64
    )


def _follow(moving, value, momentum):
    past = keras.ops.cast(moving, "float32")
    moving.assign(past * momentum + value * (1.0 - momentum))
