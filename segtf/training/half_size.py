"""A training that begins at half of the size: most of what is learnt there costs a quarter."""

import gc
from dataclasses import replace

from segtf.runs import Run
from segtf.training.reopening import complete
from segtf.training.starting_weights import init_from


def half_size(size):
    """Return half of a height and width, rounded up.

    >>> half_size((360, 481))
    (180, 241)
    """
    height, width = size
    return -(-height // 2), -(-width // 2)


def begin_at_half_size(work, run, train, resume, on_message):
    """Train a run at half of the size, or go on with it, and take over its best weights.

    Args:
        work: the `Work` of the whole training, whose model gets the weights.
        run: its `Run`, in whose folder ``half-size`` is trained.
        train: function of a path and a `TrainConfig` that trains a new run.
        resume: function of a path that goes on with one.
        on_message: called with each line about data, model and device.
    """
    config = work.config
    half = Run(run.path / "half-size")
    first = replace(
        config,
        size=half_size(config.size),
        epochs=config.half_size_epochs,
        half_size_epochs=0,
        learning_rate=None,
        encoder_factor=None,
    )
    to_go_on = f"To go on with the whole: segtf train --resume {run.path}"
    complete(half, lambda path: train(path, first), resume, on_message, to_go_on)
    gc.collect()
    init_from(work.model, half.path)
    on_message(f"{config.epochs} epochs at {config.size} pixels, with the weights of {half.path}")
