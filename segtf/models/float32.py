"""Models trained in mixed precision, as they are exported: in float32."""

import keras


def in_float32(model):
    """Return `model` if it computes in float32, else a float32 copy with the same weights.

    Args:
        model: functional or sequential `keras.Model`.
    """
    if all(layer.compute_dtype == "float32" for layer in _all_layers(model)):
        return model
    copy = keras.models.clone_model(model, clone_function=_float32_layer, recursive=True)
    copy.set_weights(model.get_weights())
    return copy


def _all_layers(model):
    return [layer for layer in model._flatten_layers() if not isinstance(layer, keras.Model)]


def _float32_layer(layer):
    config = layer.get_config()
    if isinstance(layer, keras.layers.Layer):  # else an operation, which computes in what comes in
        config["dtype"] = "float32"
    return type(layer).from_config(config)
