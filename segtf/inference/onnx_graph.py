"""The graph of an ONNX file, as `segtf.inference.meaning` follows it."""

from segtf.inference.meaning import (
    ARITHMETIC,
    BLEND,
    IDS,
    SAME,
    SCORES,
    SIGMOID,
    SOFTMAX,
    UNCLEAR,
    UNKNOWN,
    Step,
    find_meaning,
    reshaped_axis,
)

_RESHAPES = {"Reshape", "Squeeze", "Unsqueeze", "DepthToSpace"}
_SAME = {
    *("Resize", "Upsample", "Identity", "Cast", "Dropout", "DequantizeLinear", "QuantizeLinear"),
    *("Slice", "Pad", "MaxPool", "AveragePool", "Crop", "CenterCropPad", "Tile"),
}
_BLENDS = {"Max", "Min", "Mean", "Mul", "Concat"}
_ARITHMETIC = {"Add", "Sub", "Mul", "Div", "Neg"}
_SCORES = {"Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "LogSoftmax"}
_IDS = {"ArgMax", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"}


def onnx_meaning(path, channel_axis):
    """Return what the output of an ONNX model means, one of `segtf.inference.meaning`.

    Args:
        path: the file, which ONNX Runtime has opened already.
        channel_axis: axis of the channels in the output, counted from 0.
    """
    try:
        import onnx

        graph = onnx.load(path, load_external_data=False)
        graph = onnx.shape_inference.infer_shapes(graph).graph
    except Exception:  # without onnx, or where it knows less than ONNX Runtime
        return UNCLEAR
    makers = {name: node for node in graph.node for name in node.output}
    constants = {one.name for one in graph.initializer}
    constants |= {name for name, node in makers.items() if node.op_type == "Constant"}
    shapes = {one.name: _shape(one) for one in (*graph.value_info, *graph.input, *graph.output)}

    def step(name):
        node = makers.get(name)
        if node is None:
            return Step(UNKNOWN)
        inputs = tuple(one for one in node.input if one and one not in constants)
        before = shapes.get(node.input[0], ()) if node.input else ()
        return _step(node, inputs, before, shapes.get(name, ()))

    return find_meaning(graph.output[0].name, channel_axis, step)


def _step(node, inputs, before, after):
    name = node.op_type
    attributes = {one.name: one for one in node.attribute}
    if name == "Sigmoid":
        return Step(SIGMOID)
    if name == "Softmax":
        axis = attributes["axis"].i if "axis" in attributes else -1
        axis %= max(len(after), 1)
        is_one = not after or after[axis] == 1
        return Step(UNKNOWN if is_one else SOFTMAX, axis=axis)
    if name in _RESHAPES:
        return Step(SAME, inputs[:1], axis_before=reshaped_axis(before, after))
    if name == "Transpose":
        order = tuple(attributes["perm"].ints) if "perm" in attributes else None
        return Step(SAME, inputs[:1], axis_before=lambda axis: order[axis] if order else None)
    if name in _SAME:
        return Step(SAME, inputs[:1])
    if name in _BLENDS and len(inputs) > 1:
        return Step(BLEND, inputs)
    if name in _ARITHMETIC:
        return Step(ARITHMETIC, inputs)
    if name in _SCORES:
        return Step(SCORES)
    return Step(IDS if name in _IDS else UNKNOWN)


def _shape(value):
    if not value.type.tensor_type.HasField("shape"):
        return ()
    return tuple(
        one.dim_value if one.HasField("dim_value") else None
        for one in value.type.tensor_type.shape.dim
    )
