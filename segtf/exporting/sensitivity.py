"""Full int8 where single layers suffer from it: these stay in float32, chosen by measurement.

Each layer is run in float32 and in int8 on the same calibration images. Rounding to whole steps
alone makes a root mean square error of 1 / sqrt(12) = 0.29 steps. A layer that errs much more loses
in its weights or its bias as well; often it is the first one, which hardly adds to the size of
the file.
"""

import csv
import io
import tempfile
import warnings

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import convert as lite_convert

from segtf.exporting.tflite import check_input_is_pixels, check_operations, int8_converter

_LEAST_ERROR = 1.5 / np.sqrt(12)
_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
_DEBUG_IMAGES = 12


def convert_int8_but_sensitive(model, spec, calibration, dynamic_size=False):
    """Convert to full int8, but for the layers that err most.

    Args:
        model: likewise all others as `segtf.exporting.tflite.convert` takes them.

    Returns:
        The bytes of the file, and a dict of the layers kept in float32 to their error in int8,
        in quantisation steps; empty where none errs much more than by rounding, and the file is
        then the ordinary one.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The debugger still runs on TensorFlow's own interpreter, which announces its end.
        warnings.simplefilter("ignore", UserWarning)
        converter, images = int8_converter(model, spec, calibration, folder, dynamic_size)
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter,
            debug_dataset=lambda: ([image] for image in images[:_DEBUG_IMAGES]),
        )
        debugger.run()
        table = io.StringIO()
        debugger.layer_statistics_dump(table)
        errors = _errors(table.getvalue())
        # The debugger's own way to a file knows no uint8 input and output.
        content = lite_convert.mlir_quantize(
            debugger.calibrated_model,
            input_data_type=tf.uint8,
            output_data_type=tf.uint8,
            denylisted_nodes=list(errors),
        )
    check_operations(content)
    check_input_is_pixels(content)
    return content, errors


def _errors(table):
    """The sensitive layers: name of the tensor to root mean square error in steps."""
    errors = {}
    for row in csv.DictReader(io.StringIO(table)):
        error = float(np.sqrt(float(row["mean_squared_error"])) / float(row["scale"]))
        if row["op_name"] in _LAYERS and error > _LEAST_ERROR:
            errors[row["tensor_name"]] = error
    return errors
