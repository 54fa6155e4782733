"""SavedModels with every signature, for TensorFlow Serving."""

import json
from pathlib import Path

import tensorflow as tf

from segtf import signatures
from segtf.exporting.saved_model.graphs import keeps_weights_as_constants, signature_functions
from segtf.exporting.saved_model.warmup import write_warmup


def write_saved_model(model, spec, folder, about, model_name):
    """Write a SavedModel that needs TensorFlow and nothing else.

    Args:
        model: `keras.Model` that gives logits.
        spec: its `ModelSpec`.
        folder: where to.
        about: what `segtf.exporting.provenance.details_of` returned.
        model_name: what the server calls it.
    """
    module = tf.Module()
    if not keeps_weights_as_constants(model):
        # The variables themselves, and not the Keras model: no Keras is needed to load them.
        module.variables_of_model = [variable.value for variable in model.variables]
    functions = signature_functions(model, spec, about["dynamic_size"])
    concrete = {name: function.get_concrete_function() for name, function in functions.items()}
    tf.saved_model.save(module, str(folder), signatures=concrete)
    asset = Path(folder) / signatures.SPEC_ASSET
    asset.parent.mkdir(exist_ok=True)
    asset.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    write_warmup(Path(folder) / signatures.WARMUP_ASSET, concrete, spec, model_name)
