"""The run folder: what is in it, reading and writing it.

::

    RUN/
      config.json     how it was trained: data, model, settings
      spec.json       what travels with the model: classes, size, resize rule, threshold
      split.json      which samples were trained on and which were held out
      history.csv     figures of each epoch
      checkpoints/    the state that a killed run goes on from
      logs/           TensorBoard
      best.keras      the model of the best epoch
      report/         figures and pictures of the evaluation on the images that were held out
      report-NAME/    those of an evaluation on other data, or of another split
"""

import csv
import json
import math
import re
from pathlib import Path

from segtf.files import publishing_folder, read_json_object, write_atomically
from segtf.spec import FORMAT_VERSION, ModelSpec

DEFAULT_MONITOR = "val_mean_dice"


def best_epoch(history, monitor=DEFAULT_MONITOR):
    """Return the best epoch of a training by the figure that it monitored.

    Where that figure is the same for several, the lowest loss decides: of the validation, then of
    the training. What is not a number is worse than any number.

    Args:
        history: a dict of numbers for each epoch.
        monitor: the figure; a loss is best where it is lowest, any other where it is highest.

    Returns:
        Index of the epoch; `None` if no epoch has that figure.

    Example:

    >>> rows = [{"val_mean_dice": 0.0, "val_loss": 0.9}, {"val_mean_dice": 0.0, "val_loss": 0.7}]
    >>> best_epoch(rows), best_epoch(rows, "val_mean_iou")
    (1, None)
    """
    if not any(monitor in row for row in history):
        return None

    def rank(index):
        row = history[index]
        figures = [row.get(name, math.nan) for name in (monitor, "val_loss", "loss")]
        signs = (-1.0 if "loss" in monitor else 1.0, -1.0, -1.0)
        return [
            -math.inf if math.isnan(figure) else sign * figure
            for sign, figure in zip(signs, figures, strict=True)
        ]

    return max(range(len(history)), key=rank)


class Run:
    """A run folder on disk.

    Args:
        path: the folder. Use `Run.create` for a new one.
    """

    def __init__(self, path):
        self.path = Path(path)

    @classmethod
    def create(cls, path, config, spec=None, split=None):
        """Make a new run folder, which appears with all that is given or not at all.

        Args:
            path: a folder that does not exist yet, or is empty.
            config: settings as plain values for JSON.
            spec: the `ModelSpec`, if known already.
            split: assignment of samples to splits, if known already.

        Raises:
            ValueError: if something is there already.
        """
        cls.require_new(path)
        path = Path(path)
        with publishing_folder(path) as beside:
            run = cls(beside)
            for folder in (run.checkpoints, run.report):
                folder.mkdir()
            run._write_json("config.json", {"format_version": FORMAT_VERSION, **config})
            if spec is not None:
                run.save_spec(spec)
            if split is not None:
                run.save_split(split)
            if path.is_dir():
                path.rmdir()
        return cls(path)

    @staticmethod
    def require_new(path):
        """Refuse a path where something is already.

        Raises:
            ValueError: if it is a file, or a folder that is not empty.
        """
        path = Path(path)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ValueError(
                "Expected a new run folder; nothing is overwritten: choose another name or "
                f"remove it first. Received: {path}, which exists"
            )

    @classmethod
    def open(cls, path):
        """Return an existing run.

        Raises:
            ValueError: if the folder is missing or is not a run.
        """
        if not Path(path).is_dir():
            raise ValueError(f"Expected a run folder. Received: {path}, which does not exist")
        if not cls.is_run(path):
            raise ValueError(f"Expected a run folder, with a config.json inside. Received: {path}")
        return cls(path)

    @staticmethod
    def is_run(path):
        """Whether `path` is a folder that a training run has written."""
        return (Path(path) / "config.json").is_file()

    @property
    def best_model(self):
        """Path of the model of the best epoch."""
        return self.path / "best.keras"

    @property
    def checkpoints(self):
        """Folder of the state that a killed run goes on from."""
        return self.path / "checkpoints"

    @property
    def state_file(self):
        """Path of the saved state of the training."""
        return self.checkpoints / "state.npz"

    @property
    def has_state(self):
        """Whether there is a saved state to go on from."""
        return self.state_file.is_file()

    @property
    def logs(self):
        """Folder of the TensorBoard logs."""
        return self.path / "logs"

    @property
    def report(self):
        """Folder of figures and pictures of the images that were held out."""
        return self.path / "report"

    def report_on(self, name):
        """Return the folder of figures and pictures of other images, by what they are called."""
        name = re.sub(r"[^\w.-]+", "-", name).strip("-.")
        return self.path / f"report-{name or 'other'}"

    @property
    def history_file(self):
        """Path of the table of epochs."""
        return self.path / "history.csv"

    def require_model(self):
        """Return the path of the best model.

        Raises:
            ValueError: if training has not saved one yet.
        """
        if not self.best_model.is_file():
            raise ValueError(
                "Expected a run with a trained model (best.keras); this one has none yet: "
                f"train it first. Received: {self.path}"
            )
        return self.best_model

    def config(self):
        """Read the settings of the run: ``data`` and ``training``, as dicts.

        Raises:
            ValueError: if they are damaged, or of a newer version of segtf.
        """
        config = self._read_json("config.json")
        if config.get("format_version", FORMAT_VERSION) > FORMAT_VERSION:
            raise ValueError(
                f"Expected settings of format version {FORMAT_VERSION} or older. "
                f"Received: version {config['format_version']} in {self.path / 'config.json'}"
            )
        return config

    def spec(self):
        """Read what travels with the model."""
        return ModelSpec.load(self.path / "spec.json")

    def save_spec(self, spec):
        """Write what travels with the model."""
        spec.save(self.path / "spec.json")

    @property
    def has_split(self):
        """Whether it is on record which samples were trained on and which were held out."""
        return (self.path / "split.json").is_file()

    def split(self):
        """Read the saved assignment: split name to list of sample ids."""
        return self._read_json("split.json")

    def save_split(self, assignment):
        """Write the assignment of samples to splits."""
        self._write_json("split.json", assignment)

    def history(self):
        """Read the figures of each epoch: a list of dicts of numbers, empty before the first."""
        if not self.history_file.is_file():
            return []
        with self.history_file.open(newline="", encoding="utf-8") as file:
            return [
                {name: float(value) for name, value in row.items() if value}
                for row in csv.DictReader(file)
            ]

    @property
    def monitor(self):
        """Name of the figure by which the best epoch was chosen."""
        return self.config().get("training", {}).get("monitor", DEFAULT_MONITOR)

    def best_epoch(self):
        """Return the figures of the best epoch, a row of `history`; `None` if there is none."""
        history = self.history()
        best = best_epoch(history, self.monitor)
        return None if best is None else history[best]

    def _read_json(self, name):
        return read_json_object(self.path / name)

    def _write_json(self, name, values):
        write_atomically(self.path / name, json.dumps(values, indent=2) + "\n")
