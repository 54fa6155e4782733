"""What a model begins with: weights of its encoder or of another model, and frozen layers."""

from dataclasses import replace
from pathlib import Path

from segtf.models import find_model
from segtf.models.keras_file import read_keras_file
from segtf.runs import Run
from segtf.training.config import DEFAULT_MODEL
from segtf.training.encoder import find_layers, layers_of

_SHIPPED = "efficientnet-lite0"
"""The encoder whose weights of ImageNet come with segtf."""


def resolve_encoder_weights(config, channels):
    """Decide what ``auto`` means for a model and its images.

    Args:
        config: a `TrainConfig`.
        channels: channels of the images; weights are for those of 1, 3 and more.

    Returns:
        The `TrainConfig`, whose `encoder_weights` are not ``auto``.
    """
    if config.encoder_weights != "auto":
        return config
    settings = {**find_model(config.model).settings, **config.model_settings}
    is_shipped = settings.get("encoder") == _SHIPPED and "encoder_weights" not in settings
    return replace(config, encoder_weights="imagenet" if is_shipped and channels != 2 else None)


def model_settings(config):
    """Return the settings of a model's body, the weights of its encoder among them.

    Args:
        config: a `TrainConfig`, whose `encoder_weights` are not ``auto``.
    """
    if config.encoder_weights is None:
        return config.model_settings
    return {**config.model_settings, "encoder_weights": config.encoder_weights}


def say_encoder_weights(config, on_message):
    """Say what an encoder begins with, which decides much on small data.

    Args:
        config: a `TrainConfig`, whose `encoder_weights` are not ``auto``.
        on_message: called with the line, if the model has an encoder by name.
    """
    settings = {**find_model(config.model).settings, **model_settings(config)}
    if not settings.get("encoder"):
        return
    weights = settings.get("encoder_weights") or "random"
    if config.model == DEFAULT_MODEL and weights == "imagenet":
        on_message(
            f"model: {config.model} with ImageNet weights (the default; --model unet begins from "
            "nothing)"
        )
    else:
        on_message(f"encoder weights: {weights}")


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
