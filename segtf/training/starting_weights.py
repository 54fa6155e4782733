"""Weights to start from, and layers that stay as they are."""

from pathlib import Path

from segtf.models.keras_file import read_keras_file
from segtf.runs import Run
from segtf.training.encoder import find_layers, layers_of


def init_from(model, path):
    """Copy weights of another model, layer by layer, where names and shapes agree.

    Args:
        model: a `keras.Model`, changed in place.
        path: a run folder or a ``.keras`` file.

    Returns:
        Names of the layers of `model` that keep their own initial weights.

    Raises:
        ValueError: if there is no model, or no layer of it fits.
    """
    file = Run.open(path).require_model() if Path(path).is_dir() else Path(path)
    others = {layer.name: layer for layer in layers_of(read_keras_file(file))}
    layers = [layer for layer in layers_of(model) if layer.weights]
    fresh = []
    for layer in layers:
        other = others.get(layer.name)
        if other is not None and _shapes(other) == _shapes(layer):
            layer.set_weights(other.get_weights())
        else:
            fresh.append(layer.name)
    if len(fresh) == len(layers):
        raise ValueError(
            "Expected a model to start from that shares layers (names and shapes) with "
            f"{model.name!r}. Received: {path}, which shares none"
        )
    return fresh


def freeze(model, prefixes):
    """Keep layers from being trained; their batch normalisation uses its statistics.

    Args:
        model: a `keras.Model`, changed in place; to be compiled after this.
        prefixes: beginnings of the names of the layers.

    Raises:
        ValueError: for a prefix that fits no layer, or if nothing is left to train.
    """
    for prefix in prefixes:
        for layer in find_layers(model, prefix):
            layer.trainable = False
    if not model.trainable_weights:
        raise ValueError(
            f"Expected layers to be left to train. Received: freeze={tuple(prefixes)}, all of them"
        )


def _shapes(layer):
    return [tuple(weight.shape) for weight in layer.weights]
