"""The callbacks of a run."""

import sys

from segtf.models import find_model
from segtf.models.segnet import SEGNET, SEGNET_BASIC
from segtf.training.averaging import AverageWeights, usual_momentum
from segtf.training.batch_norm import MeasureBatchNorm, enough_batches
from segtf.training.callbacks import CountSteps, HistoryWriter, SaveBest, StopEarly
from segtf.training.checkpoint import SaveState
from segtf.training.display import Display
from segtf.training.encoder import FreezeEncoder
from segtf.training.tensorboard import TensorBoardWriter


def arrange_callbacks(work, session, requests, verbose):
    """Return the callbacks, in the order in which they rely on one another.

    Args:
        work: a compiled model, its data and settings, as `segtf.training.train` prepares them.
        session: the `Session`.
        requests: the `StopRequests`.
        verbose: 0 silent, 1 a line kept up to date, 2 one line per epoch; ``auto`` is 1 on a
            terminal and else 2.

    Returns:
        A list of `keras.callbacks.Callback`s.
    """
    config = work.config
    freezing = [FreezeEncoder(work.model, config.freeze_epochs)] if config.freeze_epochs else []
    settling, averages = _settling(work, session)
    validation = work.data.validation()
    if verbose == "auto":
        verbose = 1 if sys.stdout.isatty() else 2
    return [
        CountSteps(session),
        *freezing,
        HistoryWriter(session),
        SaveBest(session),
        TensorBoardWriter(session, work.spec, validation),
        *([Display(session, verbose == 1, requests)] if verbose else []),
        *settling,
        StopEarly(session),
        SaveState(session, validation, averages, requests, resume=session.run.has_state),
    ]


def _settling(work, session):
    """What brings weights and statistics to rest for a validation, and its variables."""
    momentum = work.config.average_weights
    batches = work.data.training(), enough_batches(session.steps_per_epoch)
    if momentum:
        if momentum == "auto":
            momentum = usual_momentum(session.scheduled_steps)
        averaging = AverageWeights(work.model, momentum, *batches)
        return [averaging], averaging.variables
    if _measures_batch_norm(work.config):
        return [MeasureBatchNorm(work.model, *batches)], []
    return [], []


def _measures_batch_norm(config):
    """SegNet's moving statistics lag: without skips, its decoder changes them all at once."""
    if config.batch_norm == "auto":
        return find_model(config.model).body in (SEGNET, SEGNET_BASIC)
    return config.batch_norm == "measured"
