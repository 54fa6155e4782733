"""Any Keras segmentation model as one that gives logits."""

import keras

_PROBABILITY_ACTIVATIONS = ("sigmoid", "softmax")


def logits_model(model):
    """Return a model of the same weights as `model` that gives float32 logits.

    A final sigmoid or softmax is taken off, whether it is a layer, an operation or the
    ``activation`` of the last layer. Two output channels become the one logit of a binary task:
    their difference. A last layer of a class of the user's own cannot be looked into: it has to
    give logits.

    Args:
        model: `keras.Model` of one image input and one output `(B, H, W, K)`, channels last.

    Raises:
        ValueError: for other inputs or outputs.
    """
    _check(model)
    pixels, outputs = model.inputs[0], _without_activation(model.outputs[0])
    if outputs.shape[-1] == 2:
        outputs = outputs[..., 1:] - outputs[..., :1]
    outputs = keras.ops.cast(outputs, "float32") if outputs.dtype != "float32" else outputs
    return model if outputs is model.outputs[0] else keras.Model(pixels, outputs, name=model.name)


def _check(model):
    if not getattr(model, "inputs", None):
        raise ValueError(
            "Expected a functional or sequential model, or a model built by a first call. "
            f"Received: {model!r}, whose inputs are not known"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            "Expected a model of one input and one output. "
            f"Received: {len(model.inputs)} inputs and {len(model.outputs)} outputs"
        )
    for what, tensor in (("input", model.inputs[0]), ("output", model.outputs[0])):
        if len(tensor.shape) != 4 or tensor.shape[-1] is None:
            raise ValueError(
                f"Expected a model whose {what} is (batch, height, width, channels), the number "
                f"of channels being known. Received: {tensor.shape}"
            )


def _without_activation(tensor):
    """The tensor before the sigmoid or softmax that gives `tensor`, or `tensor` itself."""
    operation, node_index, _ = tensor._keras_history
    before = operation._inbound_nodes[node_index].input_tensors[0]
    if isinstance(operation, keras.Model) and len(operation.outputs) == 1:
        logits = _without_activation(operation.outputs[0])
        if logits is operation.outputs[0]:
            return tensor
        return keras.Model(operation.inputs, logits, name=operation.name)(before)
    name = type(operation).__name__.lower()
    if name in _PROBABILITY_ACTIVATIONS or (
        name == "activation" and _ends_in_probabilities(operation)
    ):
        return before
    if _ends_in_probabilities(operation):
        return _with_linear_activation(operation, before.shape)(before)
    return tensor


def _ends_in_probabilities(layer):
    activation = getattr(layer, "activation", None)
    return activation in (keras.activations.sigmoid, keras.activations.softmax)


def _with_linear_activation(layer, input_shape):
    copy = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    copy.build(input_shape)
    copy.set_weights(layer.get_weights())
    return copy
