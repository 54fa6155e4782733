"""segtf.load: a predictor from whatever a model was saved as."""

from pathlib import Path

import keras

from segtf import signatures
from segtf.inference.backends import (
    KerasBackend,
    OnnxBackend,
    SavedModelBackend,
    TFLiteBackend,
)
from segtf.inference.keras_model import load_keras
from segtf.inference.onnx_file import onnx_spec, open_onnx
from segtf.inference.predictor import Predictor
from segtf.inference.specs import adapt_spec
from segtf.inference.tflite_file import tflite_spec
from segtf.runs import Run
from segtf.spec import ModelSpec
from segtf.version_folders import newest_version


def load(path_or_model, labels=None, resize=None, threshold=None, size=None):
    """Return a predictor for a trained or exported model.

    A ``keras.Model`` or ``.keras`` file of your own has to take pixels 0..255; one that was
    trained on other values needs its scaling in front, for example
    ``keras.Sequential([keras.layers.Rescaling(1 / 255), model])``. A final sigmoid or softmax is
    taken off, since what is resized to the image's own size are logits.

    Args:
        path_or_model: a run folder (or `Run`), a ``.keras`` file, a `keras.Model`, a SavedModel
            folder that `segtf.export` wrote (``DIR/1``, or ``DIR`` for its newest version), a
            ``.tflite`` file, or an ``.onnx`` file (extra ``onnx``).
        labels: `LabelMap`, for a model that brings none; by default ``class_0``, ``class_1``, ...
            With a model that brings one, it replaces names and colours.
        resize: how an image is brought to the model's size: ``stretch``, ``letterbox`` or
            ``crop``. By default what the model brings, or ``stretch``.
        threshold: probability from which a pixel of a binary task is foreground. By default what
            the model brings, or 0.5.
        size: height and width to work at, for a model that takes any size.

    Returns:
        A `Predictor`: ``load(path)(image).mask`` is a uint8 array of class ids at the image's
        own size.

    Raises:
        ValueError: for something else than the above, or for arguments that do not fit it.

    Example:

    >>> import keras, numpy as np
    >>> pixels = keras.Input((32, 32, 3))
    >>> model = keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(pixels))
    >>> predict = load(model)
    >>> predict(np.zeros((40, 50, 3), "uint8")).mask.shape
    (40, 50)
    """
    asked = {"labels": labels, "resize": resize, "threshold": threshold, "size": size}
    if isinstance(path_or_model, keras.Model):
        return Predictor(KerasBackend(*load_keras(path_or_model, **asked)))
    path = path_or_model.path if isinstance(path_or_model, Run) else Path(path_or_model)
    if not path.exists():
        raise ValueError(f"Expected a model. Received: {path}, which does not exist")
    if Run.is_run(path) or path.suffix == ".keras":
        return Predictor(KerasBackend(*load_keras(path, **asked)))
    if path.suffix == ".tflite":
        return _load_tflite(path, asked)
    if path.suffix == ".onnx":
        session = open_onnx(path)
        return Predictor(OnnxBackend(session, onnx_spec(session, **asked)))
    if version := newest_version(path):
        return _load_saved_model(version, asked)
    raise ValueError(
        "Expected a run folder, a .keras file, a SavedModel folder, a .tflite or an .onnx file. "
        f"Received: {path}"
    )


def _load_saved_model(path, asked):
    asset = path / signatures.SPEC_ASSET
    if not asset.is_file():
        raise ValueError(
            "Expected a SavedModel that segtf.export wrote, with "
            f"{signatures.SPEC_ASSET} inside. Received: {path}"
        )
    return Predictor(SavedModelBackend(path, adapt_spec(ModelSpec.load(asset), **asked)))


def _load_tflite(path, asked):
    backend = TFLiteBackend(path, tflite_spec(path, **asked))
    if backend.gives_class_ids and asked["threshold"] is not None:
        raise ValueError(
            "Expected no threshold for a model that gives class ids: it has decided already. "
            f"Received: threshold={asked['threshold']}"
        )
    return Predictor(backend)
