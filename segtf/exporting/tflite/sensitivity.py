"""Full int8 with some of its operations in float32, for models that lose too much without.

Two sets are tried, growing. The tensors that cost most: on the calibration images, each is
rounded to its 256 values, and what rounding adds is held against how much each channel varies;
where channels of very different ranges share one scale, as in a concatenation, most of a channel
is lost. What makes and what reads such a tensor stays in float32. And the first layers: all that
follows sees their errors; in a SegNet they also move the maxima that the decoder unpools to.
How much to keep is tried, not assumed; what is kept holds a quarter of the weights at most, or the
file would be full int8 by name alone.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from segtf.compat import operations_of
from segtf.exporting.tflite import converter
from segtf.exporting.tflite.convert import (
    calibrated_file,
    check_input_is_pixels,
    check_operations,
    usual_answer,
)
from segtf.signatures import LOGITS

_COSTLIEST = (2, 6, 16)
_FIRST = (1, 2, 4)
_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
_IMAGES = 8
_LEVELS = 255
_LARGEST_SHARE = 0.25


def int8_candidates(model, spec, calibration, dynamic_size=False, gives=None):
    """Convert to full int8 but for what costs most, or for the first layers.

    Args:
        model: `keras.Model` in float32 that gives logits.
        spec: its `ModelSpec`.
        calibration: uint8 arrays `(H, W, C)` of the model's size.
        dynamic_size: whether the file takes any height and width, as the model then has to.
        gives: ``logits``, or what the task decides, which is the default.

    Yields:
        The bytes of a file, and the names of what it computes in float32.
    """
    gives = gives or usual_answer("tflite-int8", spec)
    calibrated = calibrated_file(model, spec, calibration, dynamic_size, gives)
    weights = _weights(calibrated)
    around = _around_costliest(calibrated, calibration, spec)
    sets = [tuple(weights)[:count] for count in _FIRST]
    sets += [tuple(dict.fromkeys(sum(around[:count], ()))) for count in _COSTLIEST]
    most = _LARGEST_SHARE * sum(weights.values())
    for kept in dict.fromkeys(sets):
        if sum(weights.get(name, 0) for name in kept) > most:
            continue
        content = converter.quantize(calibrated, kept, gives != LOGITS)
        check_operations(content)
        check_input_is_pixels(content)
        yield content, kept


def _weights(content):
    """Names of the outputs of all layers with weights, in order, to how many they hold."""
    interpreter = _interpreter(content)
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    return {
        tensors[one["outputs"][0]]["name"]: int(np.prod(tensors[one["inputs"][1]]["shape"]))
        for one in operations_of(interpreter)
        if one["op_name"] in _LAYERS
    }


def tensor_costs(content, calibration, size):
    """Return what int8 costs each tensor of a calibrated file.

    Args:
        content: the bytes of the file, in float32 with the ranges of its tensors.
        calibration: uint8 arrays `(H, W, C)`, of which some are tried.
        size: height and width of the arrays.

    Returns:
        A dict from the index of a tensor that an operation makes to its cost, 0..1: of each
        channel, the variance of the rounding as a share of the variance of both, then the mean.
    """
    interpreter = _interpreter(content, keep=True)
    (given,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(given["index"], (1, *size, given["shape"][3]))
    interpreter.allocate_tensors()
    made = {one["outputs"][0] for one in operations_of(interpreter) if len(one["outputs"])}
    ranges = {index: one for index, one in _ranges(content).items() if index in made}
    shares = {index: [] for index in ranges}
    for image in calibration[:_IMAGES]:
        interpreter.set_tensor(given["index"], image[np.newaxis].astype(np.float32))
        interpreter.invoke()
        for index, (low, high) in ranges.items():
            values = interpreter.get_tensor(index)
            shares[index].append(_lost(values, low, high))
    return {index: float(np.mean(one)) for index, one in shares.items() if one}


def _lost(values, low, high):
    """Mean share of the channels' variance that is rounding."""
    values = values.reshape(-1, values.shape[-1] if values.ndim else 1)
    scale = max(high - low, 1e-12) / _LEVELS
    errors = (np.round(values / scale) * scale - values).var(axis=0)
    return np.mean(errors / np.maximum(errors + values.var(axis=0), 1e-30))


def _ranges(content):
    """The least and the largest value of each tensor, 0 among them, by its index."""
    (graph,) = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content)).subgraphs
    found = {}
    for index, tensor in enumerate(graph.tensors):
        asked = tensor.quantization
        if asked is not None and asked.min is not None and len(asked.min) == 1:
            found[index] = min(float(asked.min[0]), 0.0), max(float(asked.max[0]), 0.0)
    return found


def _around_costliest(content, calibration, spec):
    """Names of what makes and what reads each tensor, those first that cost most."""
    costs = tensor_costs(content, calibration, spec.size)
    interpreter = _interpreter(content)
    names = {tensor["index"]: tensor["name"] for tensor in interpreter.get_tensor_details()}
    operations = [one for one in operations_of(interpreter) if len(one["outputs"])]
    return [
        tuple(
            names[one["outputs"][0]]
            for one in operations
            if index in one["outputs"] or index in one["inputs"]
        )
        for index in sorted(costs, key=costs.get, reverse=True)
    ]


def _interpreter(content, keep=False):
    """An interpreter of a file as it is: delegates would put operations of their own in."""
    return Interpreter(
        model_content=content,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=keep,
    )
