"""Models as ``.keras`` files: in float32 where they are written, looked at before they are read."""

import json
import math
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras

from segtf.compat import calls_of, layers_within
from segtf.files import reading

_MOST_CONFIG_BYTES = 64 * 2**20
_MOST_PACKED = 100
"""How many times its size a file may unpack to; weights are hardly smaller when packed."""
_PLAIN_WEIGHT_BYTES = 2**28
_MOST_VALUES = 2**31
"""Largest output of a layer for one image, in numbers."""


def in_float32(model):
    """Return a model that was trained in mixed precision as it is saved and exported.

    Args:
        model: functional or sequential `keras.Model`.

    Returns:
        `model` itself if it computes in float32, else a float32 copy with the same weights.
    """
    layers = [layer for layer in layers_within(model) if not isinstance(layer, keras.Model)]
    if all(layer.compute_dtype == "float32" for layer in layers):
        return model
    copy = keras.models.clone_model(model, clone_function=_float32_layer, recursive=True)
    copy.set_weights(model.get_weights())
    return copy


def _float32_layer(layer):
    config = layer.get_config()
    if isinstance(layer, keras.layers.Layer):  # else an operation, which computes in what comes in
        config["dtype"] = "float32"
    return type(layer).from_config(config)


def read_keras_file(path):
    """Return the model of a ``.keras`` file, not compiled.

    Layers of segtf's own, known to Keras once `segtf.models` is imported, are read too. Code that
    a file may hold (`Lambda`) is not run.

    Args:
        path: the file.

    Returns:
        A `keras.Model`.

    Raises:
        ValueError: for a file that is missing, is no Keras model, is damaged, or would take many
            times the memory that its weights take.
    """
    path = Path(path)
    if not zipfile.is_zipfile(path):
        raise ValueError(f"Expected a .keras file. Received: {path}, which is none or is missing")
    with reading(path, "a .keras file"):
        _check_memory(path)
        model = keras.models.load_model(path, compile=False)
        if isinstance(model, keras.Model):
            _check_outputs(model)
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"Expected a .keras file of a model. Received: {path} of a {type(model).__name__}"
        )
    return model


def _check_memory(path):
    """Refuse settings that ask for far more weights than the file holds, before any is made."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        unpacked = {info.filename: info.file_size for info in archive.infolist()}
        if "config.json" not in unpacked:
            raise ValueError("it holds no Keras model")
        if sum(unpacked.values()) > _MOST_PACKED * max(size, 2**20):
            raise ValueError(f"it unpacks to {sum(unpacked.values()):,} bytes")
        if unpacked["config.json"] > _MOST_CONFIG_BYTES:
            raise ValueError(f"its settings take {unpacked['config.json']:,} bytes")
        config = json.loads(archive.read("config.json"))
    if 4 * _most_weights(config) <= max(_PLAIN_WEIGHT_BYTES, size):
        return
    with ThreadPoolExecutor(1) as threads:  # Keras keeps a list of variables in each thread
        needed = threads.submit(_count_weights, config).result()
    if needed > size:  # at least one byte a weight
        raise ValueError(f"its layers have {needed:,} weights, more than are in the file")


def _count_weights(config):
    """Build a model whose weights are not made, and count them."""
    with keras.StatelessScope(initialize_variables=False):
        return keras.saving.deserialize_keras_object(config).count_params()


def _most_weights(config):
    """How many weights its largest layer can have, by the numbers in its settings."""
    widths, sizes = [1], [1]
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        if not isinstance(value, dict):
            continue
        waiting.extend(value.values())
        width = max(_whole(value.get(name)) for name in ("filters", "units", "output_dim"))
        widths.append(width)
        sizes.append(width * _whole(value.get("kernel_size")) * _whole(value.get("input_dim")))
    return max(widths) * max(sizes)


def _whole(value):
    """A whole number, or the product of a list of them; 1 for anything else."""
    if isinstance(value, list):
        return math.prod(map(_whole, value))
    return abs(value) if isinstance(value, int) and value else 1


def _check_outputs(model):
    for layer in layers_within(model):
        for call in calls_of(layer):
            for tensor in call.output_tensors:
                values = math.prod(side for side in tensor.shape[1:] if side is not None)
                if values > _MOST_VALUES:
                    raise ValueError(f"layer {layer.name!r} gives {values:,} numbers an image")
