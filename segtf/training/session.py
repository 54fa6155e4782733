"""How far a training has come, as its callbacks share it."""

import time
from dataclasses import dataclass, field

from segtf.history import best_epoch
from segtf.runs import Run
from segtf.training.config import TrainConfig
from segtf.training.state import Progress, StateError


@dataclass
class Session:
    """A training that is under way.

    Args:
        run: its folder.
        config: its settings.
        steps_per_epoch: number of steps in an epoch.
        step: steps taken since the beginning.
        history: the metrics of each finished epoch.
        epoch_began: reading of the clock at which the epoch would have begun had nothing
            stopped it.
    """

    run: Run
    config: TrainConfig
    steps_per_epoch: int
    step: int = 0
    history: list = field(default_factory=list)
    epoch_began: float = field(default_factory=time.perf_counter)

    @property
    def total_steps(self):
        """Number of steps of the whole training."""
        return self.config.epochs * self.steps_per_epoch

    @property
    def scheduled_steps(self):
        """Number of steps over which the learning rate rises and falls, the last time it does."""
        first_epoch, _ = self.config.last_start
        return self.total_steps - first_epoch * self.steps_per_epoch

    @property
    def is_between_epochs(self):
        """Whether the last step was the last of its epoch."""
        return self.step % self.steps_per_epoch == 0

    @property
    def epoch_seconds(self):
        """Seconds that the current epoch has taken."""
        return time.perf_counter() - self.epoch_began

    @property
    def best_epoch(self):
        """Index of the best epoch by the monitored metric, or `None` before the first."""
        return best_epoch(self.history, self.config.monitor)

    @property
    def is_finished(self):
        """Whether all epochs are done, or none has been better for as long as `patience`."""
        first_epoch, _ = self.config.last_start
        waited = len(self.history) - 1 - max(self.best_epoch or 0, first_epoch - 1)
        out_of_patience = 0 < self.config.patience <= waited
        return len(self.history) >= self.config.epochs or out_of_patience

    def progress(self):
        """Return what is saved of this."""
        return Progress(self.step, self.history, self.epoch_seconds)

    def go_on_from(self, progress):
        """Take over what was saved.

        Raises:
            StateError: if it is of a training of other settings or other data.
        """
        fits = (
            progress.step <= self.total_steps
            and len(progress.history) == progress.step // self.steps_per_epoch
            and all(self.config.monitor in row for row in progress.history)
        )
        if not fits:
            raise StateError(
                f"Expected a state of at most {self.total_steps} steps, {self.steps_per_epoch} an "
                f"epoch, with {self.config.monitor} of each epoch. Received: "
                f"{self.run.state_file} of {progress.step} steps and {len(progress.history)} epochs"
            )
        self.step = progress.step
        self.history = progress.history
        self.epoch_began = time.perf_counter() - progress.seconds
