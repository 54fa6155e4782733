"""Full int8 with its first layers in float32, for models that lose too much without.

All that follows sees the errors of the first layers; in a SegNet they also move the maxima that the
decoder unpools to. They hold few weights, so that the file hardly grows: by 2.4% for four layers of
the small SegNet. How many of them to keep is tried, not assumed; the last layers, tried on trained
networks too, made no difference.
"""

import tempfile

import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.python import convert as lite_convert

from segtf.exporting.tflite import check_input_is_pixels, check_operations, int8_converter

_KEPT = (1, 2, 4)
_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")


def int8_candidates(model, spec, calibration, dynamic_size=False):
    """Convert to full int8 but for the first one, two and four layers.

    Args:
        model: likewise all others as `segtf.exporting.tflite.convert` takes them.

    Yields:
        The bytes of a file, and the names of the layers that it computes in float32.
    """
    with tempfile.TemporaryDirectory() as folder:
        converter = int8_converter(model, spec, calibration, folder, dynamic_size)
        converter._experimental_calibrate_only = True
        calibrated = converter.convert()
    layers = _layers(calibrated)
    for kept in dict.fromkeys(tuple(layers[:count]) for count in _KEPT):
        # What `converter.convert` calls as well; only here can layers be named.
        content = lite_convert.mlir_quantize(
            calibrated,
            input_data_type=tf.uint8,
            output_data_type=tf.uint8,
            denylisted_nodes=list(kept),
        )
        check_operations(content)
        check_input_is_pixels(content)
        yield content, kept


def _layers(content):
    """Names of the outputs of all layers with weights, in order."""
    interpreter = Interpreter(model_content=content)
    names = {tensor["index"]: tensor["name"] for tensor in interpreter.get_tensor_details()}
    operations = interpreter._get_ops_details()
    return [names[one["outputs"][0]] for one in operations if one["op_name"] in _LAYERS]
