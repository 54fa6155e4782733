"""What the encoder of a model that is trained begins with."""

from dataclasses import replace

from segtf.models import find_model
from segtf.training.config import DEFAULT_MODEL

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
    """Return the settings for the builder of a model, its encoder's weights among them."""
    if config.encoder_weights is None:
        return config.model_settings
    return {**config.model_settings, "encoder_weights": config.encoder_weights}


def say_encoder_weights(config, on_message):
    """What an encoder begins with decides much on small data."""
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
