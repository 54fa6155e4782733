"""Ways of saving a model, one file each, and what a path is a model of."""

from pathlib import Path

import keras

from segtf.inference.formats.format import Format, ModelPath
from segtf.inference.formats.keras_model import KerasFormat
from segtf.inference.formats.onnx_file import OnnxFormat
from segtf.inference.formats.saved_model import SavedModelFormat
from segtf.inference.formats.tflite_file import TFLiteFormat
from segtf.runs import Run

KERAS, TFLITE, ONNX, SAVED_MODEL = KerasFormat(), TFLiteFormat(), OnnxFormat(), SavedModelFormat()
FORMATS: tuple[Format, ...] = (KERAS, TFLITE, ONNX, SAVED_MODEL)

__all__ = ["FORMATS", "KERAS", "ONNX", "SAVED_MODEL", "TFLITE", "ModelPath", "find_model"]


def find_model(path_or_model):
    """Return the `ModelPath` of whatever `segtf.load` takes.

    Args:
        path_or_model: a run folder (or `Run`), a ``.keras``, ``.tflite`` or ``.onnx`` file, a
            SavedModel folder or the folder of its versions, or a `keras.Model`.

    Raises:
        ValueError: for something else, for what is not there, or a run without a model.
    """
    given = path_or_model
    if not isinstance(given, keras.Model | Run):
        if not isinstance(given, str | Path):
            raise ValueError(
                "Expected a model: a path, a run or a keras.Model. "
                f"Received: {type(given).__name__}"
            )
        given = Path(given)
        if not given.exists():
            raise ValueError(f"Expected a model. Received: {given}, which does not exist")
    for format in FORMATS:
        found = format.matches(given)
        if found is not None:
            return found
    raise ValueError(
        "Expected a run folder, a .keras file, a SavedModel folder, a .tflite or an .onnx file. "
        f"Received: {given}"
    )
