"""What a path or an object is a model of: the one place that tells."""

from pathlib import Path
from typing import NamedTuple

import keras

from segtf.runs import Run
from segtf.version_folders import newest_version

KERAS, SAVED_MODEL, TFLITE, ONNX = "keras", "saved_model", "tflite", "onnx"


class ModelPath(NamedTuple):
    """Where a model lies.

    Args:
        kind: ``keras``, ``saved_model``, ``tflite`` or ``onnx``.
        path: the file, or the version folder of a SavedModel; `None` for a `keras.Model`.
        run: the `Run` whose folder holds the ``.keras`` file, or `None`.
    """

    kind: str
    path: Path | None
    run: Run | None = None

    @property
    def best_of(self):
        """The `Run` that this is the best model of, or `None`."""
        return self.run if self.run is not None and self.path == self.run.best_model else None

    @property
    def brings_labels(self):
        """Whether a spec with class names lies beside a Keras model; files are asked themselves."""
        return self.kind != KERAS or self.run is not None


def find_model(path_or_model):
    """Return the `ModelPath` of whatever `segtf.load` takes.

    Args:
        path_or_model: a run folder (or `Run`), a ``.keras``, ``.tflite`` or ``.onnx`` file, a
            SavedModel folder or the folder of its versions, or a `keras.Model`.

    Raises:
        ValueError: for something else, for what is not there, or a run without a model.
    """
    if isinstance(path_or_model, keras.Model):
        return ModelPath(KERAS, None)
    if isinstance(path_or_model, Run):
        return ModelPath(KERAS, path_or_model.require_model(), path_or_model)
    if not isinstance(path_or_model, str | Path):
        raise ValueError(
            "Expected a model: a path, a run or a keras.Model. "
            f"Received: {type(path_or_model).__name__}"
        )
    path = Path(path_or_model)
    if not path.exists():
        raise ValueError(f"Expected a model. Received: {path}, which does not exist")
    if Run.is_run(path):
        run = Run(path)
        return ModelPath(KERAS, run.require_model(), run)
    if path.suffix == ".keras":
        run = Run(path.parent) if Run.is_run(path.parent) else None
        return ModelPath(KERAS, path, run)
    if path.suffix in (".tflite", ".onnx") and path.is_file():
        return ModelPath(path.suffix[1:], path)
    if version := newest_version(path):
        return ModelPath(SAVED_MODEL, version)
    raise ValueError(
        "Expected a run folder, a .keras file, a SavedModel folder, a .tflite or an .onnx file. "
        f"Received: {path}"
    )
