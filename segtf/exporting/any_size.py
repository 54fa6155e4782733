"""A model of one size as a model of any size."""

import keras
import numpy as np

from segtf.inference.formats import find_model
from segtf.models import build_model, ensemble
from segtf.models.blocks import crop_like, image_input, pad_to_multiple
from segtf.signatures import LOGITS
from segtf.tasks.choice import task_of

_STRIDES = (1, 2, 4, 8, 16, 32, 64)


def at_any_size(model, model_or_run):
    """Return a model that takes images of any height and width, with the weights of `model`.

    Args:
        model: `keras.Model` in float32 that gives logits.
        model_or_run: what `segtf.export` was given. A run that says how its model is built has it
            built anew; the layers of any other model are called on images of other sizes.

    Raises:
        ValueError: for a model that works at its own size alone.
    """
    _, height, width, channels = model.inputs[0].shape
    if (height, width) == (None, None):
        return model
    run = find_model(model_or_run).best_of
    training = {} if run is None else run.config().get("training", {})
    if not {"model", "model_settings"} <= training.keys():
        return _called_anew(model)
    members = [
        build_model(
            training["model"],
            input_shape=(None, None, channels),
            num_classes=model.outputs[0].shape[-1],
            **training["model_settings"],
        )
        for _ in (run.held_out_of_folds() if run.has_folds else (None,))
    ]
    rebuilt = members[0]
    if run.has_folds:
        spec = run.spec()
        activation = task_of(spec).texts(spec)[LOGITS].activation
        rebuilt = ensemble(members, activation, name=model.name)
    rebuilt.set_weights(model.get_weights())
    return rebuilt


def _called_anew(model):
    """The same layers on an image of any size, padded to what they can halve and double again."""
    _, height, width, channels = model.inputs[0].shape
    pixels = image_input((None, None, channels))
    for stride in _STRIDES:
        if height % stride or width % stride:
            break
        try:
            padded = pad_to_multiple(pixels, stride) if stride > 1 else pixels
            logits = keras.models.clone_model(model, input_tensors=padded)(padded)
            logits = crop_like(logits, pixels) if stride > 1 else logits
            anew = keras.Model(pixels, logits, name=model.name)
            anew.set_weights(model.get_weights())
            larger = np.zeros((1, height + stride, width + stride, channels), np.float32)
            if anew(larger).shape[1:3] == larger.shape[1:3]:
                return anew
        except Exception:  # each layer has its own way to say that sizes do not fit
            continue
    raise ValueError(
        "Expected a model that works at any size, or a run that says how its model is built, for "
        f"pixels of any size. Received: a model of input {(height, width, channels)}, whose "
        "layers fit no other"
    )
