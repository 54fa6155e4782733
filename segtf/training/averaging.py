"""A moving average of the weights, which is validated and saved in their place."""

import keras
import numpy as np
import tensorflow as tf

_NORM_BATCHES = 32


class AverageWeights(keras.callbacks.Callback):
    """Keep a moving average of the trained weights; validate and save the model with it.

    The average takes the model's place from the start of each validation until the end of the
    epoch. The moving statistics of batch normalisation belong to weights of the past; for the
    averaged ones they are measured anew, on up to 32 training batches.

    To come after the callbacks that save or look at the model, and before `SaveState`.

    Args:
        model: the built model, trainable weights settled.
        momentum: weight of the past; smaller in the first steps, as
            ``min(momentum, (1 + step) / (10 + step))``.
        batches: training batches `(images, masks)` to measure the statistics on.

    Reference:
        Izmailov et al.: "Averaging weights leads to wider optima and better generalization",
        2018, https://arxiv.org/abs/1803.05407
    """

    def __init__(self, model, momentum, batches):
        super().__init__()
        self.momentum = momentum
        self.batches = batches
        self.averages = [
            keras.Variable(np.array(weight.numpy()), trainable=False, name=f"average_{index}")
            for index, weight in enumerate(model.trainable_weights)
        ]
        self.updates = keras.Variable(0.0, trainable=False, name="average_updates")
        self._in_training = None
        self._follow = tf.function(self._follow_weights)
        self._forward = tf.function(
            lambda images: tf.distribute.get_strategy().run(
                lambda pixels: model(pixels, training=True), (images,)
            )
        )
        self._normalizations = [
            layer
            for layer in model._flatten_layers()
            if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        ]

    @property
    def variables(self):
        """What has to be saved to go on."""
        return [*self.averages, self.updates]

    def on_train_batch_end(self, batch, logs=None):
        """Let the average follow."""
        self._follow()

    def on_test_begin(self, logs=None):
        """Put the average in the model's place."""
        if self._in_training is None:
            self._in_training = [weight.numpy() for weight in self.model.variables]
            for weight, average in zip(self.model.trainable_weights, self.averages, strict=True):
                weight.assign(average)
            self._measure_statistics()

    def on_epoch_end(self, epoch, logs=None):
        """Put the weights in training back."""
        for weight, value in zip(self.model.variables, self._in_training, strict=True):
            weight.assign(value)
        self._in_training = None

    def _follow_weights(self):
        self.updates.assign_add(1.0)
        momentum = tf.minimum(self.momentum, (1.0 + self.updates) / (10.0 + self.updates))
        for weight, average in zip(self.model.trainable_weights, self.averages, strict=True):
            average.assign(weight + momentum * (average - weight))

    def _measure_statistics(self):
        """Set moving statistics to the mean of those of some batches."""
        statistics = [v for n in self._normalizations for v in (n.moving_mean, n.moving_variance)]
        if not statistics:
            return
        momenta = [layer.momentum for layer in self._normalizations]
        for layer in self._normalizations:
            layer.momentum = 0.0  # each batch leaves its own statistics behind
        sums, count = [0.0] * len(statistics), 0
        for images, _ in self.batches.take(_NORM_BATCHES):
            self._forward(tf.cast(images, tf.float32))
            values = [variable.numpy() for variable in statistics]
            sums = [total + value for total, value in zip(sums, values, strict=True)]
            count += 1
        for variable, total in zip(statistics, sums, strict=True):
            variable.assign(total / count)
        for layer, momentum in zip(self._normalizations, momenta, strict=True):
            layer.momentum = momentum
