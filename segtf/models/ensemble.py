"""Several models as one."""

import math

import keras
from keras import layers, ops

from segtf.models.blocks import image_input

_LIMIT = 16.0
"""Logits beyond it are certain: float32 tells no more, and int8 has 256 steps for all of them."""


def ensemble(models, activation, name="ensemble"):
    """Return a model whose probabilities are the mean of those of several models.

    Args:
        models: `keras.Model`s of one shape, from pixels 0..255 `(B, H, W, C)` to logits
            `(B, H, W, K)`. They are part of the model that comes out.
        activation: what makes probabilities of these logits: ``sigmoid``, of each by itself, or
            ``softmax``, of all K together.
        name: of that model.

    Returns:
        A `keras.Model` of the same shapes. It gives logits, too: what `activation` makes
        of them is the mean.

    Raises:
        ValueError: for fewer than two models, models of different shapes, or another activation.

    Example:

    >>> from segtf.models import unet
    >>> members = [unet((16, 16, 3), base_filters=2, depth=1) for _ in range(3)]
    >>> ensemble(members, "sigmoid").output_shape
    (None, 16, 16, 1)
    """
    shapes = {(model.input_shape, model.output_shape) for model in models}
    if len(models) < 2 or len(shapes) != 1:
        raise ValueError(
            "Expected two models or more, of one shape. "
            f"Received: {len(models)} of {sorted(map(str, shapes))}"
        )
    if activation not in ("sigmoid", "softmax"):
        raise ValueError(f"Expected activation as sigmoid or softmax. Received: {activation!r}")
    pixels = image_input(models[0].input_shape[1:])
    members = [
        keras.Model(model.inputs[0], model.outputs[0], name=f"member{index}")
        for index, model in enumerate(models)
    ]
    logits = [member(pixels) for member in members]
    if activation == "sigmoid":
        logits = [ops.clip(one, -_LIMIT, _LIMIT) for one in logits]
        chances = layers.Average(name="chance")([ops.sigmoid(one) for one in logits])
        against = layers.Average(name="chance_against")([ops.sigmoid(-one) for one in logits])
        mean = ops.log(chances) - ops.log(against)
    else:
        chances = layers.Average(name="chance")([ops.softmax(one) for one in logits])
        mean = ops.log(ops.maximum(chances, math.exp(-_LIMIT)))
    return keras.Model(pixels, mean, name=name)
