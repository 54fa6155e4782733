"""Batch normalisation whose statistics belong to the weights that are validated."""

import keras
import tensorflow as tf

from segtf.compat import layers_within

_LEFT_AFTER_AN_EPOCH = 0.1
_FASTEST, _SLOWEST = 0.5, 0.9
_FEWEST, _MOST = 4, 32


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
    for layer in _normalizations(model):
        layer.momentum = momentum
    return momentum


def enough_batches(steps_per_epoch):
    """Return on how many training batches statistics are measured: a quarter of an epoch.

    That costs about an eighth of an epoch, since nothing is learnt from them.

    >>> [enough_batches(steps) for steps in (2, 16, 40, 1000)]
    [4, 4, 10, 32]
    """
    return min(max(steps_per_epoch // 4, _FEWEST), _MOST)


class BatchNormStatistics:
    """Measures the statistics of batch normalisation for the weights that a model has now.

    The moving statistics are those of the weights of some steps ago. Where weights change fast, or
    others take their place, they are wrong: here each becomes the mean over some batches, which the
    model sees as in training. Layers that are frozen keep theirs.

    Args:
        model: the built `keras.Model`.
        batches: a `tf.data.Dataset` of training batches, each a tuple that begins with images.
        count: how many of them are used, at most.

    Reference:
        Wu, Johnson: "Rethinking 'batch' in BatchNorm", 2021, https://arxiv.org/abs/2105.07576
        ("precise" statistics)

    Example:

    >>> pixels = keras.Input((2, 2, 1))
    >>> layer = keras.layers.BatchNormalization()
    >>> model = keras.Model(pixels, layer(pixels))
    >>> images = tf.ones((4, 2, 2, 1)) * 7.0
    >>> BatchNormStatistics(model, tf.data.Dataset.from_tensors((images,))).measure()
    >>> layer.moving_mean.numpy().tolist()
    [7.0]
    """

    def __init__(self, model, batches, count=_MOST):
        self.model = model
        self.batches = batches
        self.count = count
        self._forwards = {}

    def measure(self):
        """Set the moving statistics of the model to what they are now."""
        layers = [layer for layer in _normalizations(self.model) if layer.trainable]
        statistics = [v for layer in layers for v in (layer.moving_mean, layer.moving_variance)]
        if not statistics:
            return
        momenta = [layer.momentum for layer in layers]
        for layer in layers:
            layer.momentum = 0.0  # each batch leaves its own statistics behind
        forward = self._forward_of(layers)
        sums, count = [0.0] * len(statistics), 0
        for images, *_ in self.batches.take(self.count):
            forward(tf.cast(images, tf.float32))
            values = [variable.numpy() for variable in statistics]
            sums = [total + value for total, value in zip(sums, values, strict=True)]
            count += 1
        for variable, total in zip(statistics, sums, strict=True):
            variable.assign(total / count)
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum

    def _forward_of(self, layers):
        """A function of images; one for each set of layers that are not frozen."""
        key = tuple(layer.name for layer in layers)
        if key not in self._forwards:
            self._forwards[key] = tf.function(
                lambda images: tf.distribute.get_strategy().run(
                    lambda pixels: self.model(pixels, training=True), (images,)
                )
            )
        return self._forwards[key]


class MeasureBatchNorm(keras.callbacks.Callback):
    """Measure the statistics of batch normalisation before each validation of `model.fit`.

    They stay in the model, so that what is saved after the validation is what was validated. It
    costs about a third of a training step for each batch. Not together with `AverageWeights`, which
    does the same.

    Args:
        model: the built `keras.Model`.
        batches: a `tf.data.Dataset` of training batches, each a tuple that begins with images.
        count: how many of them are used, at most.
    """

    def __init__(self, model, batches, count=_MOST):
        super().__init__()
        self.statistics = BatchNormStatistics(model, batches, count)

    def on_test_begin(self, logs=None):
        """Measure."""
        self.statistics.measure()


def _normalizations(model):
    return [
        layer
        for layer in layers_within(model)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
