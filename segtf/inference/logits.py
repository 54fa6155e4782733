"""Any Keras segmentation model as one that gives logits."""

import keras

from segtf.inference.keras_graph import (
    changes_nothing,
    gives_probabilities,
    keras_meaning,
    producer,
    softmax_axis,
)
from segtf.inference.meaning import (
    CLASS_IDS,
    LOGITS,
    OUTPUTS,
    PROBABILITIES,
    SOFTMAX,
)
from segtf.tasks.semantic.foreign import as_head, logits_of

_MARGIN = 0.1


def logits_model(model, outputs=None):
    """Return a model of the same weights as `model` that gives float32 logits, or class ids.

    A final sigmoid or softmax is taken off, whether it is a layer, an operation or the
    ``activation`` of the last layer. Where something follows it that changes values, such as a
    resize, what comes out is turned into logits. Two output channels become the one logit of a
    binary task: their difference. Class ids, of a final argmax or comparison, stay as they are,
    `(B, H, W)`.

    Args:
        model: `keras.Model` of one image input and one output `(B, H, W, K)`, channels last; class
            ids may also be `(B, H, W)`.
        outputs: ``logits`` or ``probabilities``, where the caller knows what the model gives: the
            former is then taken as it is, whatever the graph shows. By default the graph decides.

    Raises:
        ValueError: for other inputs or outputs, or for ``probabilities`` of a model that ends
            in a layer without an activation.
    """
    meaning = output_meaning(model, outputs)
    pixels, given = model.inputs[0], model.outputs[0]
    if meaning == CLASS_IDS:
        result = given[..., 0] if len(given.shape) == 4 else given
    else:
        result = given if outputs == LOGITS else _without_activation(given)
        if meaning == PROBABILITIES and result is given:
            result = _logits_of(given, is_proven=outputs is None)
        result = as_head(result)
        result = keras.ops.cast(result, "float32") if result.dtype != "float32" else result
    if result is given and _is_plain(model):
        return model
    return keras.Model(pixels, result, name=model.name)


def output_meaning(model, outputs=None):
    """Return what a Keras model gives: one of the constants of `segtf.inference.meaning`.

    Args and errors are those of `logits_model`.
    """
    if outputs not in (None, *OUTPUTS):
        raise ValueError(f"Expected outputs as one of {OUTPUTS}. Received: {outputs!r}")
    _check_ports(model)
    found = keras_meaning(model.outputs[0])
    if outputs is not None and found == CLASS_IDS:
        raise ValueError(
            f"Expected no outputs={outputs!r} for a model that gives class ids. Received: "
            f"{model.name!r}, which ends in {_last_name(model)}"
        )
    if outputs == PROBABILITIES and found == LOGITS:
        raise ValueError(
            "Expected a model that gives probabilities, as outputs='probabilities' says. "
            f"Received: {model.name!r}, which ends in {_last_name(model)} without an activation"
        )
    _check_shape(model.outputs[0], found)
    return outputs or found


def _is_plain(model):
    """Whether it takes a tensor and gives one, not a list or dict of one."""
    if isinstance(model, keras.Sequential):
        return True
    return not any(isinstance(one, dict | list | tuple) for one in (model.input, model.output))


def _last_name(model):
    return type(producer(model.outputs[0])[0]).__name__


def _check_ports(model):
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise ValueError(
            "Expected a functional or sequential model. One of a class of its own becomes one by "
            "pixels = keras.Input((height, width, channels)); keras.Model(pixels, model(pixels)). "
            f"Received: {type(model).__name__} {getattr(model, 'name', '')!r}, whose inputs are "
            "not known"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            "Expected a model of one input and one output, such as keras.Model(model.inputs, "
            f"model.outputs[0]). Received: {len(model.inputs)} inputs and {len(model.outputs)} "
            "outputs"
        )
    shape = model.inputs[0].shape
    if len(shape) != 4 or shape[-1] is None:
        raise ValueError(
            "Expected a model whose input is (batch, height, width, channels), the number of "
            f"channels being known. Received: {shape}"
        )
    if shape[1] in (1, 3) and shape[-1] not in (1, 2, 3, 4):
        raise ValueError(
            "Expected channels last, (batch, height, width, channels): keras.layers.Permute((3, "
            f"1, 2)) in front and Permute((2, 3, 1)) behind turn them. Received: input {shape}"
        )


def _check_shape(output, meaning):
    if meaning == CLASS_IDS and (len(output.shape) == 3 or output.shape[3:] == (1,)):
        return
    if len(output.shape) != 4 or output.shape[-1] is None:
        raise ValueError(
            "Expected a model whose output is (batch, height, width, channels), the number of "
            f"channels being known. Received: {output.shape}"
        )


def _without_activation(tensor):
    """The tensor before the sigmoid or softmax that gives `tensor`, or `tensor` itself."""
    operation, inputs = producer(tensor)
    if len(inputs) != 1:
        return tensor
    before = inputs[0]
    if isinstance(operation, keras.Model):
        if len(getattr(operation, "outputs", None) or ()) != 1:
            return tensor
        logits = _without_activation(operation.outputs[0])
        if logits is operation.outputs[0]:
            return tensor
        return keras.Model(operation.inputs, logits, name=operation.name)(before)
    if changes_nothing(operation):
        bare = _without_activation(before)
        return tensor if bare is before else bare
    ending = gives_probabilities(operation, tensor)
    if ending is None:
        return tensor
    if ending == SOFTMAX and softmax_axis(operation, tensor) != len(tensor.shape) - 1:
        return tensor
    if type(operation).__name__ in ("Sigmoid", "Softmax", "Activation"):
        return before
    return _with_linear_activation(operation, before.shape)(before)


def _with_linear_activation(layer, input_shape):
    copy = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    copy.build(input_shape)
    copy.set_weights(layer.get_weights())
    return copy


def _logits_of(chances, is_proven):
    """Logits of probabilities; NaN for what can be none, unless the graph proves that they are."""
    ops = keras.ops
    chances = ops.cast(chances, "float32")
    inside = ops.clip(chances, 0.0, 1.0)
    if not is_proven:
        inside = ops.where(ops.abs(chances - 0.5) <= 0.5 + _MARGIN, inside, float("nan"))
    return logits_of(inside, ops)
