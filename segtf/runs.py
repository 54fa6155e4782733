"""The run folder: what is in it, reading and writing it.

::

    RUN/
      config.json     how it was trained: data, model, settings
      recipe.toml     the same as options of `segtf train`, by which it can be repeated
      spec.json       what travels with the model: task, classes, size, resize rule
      split.json      which samples were trained on and which were held out
      data.json       a digest of each sample's files, by which `resume` sees what has changed
      continued.json  of a training that went on beyond its end: its epochs, and how it went on
      history.csv     metrics of each epoch
      checkpoints/    the state that a killed run goes on from
      logs/           TensorBoard
      best.keras      the model of the best epoch
      report/         metrics and pictures of the evaluation on the images that were held out
      report-NAME/    those of an evaluation on other data, or of another split
      folds.json      of a run of folds: what each held out; each is a run, fold-1/ and so on
"""

import json
import re
from pathlib import Path

from segtf.files import (
    publishing_folder,
    read_json_object,
    remove_leftovers,
    require_writable,
    write_atomically,
)
from segtf.history import DEFAULT_MONITOR, best_epoch, read_history
from segtf.locks import Lock, Locked
from segtf.spec import ModelSpec
from segtf.text_files import is_utf_8, plain

_FORMAT_VERSION = 1
"""Of the settings and of the record of the data; `spec.json` has one of its own."""


