"""Keras models from run folders and files, ready to predict or to export."""

import numpy as np

from segtf.inference.logits import logits_model, output_meaning
from segtf.inference.meaning import (
    CLASS_IDS,
    PROBABILITIES,
    UNCLEAR,
    OutputCheck,
    check_class_ids,
    not_probabilities,
)
from segtf.inference.model_path import KERAS, find_model
from segtf.inference.specs import adapt_spec, check_spec, make_spec, num_channels
from segtf.models.keras_file import read_keras_file


class KerasReader:
    """Looks at what a Keras model gives, where its graph does not show that it is logits.

    Args:
        meaning: what the graph shows, or the caller says where it does not show it: one of
            `segtf.inference.meaning`.
        channels: channels that the model itself gives.
    """

    def __init__(self, meaning, channels):
        self.gives_class_ids = meaning == CLASS_IDS
        self._are_probabilities = meaning == PROBABILITIES
        self._check = OutputCheck(channels, is_difference=channels == 2)

    def __call__(self, outputs, labels):
        """Return a batch of outputs: float32 logits, or uint8 class ids of these labels.

        Raises:
            ValueError: for class ids that no class has, or what may be no logits.
        """
        if self.gives_class_ids:
            return check_class_ids(outputs, labels)
        if not self._are_probabilities:
            self._check(outputs)
        elif np.isnan(outputs).any():
            raise not_probabilities("values outside 0..1")
        return outputs


def load_keras(path_or_model, labels=None, resize=None, threshold=None, size=None, outputs=None):
    """Return a Keras model that gives logits, or class ids, and its spec.

    Args:
        path_or_model: a run folder (or `Run`), a ``.keras`` file (within a run folder:
            of that run's spec) or a `keras.Model`.
        labels: likewise `resize`, `threshold`, `size` and `outputs`, as `segtf.load` takes them.

    Returns:
        `keras.Model`, `ModelSpec`, and a `KerasReader`, or `None` for a model that gives logits
        for sure.

    Raises:
        ValueError: for a run that has no model yet, a file that is no Keras model, or arguments
            that do not fit.
    """
    found = find_model(path_or_model)
    if found.kind != KERAS:
        raise ValueError(
            f"Expected a run folder, a .keras file or a keras.Model. Received: {found.path}"
        )
    given = path_or_model if found.path is None else read_keras_file(found.path)
    model = logits_model(given, outputs)
    reader = _reader(given, outputs, found)
    spec = None if found.run is None else found.run.spec()
    asked = {"labels": labels, "resize": resize, "threshold": threshold, "size": size}
    shape = tuple(model.inputs[0].shape[1:])
    if reader is not None and reader.gives_class_ids:
        channels = num_channels(labels or (spec and spec.labels))
    else:
        channels = model.outputs[0].shape[-1]
    if spec is None:
        return model, make_spec(shape, channels, **asked), reader
    spec = adapt_spec(spec, **asked)
    check_spec(spec, shape, channels)
    return model, spec, reader


def _reader(model, outputs, found):
    meaning, shown = output_meaning(model, outputs), output_meaning(model)
    if meaning == UNCLEAR and found.best_of is not None:
        return None  # what segtf's losses train gives logits
    if meaning in (CLASS_IDS, UNCLEAR) or (meaning == PROBABILITIES != shown):
        return KerasReader(meaning, model.outputs[0].shape[-1])
    return None
