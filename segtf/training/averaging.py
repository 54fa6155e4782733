"""A moving average of the weights, which is validated and saved in their place."""

import keras
import numpy as np
import tensorflow as tf

from segtf.training.batch_norm import BatchNormStatistics

_SHARE = 0.05


def usual_momentum(total_steps):
    """Return the momentum of an average over a twentieth of a training.

    Within the last twentieth of a cosine, the learning rate is below a hundredth of its peak: the
    average of those steps lags behind nothing, and before, it is over enough of them to help.

    Args:
        total_steps: steps of the whole training.

    Example:

    >>> usual_momentum(2000), usual_momentum(20)
    (0.99, 0.5)
    """
    return max(0.5, 1.0 - 1.0 / max(1.0, _SHARE * total_steps))


class AverageWeights(keras.callbacks.Callback):
    """Keep a moving average of the trained weights; validate and save the model with it.

    The average takes the model's place from the start of each validation until the end of the
    epoch. The moving statistics of batch normalisation belong to weights of the past; for the
    averaged ones they are measured anew (see `BatchNormStatistics`).

    To come after the callbacks that save or look at the model. After the last epoch the weights in
    training are back in the model: what is to be kept has to be saved by such a callback.

    Args:
        model: the built model; all layers that are ever trained are trainable.
        momentum: weight of the past, such as that of `usual_momentum`; smaller in the first
            steps, as ``min(momentum, (1 + step) / (10 + step))``.
        batches: a `tf.data.Dataset` of training batches, each a tuple that begins with images, to
            measure the statistics on.
        count: how many of them are used, at most.

    Reference:
        Izmailov et al.: "Averaging weights leads to wider optima and better generalization",
        2018, https://arxiv.org/abs/1803.05407
    """

    def __init__(self, model, momentum, batches, count=32):
        super().__init__()
        self.momentum = momentum
        self.weights = list(model.trainable_weights)  # some may be frozen in some epochs
        self.averages = [
            keras.Variable(np.array(weight.numpy()), trainable=False, name=f"average_{index}")
            for index, weight in enumerate(self.weights)
        ]
        self.updates = keras.Variable(0.0, trainable=False, name="average_updates")
        self.statistics = BatchNormStatistics(model, batches, count)
        self._in_training = None
        self._follow = tf.function(self._follow_weights)

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
            for weight, average in zip(self.weights, self.averages, strict=True):
                weight.assign(average)
            self.statistics.measure()

    def on_epoch_end(self, epoch, logs=None):
        """Put the weights in training back."""
        for weight, value in zip(self.model.variables, self._in_training, strict=True):
            weight.assign(value)
        self._in_training = None

    def _follow_weights(self):
        self.updates.assign_add(1.0)
        momentum = tf.minimum(self.momentum, (1.0 + self.updates) / (10.0 + self.updates))
        for weight, average in zip(self.weights, self.averages, strict=True):
            average.assign(weight + momentum * (average - weight))
