"""What a run writes while it trains."""

import csv
import io
import time

import keras

from segtf.files import replacing, write_atomically


class HistoryWriter(keras.callbacks.Callback):
    """Write the figures of every epoch to the run's history file.

    Args:
        run: the `Run`.
    """

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.rows = run.history()

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self._begin = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Add a row; columns are sorted but for the first."""
        row = {"epoch": epoch + 1, **{name: float(logs[name]) for name in sorted(logs)}}
        row["seconds"] = round(time.perf_counter() - self._begin, 2)
        self.rows.append(row)
        text = io.StringIO()
        writer = csv.DictWriter(text, list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self.run.history_file, text.getvalue())


class SaveBest(keras.callbacks.Callback):
    """Save the model of the best epoch, without the optimizer, to load with Keras alone.

    Args:
        run: the `Run`.
        monitor: figure of which more is better.
    """

    def __init__(self, run, monitor):
        super().__init__()
        self.run = run
        self.monitor = monitor
        self.best = max((row[monitor] for row in run.history()), default=float("-inf"))

    def on_epoch_end(self, epoch, logs=None):
        """Save the model if it is the best so far."""
        if logs[self.monitor] > self.best:
            self.best = float(logs[self.monitor])
            plain = keras.Model(self.model.inputs, self.model.outputs, name=self.model.name)
            with replacing(self.run.best_model) as beside:
                plain.save(beside)
