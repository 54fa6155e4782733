"""The graph of a TFLite file, as `segtf.inference.meaning` follows it."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

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

_NAMES = {number: name for name, number in vars(schema.BuiltinOperator).items() if name.isupper()}
_RESHAPES = {"RESHAPE", "SQUEEZE", "EXPAND_DIMS", "DEPTH_TO_SPACE"}
_SAME = {
    *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "DEQUANTIZE", "QUANTIZE", "CAST"),
    *("STRIDED_SLICE", "SLICE", "PAD", "PADV2", "MAX_POOL_2D", "AVERAGE_POOL_2D", "TILE"),
}
_BLENDS = {"MAXIMUM", "MINIMUM", "MUL", "CONCATENATION"}
_ARITHMETIC = {"ADD", "SUB", "MUL", "DIV", "NEG"}
_SCORES = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"}
_IDS = {"ARG_MAX", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"}


def tflite_meaning(model):
    """Return what the output of a TFLite model means, one of `segtf.inference.meaning`.

    Args:
        model: `ModelT` of the schema, of one subgraph with one output.
    """
    graph = model.subgraphs[0]
    makers = {place: operator for operator in graph.operators for place in operator.outputs}

    def step(place):
        operator = makers.get(place)
        if operator is None:
            return Step(UNKNOWN)
        shapes = [_shape(graph, one) for one in (operator.inputs[0], place)]
        inputs = tuple(
            one for one in map(int, operator.inputs) if one >= 0 and not _constant(model, one)
        )
        return _step(model, operator, inputs, shapes)

    output = int(graph.outputs[0])
    return find_meaning(output, len(_shape(graph, output)) - 1, step)


def _step(model, operator, inputs, shapes):
    name = _name(model, operator)
    if name == "LOGISTIC":
        return Step(SIGMOID)
    if name == "SOFTMAX":
        return Step(SOFTMAX if shapes[1][-1] > 1 else UNKNOWN, axis=len(shapes[1]) - 1)
    if getattr(operator.builtinOptions, "fusedActivationFunction", 0):
        return Step(UNKNOWN)
    if name in _RESHAPES:
        return Step(SAME, inputs[:1], axis_before=reshaped_axis(*shapes))
    if name == "TRANSPOSE":
        order = _constant(model, operator.inputs[1])
        known = order is not None
        return Step(SAME, inputs[:1], axis_before=lambda axis: int(order[axis]) if known else None)
    if name in _SAME:
        return Step(SAME, inputs[:1])
    if name in _BLENDS and len(inputs) > 1:
        return Step(BLEND, inputs)
    if name in _ARITHMETIC:
        return Step(ARITHMETIC, inputs)
    if name in _SCORES:
        return Step(SCORES)
    return Step(IDS if name in _IDS else UNKNOWN)


def _name(model, operator):
    code = model.operatorCodes[operator.opcodeIndex]
    # Old files have the number in the field of one byte alone.
    return _NAMES.get(max(code.builtinCode, code.deprecatedBuiltinCode))


def _shape(graph, place):
    shape = graph.tensors[place].shape
    return () if shape is None else tuple(map(int, shape))


def _constant(model, place):
    """The int32 values of a constant tensor, a word for other ones, `None` for no constant."""
    tensor = model.subgraphs[0].tensors[place]
    data = model.buffers[tensor.buffer].data
    if data is None or not len(data):
        return None
    if tensor.type == schema.TensorType.INT32:
        return tuple(np.asarray(data, np.uint8).view(np.int32))
    return ("constant",)
