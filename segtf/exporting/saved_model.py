"""SavedModels in the version folders that TensorFlow Serving watches."""

import json
from pathlib import Path

import tensorflow as tf

from segtf import signatures
from segtf.exporting.graphs import signature_functions


def next_version(directory):
    """Return the path of the version folder after the newest one in `directory`."""
    taken = [int(path.name) for path in Path(directory).glob("[0-9]*") if path.name.isdecimal()]
    return Path(directory) / str(max(taken, default=0) + 1)


def write_saved_model(model, spec, folder, provenance):
    """Write a SavedModel that needs TensorFlow and nothing else.

    Args:
        model: `keras.Model` that gives logits.
        spec: its `ModelSpec`, kept beside the graph.
        folder: where to.
        provenance: dict for JSON, kept with the spec.
    """
    module = tf.Module()
    # The variables themselves, and not the Keras model: no Keras is needed to load them.
    module.variables_of_model = [variable.value for variable in model.variables]
    functions = signature_functions(model, spec)
    concrete = {name: function.get_concrete_function() for name, function in functions.items()}
    tf.saved_model.save(module, str(folder), signatures=concrete)
    asset = Path(folder) / signatures.SPEC_ASSET
    asset.parent.mkdir(exist_ok=True)
    asset.write_text(json.dumps({**spec.to_dict(), "provenance": provenance}, indent=2) + "\n")
