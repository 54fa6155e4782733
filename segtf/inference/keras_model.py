"""Keras models from run folders and files, ready to predict or to export."""

from pathlib import Path

import keras

from segtf.inference.logits import logits_model
from segtf.inference.specs import adapt_spec, check_spec, make_spec
from segtf.models.keras_file import read_keras_file
from segtf.runs import Run


def load_keras(path_or_model, labels=None, resize=None, threshold=None, size=None):
    """Return a Keras model that gives logits, and its spec.

    Args:
        path_or_model: a run folder (or `Run`), a ``.keras`` file (within a run folder:
            of that run's spec) or a `keras.Model`.
        labels: likewise `resize`, `threshold` and `size`, as `segtf.load` takes them.

    Returns:
        `keras.Model` and `ModelSpec`.

    Raises:
        ValueError: for a run that has no model yet, a file that is no Keras model, or arguments
            that do not fit.
    """
    model, spec = _open(path_or_model)
    model = logits_model(model)
    asked = {"labels": labels, "resize": resize, "threshold": threshold, "size": size}
    shape, num_logits = tuple(model.inputs[0].shape[1:]), model.outputs[0].shape[-1]
    if spec is None:
        return model, make_spec(shape, num_logits, **asked)
    spec = adapt_spec(spec, **asked)
    check_spec(spec, shape, num_logits)
    return model, spec


def _open(path_or_model):
    if isinstance(path_or_model, keras.Model):
        return path_or_model, None
    path = path_or_model.path if isinstance(path_or_model, Run) else Path(path_or_model)
    if path.suffix != ".keras":
        run = Run.open(path)
        return read_keras_file(run.require_model()), run.spec()
    spec = Run(path.parent).spec() if Run.is_run(path.parent) else None
    return read_keras_file(path), spec
