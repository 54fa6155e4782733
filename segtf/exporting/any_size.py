"""A model of one size as a model of any size."""

from segtf.inference.model_path import find_model
from segtf.models import build_model, ensemble


def at_any_size(model, model_or_run):
    """Return a model that takes images of any height and width, with the weights of `model`.

    Args:
        model: `keras.Model` in float32 that gives logits.
        model_or_run: what `segtf.export` was given. A run says how its model is built, so that
            it can be built anew.

    Raises:
        ValueError: for a model of one size that does not come from a run.
    """
    _, height, width, channels = model.inputs[0].shape
    if (height, width) == (None, None):
        return model
    run = find_model(model_or_run).best_of
    if run is None:
        raise ValueError(
            "Expected a run, or a model whose input is (None, None, channels), for pixel "
            f"signatures of any size. Received: a model of input {(height, width, channels)}"
        )
    training = run.config()["training"]
    members = [
        build_model(
            training["model"],
            input_shape=(None, None, channels),
            num_classes=model.outputs[0].shape[-1],
            **training["model_settings"],
        )
        for _ in (run.held_out_of_folds() if run.has_folds else (None,))
    ]
    rebuilt = ensemble(members, name=model.name) if run.has_folds else members[0]
    rebuilt.set_weights(model.get_weights())
    return rebuilt
