"""A training planned to the minutes that a person has."""

import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import keras

from segtf.models.keras_file import in_float32

_STEPS, _BATCHES = 8, 8
"""Training steps and validation batches that are timed, at most."""
_VALIDATIONS = 5
_SHARE_OF_VALIDATION = 0.25
_MARGIN = 0.03
"""Share of the time that is kept for what is not measured."""


@dataclass(frozen=True)
class Speed:
    """Seconds that the parts of a training take on this machine.

    Args:
        compilation: until the first step has been taken.
        step: a step of training, and reading its batch.
        validation: a validation, and saving what belongs to an epoch.
    """

    compilation: float
    step: float
    validation: float


class _Clock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.times = {"train": [], "test": []}

    def on_train_begin(self, logs=None):
        self.times["train"].append(time.perf_counter())

    def on_train_batch_end(self, batch, logs=None):
        self.times["train"].append(time.perf_counter())

    def on_test_begin(self, logs=None):
        self.times["test"].append(time.perf_counter())

    def on_test_batch_end(self, batch, logs=None):
        self.times["test"].append(time.perf_counter())

    def typical(self, kind):
        """Seconds of a batch, but for the first, before which Keras compiles."""
        times = self.times[kind]
        pauses = [later - earlier for earlier, later in pairwise(times)]
        return statistics.mean(pauses[1:] or pauses)


def measure_speed(model, data):
    """Take some steps and leave the model as it was.

    Args:
        model: the compiled `keras.Model`; to be compiled again after this, since its metrics and
            its optimizer are not as they were.
        data: the `TrainingData`.

    Returns:
        A `Speed`.
    """
    kept = [variable.numpy() for variable in model.variables]
    clock = _Clock()
    model.fit(
        data.training(),
        steps_per_epoch=min(_STEPS, data.total_steps),
        callbacks=[clock],
        verbose=0,
        shuffle=False,
    )
    validation = data.validation()
    batches = int(validation.cardinality())
    model.evaluate(validation.take(_BATCHES), callbacks=[clock], verbose=0)
    for variable, value in zip(model.variables, kept, strict=True):
        variable.assign(value)
    first, second = clock.times["train"][:2]
    seconds = batches * clock.typical("test") + _seconds_of_saving(model)
    return Speed(second - first, clock.typical("train"), seconds)


def _seconds_of_saving(model):
    """An epoch saves the model, and the state, which is up to three times as large."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        in_float32(model).save(Path(folder) / "model.keras")
    return 2 * (time.perf_counter() - began)


def plan(config, steps_per_epoch, speed, seconds):
    """Plan a training to a time: as many epochs as fit.

    Where fewer than five epochs fit, they become shorter, so that there are five validations to
    choose from; or fewer, where these would take more than a quarter of the time.

    Args:
        config: the `TrainConfig`.
        steps_per_epoch: steps in which every image is seen.
        speed: a `Speed`.
        seconds: what is left.

    Returns:
        The `TrainConfig`, with `epochs` and `epoch_steps`.

    Raises:
        ValueError: if not a single step fits.

    Example:

    >>> from segtf.training.config import TrainConfig
    >>> config = TrainConfig(minutes=10)
    >>> fast, slow = Speed(10, 0.5, 2), Speed(10, 4, 10)
    >>> [(c.epochs, c.epoch_steps) for c in (plan(config, 16, s, 600) for s in (fast, slow))]
    [(57, 0), (7, 0)]
    >>> whole = plan(config, 1000, fast, 600)
    >>> whole.epochs, whole.epoch_steps
    (5, 224)
    """
    left = (1 - _MARGIN) * seconds - speed.compilation
    epochs = int(left / (steps_per_epoch * speed.step + speed.validation))
    if epochs >= _VALIDATIONS:
        return replace(config, epochs=epochs, epoch_steps=0)
    affordable = int(_SHARE_OF_VALIDATION * left / speed.validation)
    epochs = min(max(affordable, 1), _VALIDATIONS)
    steps = int((left / epochs - speed.validation) / speed.step)
    if steps < 1:
        needed = (speed.compilation + speed.step + speed.validation) / (1 - _MARGIN)
        raise ValueError(
            "Expected minutes for at least one step and one validation, which take about "
            f"{needed:.0f} s once the data is read. Received: {config.minutes:g}, of which "
            f"{max(seconds, 0):.0f} s are left"
        )
    return replace(config, epochs=epochs, epoch_steps=steps)


def describe_plan(config, steps_per_epoch, speed):
    """Return what was planned, as a line of text.

    Args:
        config: the `TrainConfig` of the plan.
        steps_per_epoch: number of steps in an epoch.
        speed: the `Speed` that was measured.
    """
    return (
        f"planned for {config.minutes:g} minutes: {config.epochs} epochs of {steps_per_epoch} "
        f"steps; a step takes {speed.step:.2f} s, a validation {speed.validation:.1f} s"
    )
