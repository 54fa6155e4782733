"""Saving the state while training, on request and by the clock."""

import contextlib
import signal
import threading
import time

import keras
import tensorflow as tf

from segtf.files import is_disk_full
from segtf.training.callbacks import TrainingDiverged
from segtf.training.state import StateError, load_state, save_state

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


class StopRequests:
    """Ctrl-C, SIGTERM and SIGHUP, turned into a request that is met at the end of a step.

    A signal that is ignored, as ``nohup`` has SIGHUP, stays ignored.

    Args:
        on_message: called with a line of text at the first request.
    """

    def __init__(self, on_message):
        self.on_message = on_message
        self.received = False

    @contextlib.contextmanager
    def listening(self):
        """Listen to the signals within; outside of the main thread Python gives none."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
        kept = {number: signal.getsignal(number) for number in numbers}
        kept = {number: handler for number, handler in kept.items() if handler != signal.SIG_IGN}
        for number in kept:
            signal.signal(number, self._receive)
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def _receive(self, number, frame):
        if self.received:
            raise KeyboardInterrupt
        self.received = True
        self.say("Stopping after this step, or after the validation under way.")

    def say(self, line):
        """Say something about stopping, if anybody can still hear it: the terminal may be gone."""
        with contextlib.suppress(OSError):
            self.on_message(line)


class SaveState(keras.callbacks.Callback):
    """Save the state by the clock, after each epoch, and when asked to stop.

    To be the last callback, so that what is saved includes what the others have done.

    Args:
        session: the `Session`.
        batches: a `tf.data.Dataset` of `(images, targets)`, as the model is trained on.
        more_variables: `keras.Variable`s that belong to the state besides those of the model, its
            optimizer, its losses and its metrics.
        requests: `StopRequests`.
        resume: whether to start from the saved state.
    """

    def __init__(self, session, batches, more_variables, requests, resume):
        super().__init__()
        self.session = session
        self.batches = batches
        self.more_variables = more_variables
        self.requests = requests
        self.resume = resume
        self.last_saved = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        """Take over the saved state, once."""
        is_first = self.session.step == 0 and self.session.config.begins_with_other_weights
        if self.resume or is_first:
            build_metrics(self.model, self.batches.element_spec[1])
        if self.resume:
            self.session.go_on_from(load_state(self.session.run.state_file, self._variables()))
            self.resume = False
            if self.session.is_between_epochs:
                self.model.reset_metrics()  # they were saved with what the validation counted
        elif is_first:
            self._save()  # what they came from may be gone when the run goes on

    def on_train_batch_end(self, batch, logs=None):
        """Save if it is time; an epoch's last step is saved with its validation."""
        if self.session.is_between_epochs:
            return
        waited = time.monotonic() - self.last_saved
        if self.requests.received or waited >= 60 * self.session.config.save_minutes:
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        """Save."""
        self._save()

    def _save(self):
        run = self.session.run
        try:
            save_state(run.state_file, self._variables(), self.session.progress())
        except StateError as error:
            raise TrainingDiverged(self.session, str(error)) from None
        self.last_saved = time.monotonic()
        if self.requests.received:
            self.requests.say(
                f"Saved at step {self.session.step} of {self.session.total_steps}. "
                f"To go on: segtf train --resume {run.path}"
            )
            raise KeyboardInterrupt

    def _variables(self):
        loss, *others = self.model.metrics  # the mean loss; the loss of each output, all metrics
        return [
            *self.model.variables,
            *loss.variables,
            *self.model.optimizer.variables,
            *(variable for metric in others for variable in metric.variables),
            *self.more_variables,
        ]


def build_metrics(model, targets):
    """Let a compiled model make the variables of its losses and metrics before its first step.

    Under a strategy for several devices, `fit` has done so.

    Args:
        model: the compiled `keras.Model`.
        targets: `tf.TensorSpec` of what it is trained on, or a dict of them by output.
    """
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        return
    outputs = keras.tree.map_structure(
        lambda output: tf.TensorSpec(output.shape, output.dtype), model.output
    )

    def measure(y_true, y_pred):
        model.compute_loss(None, y_true, y_pred)
        model.compute_metrics(None, y_true, y_pred)

    tf.function(measure).get_concrete_function(targets, outputs)  # traced, which is enough


@contextlib.contextmanager
def explaining_full_disk(run):
    """Say what a full disk means for a run.

    Raises:
        OSError: in place of one that says that there is no room.
    """
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise OSError(
            error.errno,
            f"The disk is full; what was saved before is still there. Make room, then: "
            f"segtf train --resume {run.path}",
        ) from error
