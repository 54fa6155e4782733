"""The graph of a Keras model, as `segtf.inference.meaning` follows it."""

import keras
import tensorflow as tf

from segtf.compat import calls_of, maker_of
from segtf.inference.meaning import (
    ARITHMETIC,
    BLEND,
    IDS,
    SAME,
    SCORES,
    SIGMOID,
    SOFTMAX,
    UNKNOWN,
    Step,
    find_meaning,
    reshaped_axis,
)

_NOTHING_CHANGED = {
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout"),
    *("GaussianDropout", "GaussianNoise", "Identity", "ActivityRegularization"),
    *("StopGradient", "Copy", "ConvertToTensor"),
}
_SAME = {
    *("UpSampling2D", "Resizing", "Cropping2D", "ZeroPadding2D", "CenterCrop"),
    *("MaxPooling2D", "AveragePooling2D", "MaxPool", "AveragePool"),
    *("Resize", "PadImages", "CropImages", "Pad"),
    *("CropLike2D", "PadToMultiple2D", "BilinearUpsampling2D"),
}
_RESHAPES = {"Reshape", "Squeeze", "ExpandDims", "DepthToSpace", "GetItem"}
_BLENDS = {"Average", "Maximum", "Minimum", "Multiply", "Concatenate"}
_ARITHMETIC = {"Add", "Subtract", "Divide", "TrueDivide", "Negative", "Rescaling"}
_SCORES = {
    *("Conv2D", "Conv2DTranspose", "SeparableConv2D", "DepthwiseConv2D", "Dense", "EinsumDense"),
    *("Conv", "ConvTranspose", "SeparableConv", "DepthwiseConv", "Matmul", "LogSoftmax"),
    *("BatchNormalization", "LayerNormalization", "GroupNormalization"),
}
_IDS = {"Argmax", "Greater", "GreaterEqual", "Less", "LessEqual"}
_SIGMOIDS = (keras.activations.sigmoid, tf.sigmoid)
_SOFTMAXES = (keras.activations.softmax, tf.nn.softmax)


def keras_meaning(tensor):
    """Return what an output of a Keras model means, one of `segtf.inference.meaning`.

    Args:
        tensor: a symbolic tensor, classes last.
    """
    if not keras.backend.is_float_dtype(tensor.dtype):
        return find_meaning("ids", 0, {"ids": Step(IDS)}.get)
    return find_meaning(_Place(tensor), len(tensor.shape) - 1, _step)


def producer(tensor):
    """Return the operation that gives a symbolic tensor, and the tensors that it takes."""
    operation, call, _ = maker_of(tensor)
    calls = calls_of(operation)
    return operation, calls[call].input_tensors if calls else []


def changes_nothing(operation):
    """Whether an operation gives what it takes, but for its precision, once training is over."""
    name = _name(operation)
    if name == "Cast":
        return keras.backend.is_float_dtype(operation.dtype)
    if name == "Activation":
        return operation.activation is keras.activations.linear
    return name in _NOTHING_CHANGED


def gives_probabilities(operation, output):
    """Return ``sigmoid`` or ``softmax`` for an operation that ends in one, else `None`.

    Args:
        operation: a layer or another operation.
        output: the symbolic tensor that it gives.
    """
    name, activation = _name(operation), getattr(operation, "activation", None)
    if name == "Sigmoid" or activation in _SIGMOIDS:
        return SIGMOID
    if name == "Softmax" or activation in _SOFTMAXES:
        return SOFTMAX if output.shape[-1] != 1 else None  # of one channel it is 1 everywhere
    return None


def softmax_axis(operation, output):
    """Return the axis of a softmax, counted from 0, or `None` for more than one."""
    axis = operation.axis if _name(operation) == "Softmax" else -1
    return axis % len(output.shape) if isinstance(axis, int) else None


class _Place:
    """A tensor within a model, which may be a layer of another one.

    Args:
        tensor: a symbolic tensor.
        inputs: the `_Place`s that the inputs of its model stand for, by the tensors' identities.
    """

    def __init__(self, tensor, inputs=None):
        self.tensor = tensor
        self.inputs = {} if inputs is None else inputs

    def __hash__(self):
        return id(self.tensor)

    def __eq__(self, other):
        return self.tensor is other.tensor and self.inputs is other.inputs


def _step(place):
    output = place.tensor
    if id(output) in place.inputs:
        return Step(SAME, (place.inputs[id(output)],))
    operation, before = producer(output)
    places = tuple(_Place(tensor, place.inputs) for tensor in before)
    if isinstance(operation, keras.Model):
        return _step_into(operation, output, places)
    if not places or not _is_known(operation):
        return Step(UNKNOWN)
    if changes_nothing(operation):
        return Step(SAME, places)
    name, ending = _name(operation), gives_probabilities(operation, output)
    if ending is not None:
        return Step(ending, places, softmax_axis(operation, output))
    if name in ("Softmax", "Activation") or not _is_linear(operation):
        return Step(UNKNOWN)
    return _step_of_name(name, operation, output, places)


def _step_into(model, output, places):
    """Into a model that is a layer: to its own output, and by its inputs out again."""
    *_, index = maker_of(output)
    inner = getattr(model, "outputs", None)
    if not inner or len(model.inputs) != len(places):
        return Step(UNKNOWN)
    inputs = {id(tensor): place for tensor, place in zip(model.inputs, places, strict=True)}
    return Step(SAME, (_Place(inner[index], inputs),))


def _step_of_name(name, operation, output, places):
    shape = places[0].tensor.shape
    if name == "GetItem" and len(output.shape) == len(shape):
        return Step(SAME, places)
    if name in _RESHAPES:
        return Step(SAME, places, axis_before=reshaped_axis(shape, output.shape))
    if name in ("Permute", "Transpose"):
        order = getattr(operation, "axes", None) or (0, *getattr(operation, "dims", ()))
        is_whole = len(order) == len(shape)
        return Step(SAME, places, axis_before=lambda axis: order[axis] if is_whole else None)
    if name in _SAME:
        return Step(SAME, places[:1])
    if name in _BLENDS and len(places) > 1:
        return Step(BLEND, places)
    if name in _BLENDS or name in _ARITHMETIC:
        return Step(ARITHMETIC, places)
    if name in _SCORES:
        return Step(SCORES)
    return Step(IDS if name in _IDS else UNKNOWN)


def _is_known(operation):
    """Whether it is one of Keras or of segtf; one of the user's may do anything."""
    return type(operation).__module__.split(".")[0] in ("keras", "segtf")


def _is_linear(operation):
    return getattr(operation, "activation", None) in (None, keras.activations.linear)


def _name(operation):
    return type(operation).__name__ if _is_known(operation) else ""