class Run:
    """A run folder on disk.

    Args:
        path: the folder. Use `Run.create` for a new one.
    """

    def __init__(self, path):
        self.path = Path(path)

    @classmethod
    def create(cls, path, config, spec=None, split=None, data=None, recipe=None, folds=None):
        """Make a new run folder, which appears with all that is given or not at all.

        Args:
            path: a folder that does not exist yet, or is empty.
            config: settings as plain values for JSON.
            spec: the `ModelSpec`, if known already.
            split: assignment of samples to splits, if known already.
            data: digests of the samples' files (see `segtf.data.read_contents`), if known.
            recipe: text of the recipe that repeats the run, if there is one.
            folds: of a run of folds, the ids that each of them holds out.

        Raises:
            ValueError: if something is there already.
        """
        cls.require_new(path)
        path = Path(path)
        with publishing_folder(path) as beside:
            run = cls(beside)
            for folder in (run.checkpoints, run.report):
                folder.mkdir()
            run._write_json("config.json", {"format_version": _FORMAT_VERSION, **config})
            if spec is not None:
                run.save_spec(spec)
            if split is not None:
                run.save_split(split)
            if data is not None:
                run.save_data(data)
            if recipe is not None:
                write_atomically(run.recipe_file, recipe)
            if folds is not None:
                run._write_json("folds.json", {"held_out": folds})
            if path.is_dir():
                path.rmdir()
        return cls(path)

    @staticmethod
    def require_new(path):
        """Refuse a path where something is already, or nothing can be written.

        Raises:
            ValueError: if it is a file, or a folder that is not empty or cannot be written to, or
                if its name is no UTF-8, which TensorFlow needs.
        """
        path = Path(path)
        if not is_utf_8(path.absolute()):
            raise ValueError(
                f"Expected a run folder whose path is UTF-8. Received: {plain(str(path))}"
            )
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            go_on = f", go on with it (`segtf train --resume {path}`)" * Run.is_run(path)
            raise ValueError(
                f"Expected a new run folder; nothing is overwritten: choose another name{go_on} or "
                f"remove it first. Received: {path}, which exists"
            )
        require_writable(path)

    @classmethod
    def open(cls, path):
        """Return an existing run, without what a killed process had begun to write into it.

        Args:
            path: its folder.

        Raises:
            ValueError: if the folder is missing or is not a run.
        """
        if not Path(path).is_dir():
            there = "is not a folder" if Path(path).exists() else "does not exist"
            raise ValueError(
                "Expected a run folder, as `segtf train RUN --data-dir DIR` writes it. "
                f"Received: {path}, which {there}"
            )
        if not cls.is_run(path):
            raise ValueError(f"Expected a run folder, with a config.json inside. Received: {path}")
        run = cls(path)
        for folder in (run.path, run.checkpoints, run.report):
            remove_leftovers(folder)
        return run

    def require_writable(self):
        """Find out before the work whether its results can be written.

        Raises:
            ValueError: if not.
        """
        for folder in (self.path, self.checkpoints, self.logs, self.report):
            require_writable(folder)

    def lock(self):
        """Keep other processes from training this run.

        Returns:
            A `segtf.locks.Lock`, to be released; a killed process leaves none.

        Raises:
            ValueError: if another process trains it.
        """
        try:
            return Lock(self.path / "config.json")
        except Locked:
            raise ValueError(
                f"Expected a run that no other process is training. Received: {self.path}, which "
                "one is"
            ) from None

    @staticmethod
    def is_run(path):
        """Whether `path` is a folder that a training run has written."""
        return (Path(path) / "config.json").is_file()

    @property
    def best_model(self):
        """Path of the model of the best epoch."""
        return self.path / "best.keras"

    @property
    def recipe_file(self):
        """Path of the recipe that repeats the run."""
        return self.path / "recipe.toml"

    @property
    def has_folds(self):
        """Whether this is a run of folds, each of which is a run within it."""
        return (self.path / "folds.json").is_file()

    def held_out_of_folds(self):
        """Read the ids of the samples that each fold held out, or raise a `ValueError`."""
        path = self.path / "folds.json"
        held_out = read_json_object(path).get("held_out")
        if not isinstance(held_out, list) or not all(isinstance(ids, list) for ids in held_out):
            raise ValueError(f"Expected lists of sample ids of the folds. Received: {path}")
        return [[plain(str(id_)) for id_ in ids] for ids in held_out]

    def fold(self, index):
        """Return the `Run` of a fold, which may not have begun yet.

        Args:
            index: number of the fold, from 0.
        """
        return Run(self.path / f"fold-{index + 1}")

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
        """Folder of metrics and pictures of the images that were held out."""
        return self.path / "report"

    def report_on(self, name):
        """Return the folder of metrics and pictures of other images.

        Args:
            name: what the images are called, such as a split or a data set.
        """
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
                f"`segtf train --resume {self.path}` trains it. Received: {self.path}"
            )
        return self.best_model

    def config(self):
        """Read the settings of the run: ``data`` and ``training``, as dicts.

        What the training went on with beyond its end stands in the place of what it began with.

        Raises:
            ValueError: if they are damaged, or of a newer version of segtf.
        """
        path = self.path / "config.json"
        config = read_json_object(path)
        version = config.get("format_version", _FORMAT_VERSION)
        if not isinstance(version, int) or version > _FORMAT_VERSION:
            raise ValueError(
                f"Expected settings of format version {_FORMAT_VERSION} or older. "
                f"Received: version {version} in {path}"
            )
        for name in ("data", "training"):
            if not isinstance(config.get(name, {}), dict):
                raise ValueError(
                    f"Expected {name} as an object in the settings of a run. "
                    f"Received: {config[name]!r} in {path}"
                )
        origin = config.setdefault("data", {})
        for name in ("name", "folder"):
            if not isinstance(origin.get(name), str | None):
                raise ValueError(
                    f"Expected the {name} of the data set as text in the settings of a run. "
                    f"Received: {origin[name]!r} in {path}"
                )
        continued = self.path / "continued.json"
        if continued.is_file():
            config["training"] = {**config.get("training", {}), **read_json_object(continued)}
        return config

    def save_continuation(self, settings):
        """Write which settings of the training changed when it went on beyond its end.

        They lie in a file of their own: ``config.json`` is what the run is locked by.

        Args:
            settings: a dict of them.
        """
        self._write_json("continued.json", settings)

    def spec(self):
        """Read what travels with the model."""
        return ModelSpec.load(self.path / "spec.json")

    def save_spec(self, spec):
        """Write what travels with the model.

        Args:
            spec: the `ModelSpec`.
        """
        spec.save(self.path / "spec.json")

    @property
    def has_split(self):
        """Whether it is on record which samples were trained on and which were held out."""
        return (self.path / "split.json").is_file()

    def split(self):
        """Read the saved assignment: split name to list of sample ids.

        Raises:
            ValueError: if it is damaged.
        """
        path = self.path / "split.json"
        split = read_json_object(path)
        for name, ids in split.items():
            if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
                raise ValueError(
                    f"Expected lists of sample ids by split name. Received: {path}, where "
                    f"{name!r} is something else"
                )
        return {name: [plain(id_) for id_ in ids] for name, ids in split.items()}

    def save_split(self, assignment):
        """Write the assignment of samples to splits.

        Args:
            assignment: name of each split to the list of its sample ids.
        """
        self._write_json("split.json", assignment)

    def data(self):
        """Read the digests of the samples' files: sample id to a dict; `None` for older runs.

        Raises:
            ValueError: if they are damaged.
        """
        path = self.path / "data.json"
        if not path.is_file():
            return None
        samples = read_json_object(path).get("samples")
        if not isinstance(samples, dict) or not all(
            isinstance(digests, dict) for digests in samples.values()
        ):
            raise ValueError(f"Expected digests by sample id. Received: {path}, without them")
        return samples

    def save_data(self, samples, accepted=()):
        """Write the digests of the samples' files.

        Args:
            samples: sample id to a dict.
            accepted: lines of text about changes of the data that the run went on with; those
                on record already are kept.
        """
        values = {"format_version": _FORMAT_VERSION}
        accepted = [*self.accepted_changes(), *accepted]
        if accepted:
            values["accepted_changes"] = accepted
        self._write_json("data.json", {**values, "samples": samples})

    def accepted_changes(self):
        """Return lines of text about changes of the data that the run went on with."""
        path = self.path / "data.json"
        lines = read_json_object(path).get("accepted_changes", []) if path.is_file() else []
        return [str(line) for line in lines] if isinstance(lines, list) else []

    def history(self):
        """Read the metrics of each epoch: a list of dicts of numbers, empty before the first.

        Raises:
            ValueError: if they are damaged.
        """
        return read_history(self.history_file)

    @property
    def monitor(self):
        """Name of the metric by which the best epoch was chosen."""
        return self.config().get("training", {}).get("monitor", DEFAULT_MONITOR)

    def best_epoch(self):
        """Return the metrics of the best epoch, a row of `history`; `None` if there is none."""
        history = self.history()
        best = best_epoch(history, self.monitor)
        return None if best is None else history[best]

    def _write_json(self, name, values):
        write_atomically(self.path / name, json.dumps(values, indent=2) + "\n")
