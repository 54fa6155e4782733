"""Batch normalisation that keeps up with small data sets."""

import keras

_LEFT_AFTER_AN_EPOCH = 0.1
_FASTEST, _SLOWEST = 0.5, 0.9


def fit_momentum(model, steps_per_epoch):
    """Set the momentum of batch normalisation so that its statistics follow within an epoch.

    With Keras' default of 0.99 the moving statistics need some hundred steps; on small data
    the validation then measures statistics of long ago. Here no more than a tenth of the
    statistics is older than an epoch, as far as momentum may fall to 0.5.

    Args:
        model: a `keras.Model`, changed in place; to be compiled after this.
        steps_per_epoch: number of steps in an epoch.

    Returns:
        The momentum.
    """
    momentum = _LEFT_AFTER_AN_EPOCH ** (1 / steps_per_epoch)
    momentum = min(max(momentum, _FASTEST), _SLOWEST)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
    return momentum
