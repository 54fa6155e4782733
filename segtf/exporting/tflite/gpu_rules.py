"""What TFLite's GPU delegate takes, by the rules that its own check has for files.

The check is `gpu_compatibility.cc` of LiteRT 2; `tf.lite.experimental.Analyzer` offers it by name,
but in the wheels of TensorFlow 2.21 it finds every file compatible, so that the rules that matter
for segmentation are here. A device may refuse more, by the limits of its driver.
"""

from ai_edge_litert import schema_py_generated as schema

_TAKEN = """
ABS ADD ADD_N AVERAGE_POOL_2D BATCH_MATMUL CEIL CONCATENATION CONV_2D COS CUMSUM DENSIFY
DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV ELU EQUAL EXP FLOOR FLOOR_DIV FLOOR_MOD
FULLY_CONNECTED GATHER GELU GREATER GREATER_EQUAL HARD_SWISH LEAKY_RELU LESS LESS_EQUAL LOG
LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG
NOT_EQUAL PACK PAD PADV2 POW PRELU QUANTIZE REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN
REDUCE_PROD RELU RELU6 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_V2
ROUND RSQRT SIGN SIN SLICE SOFTMAX SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE
SUB SUM TANH TILE TOPK_V2 TRANSPOSE TRANSPOSE_CONV
"""
_NAMES = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)
}
_FLOATS = (schema.TensorType.FLOAT16, schema.TensorType.FLOAT32)
_CASTS = {
    *((schema.TensorType.BOOL, float_) for float_ in _FLOATS),
    *((float_, schema.TensorType.BOOL) for float_ in _FLOATS),
    (schema.TensorType.FLOAT32, schema.TensorType.INT32),
    (schema.TensorType.INT32, schema.TensorType.FLOAT32),
}


def gpu_refusals(content):
    """Return the operations of a TFLite file that the GPU delegate would leave to the CPU.

    Args:
        content: bytes of the file.

    Returns:
        A dict of name to reason, in alphabetical order.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    refused = {}
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            name = _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
            reason = _reason(name, operator, graph.tensors)
            if reason:
                refused[name] = reason
    return dict(sorted(refused.items()))


def _reason(name, operator, tensors):
    """Why this operation is refused, or `None`."""
    given = [tensors[index] for index in operator.inputs if index >= 0]
    received = [tensors[index] for index in operator.outputs]
    if any(-1 in _signature(tensor) for tensor in received):
        return "its size is known only when an image arrives"
    if name in ("SELECT", "SELECT_V2"):
        return _reason_of_select(given, received[0])
    if name == "CAST":
        cast = (given[0].type, received[0].type)
        return None if cast in _CASTS else "it casts from or to whole numbers of 8 bits"
    if name == "STRIDED_SLICE":
        options = operator.builtinOptions
        masks = (options.ellipsisMask, options.newAxisMask, options.shrinkAxisMask)
        return "it takes away an axis or adds one" if any(masks) else None
    return None if name in _TAKEN.split() else "there is no such operation on the GPU"


def _reason_of_select(given, received):
    condition, *choices = given
    if condition.type not in (*_FLOATS, schema.TensorType.BOOL):
        return "its condition is neither bool nor float"
    for choice in choices:
        shape = list(_shape(choice))
        if shape and shape != list(_shape(received)) and (len(shape) > 1 or shape[0] > 1):
            return "its values are neither scalars nor of the shape of the result"
    return None


def _shape(tensor):
    return () if tensor.shape is None else tensor.shape


def _signature(tensor):
    return _shape(tensor) if tensor.shapeSignature is None else tensor.shapeSignature
