"""What a run counts, checks and writes while it trains."""

import csv
import io
import math
import time

import keras

from segtf.files import replacing, write_atomically
from segtf.models.keras_file import in_float32


class TrainingDiverged(ValueError):
    """The loss or a weight is no longer a finite number."""

    def __init__(self, session, what):
        run = session.run
        saved = "the last good state is in its checkpoints/" if run.has_state else "nothing saved"
        super().__init__(
            f"Expected a finite loss and finite weights; {what} at step {session.step} (epoch "
            f"{len(session.history) + 1}); {saved}. Try a new run with a lower learning rate or "
            f"gradient clipping, begun with init_from this one if it has a best.keras. "
            f"Received: {run.path}"
        )


class CountSteps(keras.callbacks.Callback):
    """Count steps, and stop at the first whose loss is not finite. To be the first callback."""

    def __init__(self, session):
        super().__init__()
        self.session = session

    def on_train_batch_end(self, batch, logs=None):
        """Count; the loss in the logs is the epoch's mean, which the first NaN spoils."""
        self.session.step += 1
        if not math.isfinite(logs["loss"]):
            raise TrainingDiverged(self.session, f"the loss became {logs['loss']}")


class HistoryWriter(keras.callbacks.Callback):
    """Write the metrics of every epoch to the run's history file."""

    def __init__(self, session):
        super().__init__()
        self.session = session

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        if self.session.is_between_epochs:
            self.session.epoch_began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Add a row; columns are sorted but for the first."""
        row = {"epoch": epoch + 1, **{name: float(logs[name]) for name in sorted(logs)}}
        row["learning_rate"] = float(self.model.optimizer.learning_rate)
        row["seconds"] = round(self.session.epoch_seconds, 2)
        self.session.history.append(row)
        text = io.StringIO()
        writer = csv.DictWriter(text, list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.session.history)
        write_atomically(self.session.run.history_file, text.getvalue())


class SaveBest(keras.callbacks.Callback):
    """Save the model of the best epoch in float32, without the optimizer.

    It loads with Keras alone. To come after `HistoryWriter`.
    """

    def __init__(self, session):
        super().__init__()
        self.session = session

    def on_epoch_end(self, epoch, logs=None):
        """Save the model if it is the best so far."""
        if self.session.best_epoch == epoch:
            # Of several heads it stays a dict.
            plain = keras.Model(self.model.input, self.model.output, name=self.model.name)
            with replacing(self.session.run.best_model) as beside:
                in_float32(plain).save(beside)


class StopEarly(keras.callbacks.Callback):
    """Stop when no epoch has been better for as long as the patience lasts."""

    def __init__(self, session):
        super().__init__()
        self.session = session

    def on_epoch_end(self, epoch, logs=None):
        """Ask Keras to stop."""
        self.model.stop_training = self.session.is_finished
