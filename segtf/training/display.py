"""What a person sees while a model trains."""

import sys
import time

import keras

_SECONDS_BETWEEN = 0.5


class Display(keras.callbacks.Callback):
    """Show where a training is, how it does, and how long it will take.

    Args:
        session: the `Session`.
        live: whether to keep one line up to date within an epoch, as a terminal can.
        requests: `StopRequests`, made when nobody can see this any more: the terminal or the
            program that reads it is gone.
    """

    def __init__(self, session, live, requests):
        super().__init__()
        self.requests = requests
        self.session = session
        self.live = live
        self.last_shown = 0.0

    def on_train_begin(self, logs=None):
        """Start the clock from which the time left is estimated."""
        self.began, self.first_step = time.perf_counter(), None

    def on_train_batch_end(self, batch, logs=None):
        """Show the step, now and then."""
        if self.first_step is None:
            # The first step compiles; it says nothing of the speed.
            self.began, self.first_step = time.perf_counter(), self.session.step
        now = time.monotonic()
        if self.live and now - self.last_shown >= _SECONDS_BETWEEN:
            self.last_shown = now
            steps = self.session.steps_per_epoch
            step = (self.session.step - 1) % steps + 1
            epoch = (self.session.step - 1) // steps + 1
            self._show(epoch, [f"step {step}/{steps}", f"loss {logs['loss']:.4f}"], end="\r")

    def on_epoch_end(self, epoch, logs=None):
        """Show the epoch's metrics."""
        monitor = self.session.config.monitor
        metrics = [f"{name} {logs[name]:.4f}" for name in ("loss", "val_loss", monitor)]
        best = ["best"] if self.session.best_epoch == epoch else []
        self._show(epoch + 1, [*dict.fromkeys(metrics), *best], end="\n")

    def _show(self, epoch, parts, end):
        parts = [f"epoch {epoch}/{self.session.config.epochs}", *parts, *self._time_left()]
        line = "  ".join(parts)
        try:
            sys.stdout.write(f"\r{line:<100}{end}" if self.live else f"{line}{end}")
            sys.stdout.flush()
        except OSError:
            self.requests.received = True

    def _time_left(self):
        done = self.session.step - self.first_step
        left = self.session.total_steps - self.session.step
        if not done or not left:
            return []
        seconds = (time.perf_counter() - self.began) / done * left
        return [f"{describe_duration(seconds)} left"]


def describe_duration(seconds):
    """Return a duration as text, in its two largest units.

    >>> describe_duration(3725), describe_duration(59.6), describe_duration(260000)
    ('1 h 2 min', '1 min 0 s', '3 d 0 h')
    """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = {"d": days, "h": hours, "min": minutes, "s": seconds}
    units = list(parts)
    first = next((index for index, unit in enumerate(units) if parts[unit]), 3)
    return " ".join(f"{parts[unit]} {unit}" for unit in units[first : first + 2])
