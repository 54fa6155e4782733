"""Keras models from run folders and files, ready to predict or to export."""

import keras
import numpy as np
import tensorflow as tf

from segtf import signatures
from segtf.inference.formats.format import ModelPath
from segtf.inference.heads import heads_of, of_no_images
from segtf.inference.logits import logits_model, output_meaning
from segtf.inference.meaning import (
    CLASS_IDS,
    PROBABILITIES,
    UNCLEAR,
    not_probabilities,
)
from segtf.inference.specs import adapt_spec, check_spec, make_spec, num_channels
from segtf.models.keras_file import read_keras_file
from segtf.runs import Run
from segtf.tasks.semantic.foreign import OutputCheck, check_class_ids

_SOME_SIZE = (256, 256)


class KerasFormat:
    """Runs, ``.keras`` files and models in memory."""

    name, title = "keras", "Keras"

    def matches(self, given):
        """Return the `ModelPath` of a model in memory, a run's best model or a ``.keras`` file."""
        if isinstance(given, keras.Model):
            return ModelPath(self, None, model=given, brings_labels=False)
        if not isinstance(given, Run) and Run.is_run(given):
            given = Run(given)
        if isinstance(given, Run):
            return ModelPath(self, given.require_model(), given)
        if given.suffix != ".keras":
            return None
        run = Run(given.parent) if Run.is_run(given.parent) else None
        return ModelPath(self, given, run, brings_labels=run is not None)

    def details(self, found):
        """Return its spec, ``dynamic_size``, and of ``provenance`` its name and parameters.

        The size of a model that takes any is ``[None, None]``, where no run says another.
        """
        size = None
        if found.run is None:
            found = found._replace(model=_given(found))
            size = _SOME_SIZE if _takes_any_size(found.model) else None
        model, spec, _ = load_keras(found, size=size)
        details = {**spec.to_dict(), "dynamic_size": _takes_any_size(model)}
        if size is not None:
            details["size"] = [None, None]
        origin = {"model": model.name, "parameters": model.count_params()}
        return {**details, "provenance": origin}

    def open(self, found, **asked):
        """Return a `KerasBackend`."""
        return KerasBackend(*load_keras(found, **asked))


class KerasBackend:
    """Runs a Keras model that gives logits, or class ids.

    Args:
        model: what `segtf.inference.logits.logits_model` returned.
        spec: its `ModelSpec`.
        reader: `KerasReader` of a model of one's own, which looks at what it gives; by default
            that is logits for sure.
    """

    def __init__(self, model, spec, reader=None):
        self.model = model
        self.spec = spec
        self.heads = heads_of(spec, signatures.LOGITS if reader is None else reader.gives)
        self._reader = reader
        pixels = tf.TensorSpec((None, *spec.size, spec.channels), tf.float32)
        self._outputs = tf.function(
            lambda pixels: model(pixels, training=False)
        ).get_concrete_function(pixels)

    def __call__(self, pixels):
        """Return the logits, or the class ids, of a batch of pixels."""
        if not len(pixels):  # which oneDNN answers with a wrong shape
            return of_no_images(self.heads)
        outputs = self._outputs(tf.cast(pixels, tf.float32)).numpy()
        (name,) = self.heads
        return {name: outputs if self._reader is None else self._reader(outputs, self.spec.labels)}


class KerasReader:
    """Looks at what a Keras model gives, where its graph does not show that it is logits.

    Args:
        meaning: what the graph shows, or the caller says where it does not show it: one of
            `segtf.inference.meaning`.
        channels: channels that the model itself gives.

    Attributes:
        gives: name of the head that comes out, ``logits`` or ``class_ids``.
    """

    def __init__(self, meaning, channels):
        self.gives = signatures.CLASS_IDS if meaning == CLASS_IDS else signatures.LOGITS
        self._are_probabilities = meaning == PROBABILITIES
        self._check = OutputCheck(channels, is_difference=channels == 2)

    def __call__(self, outputs, labels):
        """Return a batch of outputs: float32 logits, or uint8 class ids of these labels.

        Raises:
            ValueError: for class ids that no class has, or what may be no logits.
        """
        if self.gives == signatures.CLASS_IDS:
            return check_class_ids(outputs, labels)
        if not self._are_probabilities:
            self._check(outputs)
        elif np.isnan(outputs).any():
            raise not_probabilities("values outside 0..1")
        return outputs


def load_keras(found, labels=None, resize=None, threshold=None, size=None, outputs=None):
    """Return a Keras model that gives logits, or class ids, and its spec.

    Args:
        found: `ModelPath` of a run's model, a ``.keras`` file (within a run folder: of that run's
            spec) or a `keras.Model`.
        labels: `LabelMap` in place of the one that it brings, or of ``class_0``, ``class_1``, ...
        resize: ``stretch``, ``letterbox`` or ``crop`` in place of the rule that it brings.
        threshold: probability, 0..1, in place of the one that it brings.
        size: height and width to work at, for a model that takes any size.
        outputs: ``logits`` or ``probabilities``, where its graph does not show what it gives.

    Returns:
        `keras.Model`, `ModelSpec`, and a `KerasReader`, or `None` for a model that gives logits
        for sure.

    Raises:
        ValueError: for a model of another format, a file that is no Keras model, or arguments
            that do not fit.
    """
    if found.format.name != KerasFormat.name:
        raise ValueError(
            f"Expected a run folder, a .keras file or a keras.Model. Received: {found.path}"
        )
    given = _given(found)
    model = logits_model(given, outputs)
    reader = _reader(given, outputs, found)
    spec = None if found.run is None else found.run.spec()
    asked = {"labels": labels, "resize": resize, "threshold": threshold, "size": size}
    shape = tuple(model.inputs[0].shape[1:])
    if reader is not None and reader.gives == signatures.CLASS_IDS:
        channels = num_channels(labels or (spec and spec.labels))
    else:
        channels = model.outputs[0].shape[-1]
    if spec is None:
        return model, make_spec(shape, channels, **asked), reader
    spec = adapt_spec(spec, **asked)
    check_spec(spec, shape, channels)
    return model, spec, reader


def _given(found):
    """The model as it was given or saved."""
    return read_keras_file(found.path) if found.model is None else found.model


def _takes_any_size(model):
    return None in model.inputs[0].shape[1:3]


def _reader(model, outputs, found):
    meaning, shown = output_meaning(model, outputs), output_meaning(model)
    if meaning == UNCLEAR and found.best_of is not None:
        return None  # what segtf's losses train gives logits
    if meaning in (CLASS_IDS, UNCLEAR) or (meaning == PROBABILITIES != shown):
        return KerasReader(meaning, model.outputs[0].shape[-1])
    return None
