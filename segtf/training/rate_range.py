"""The learning-rate range test: which learning rates a model learns at, from one short training."""

import csv
import io
import math
from dataclasses import dataclass, replace

import keras
import numpy as np
from scipy.ndimage import gaussian_filter1d

from segtf.training.config import TrainConfig
from segtf.training.preparation import set_up

_LOWEST = 1e-6
_HIGHEST = {"adamw": 1.0, "sgd": 10.0}
_SMOOTHING = 0.9
_DIVERGED = 3.0
_STEPS = 100
_SIGMA = 5


@dataclass(frozen=True)
class RateRange:
    """The loss at each learning rate of a range test.

    Args:
        rates: learning rates, rising by the same factor from step to step.
        losses: loss of the batch of each step.
    """

    rates: list
    losses: list

    @property
    def smoothed(self):
        """The losses, each averaged with those of the steps before and after it (a Gaussian)."""
        return gaussian_filter1d(np.asarray(self.losses), _SIGMA, mode="nearest").tolist()

    @property
    def suggestion(self):
        """The learning rate at which the loss falls fastest from step to step, of two digits.

        That at which it is lowest is too high: with batch normalisation and Adam a loss may still
        fall at rates at which a training does not end well.
        """
        slopes = np.gradient(self.smoothed) if len(self.losses) > 1 else [0.0]
        return float(f"{self.rates[int(np.argmin(slopes))]:.1e}")

    def to_csv(self):
        """Return the table as text."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("learning_rate", "loss", "smoothed_loss"))
        writer.writerows(zip(self.rates, self.losses, self.smoothed, strict=True))
        return text.getvalue()


class _Follow(keras.callbacks.Callback):
    """Record each step, and stop when the loss has left its lowest far behind."""

    def __init__(self, rates):
        super().__init__()
        self.all_rates = rates
        self.rates, self.losses = [], []
        self._total, self._average, self._lowest = 0.0, 0.0, math.inf

    def on_train_batch_end(self, batch, logs=None):
        # The logs hold the mean over the steps so far.
        count = len(self.losses) + 1
        loss = logs["loss"] * count - self._total
        if not math.isfinite(loss):
            self.model.stop_training = True
            return
        self._total += loss
        self.rates.append(self.all_rates[count - 1])
        self.losses.append(loss)
        self._average = _SMOOTHING * self._average + (1 - _SMOOTHING) * loss
        lately = self._average / (1 - _SMOOTHING**count)
        self._lowest = min(self._lowest, lately)
        self.model.stop_training = lately > _DIVERGED * self._lowest


def measure_rate_range(model, batches, optimizer, steps=_STEPS):
    """Train with a learning rate that rises from step to step, and record the losses.

    Args:
        model: the compiled `keras.Model`, which has taken no step yet; of no use after this.
        batches: a `tf.data.Dataset` of training batches without end, or of enough of them.
        optimizer: ``adamw`` (from 1e-6 to 1) or ``sgd`` (to 10).
        steps: number of steps; fewer are taken when the loss becomes three times its lowest.

    Returns:
        A `RateRange`.

    Raises:
        ValueError: if the loss was no number from the start.

    Reference:
        Smith: "Cyclical learning rates for training neural networks", 2017,
        https://arxiv.org/abs/1506.01186
    """
    growth = (_HIGHEST[optimizer] / _LOWEST) ** (1 / (steps - 1))
    model.optimizer.learning_rate = keras.optimizers.schedules.ExponentialDecay(_LOWEST, 1, growth)
    follow = _Follow([_LOWEST * growth**step for step in range(steps)])
    model.fit(batches, steps_per_epoch=steps, callbacks=[follow], verbose=0, shuffle=False)
    if not follow.losses:
        raise ValueError("Expected a finite loss at the first step. Received: none")
    return RateRange(follow.rates, follow.losses)


def find_learning_rate(source, config=None, on_message=print, strategy=None, steps=_STEPS):
    """Find out which learning rates a model learns at on a data set; nothing is written.

    Args:
        source: a `segtf.data.Source`.
        config: the `TrainConfig` of the training that is to follow; its learning rate is ignored.
        on_message: called with each line about data, model and device.
        strategy: a `tf.distribute.Strategy` of this machine; by default a `MirroredStrategy`
            where there are several GPUs.
        steps: steps that are taken, at most.

    Returns:
        A `RateRange`.

    Raises:
        ValueError: for data that cannot be trained on, or unknown names.
    """
    config = replace(config or TrainConfig(), epochs=steps, minutes=0.0)
    work, _, _ = set_up(source, config, on_message, strategy)
    with work.strategy.scope():
        return measure_rate_range(work.model, work.data.training(), config.optimizer, steps)
