"""TensorFlow's TFLite converter: `tf.lite` is called here and nowhere else, since it moves out.

What takes its place has to give what these functions give. All of them read a SavedModel of one
signature that takes float32 pixels of batch 1.
"""

import tensorflow as tf

from segtf.compat import calibrate_only, quantize_calibrated


def convert(folder, variant, images=(), gives_ids=False):
    """Convert a SavedModel.

    Args:
        folder: path of the SavedModel.
        variant: ``tflite``, ``tflite-float16``, ``tflite-dynamic`` or ``tflite-int8``, as in
            `segtf.exporting.tflite.convert.VARIANTS`.
        images: for ``tflite-int8``: float32 arrays `(1, H, W, C)`, from which the ranges of
            activations are taken.
        gives_ids: for ``tflite-int8``: whether the output is uint8, class ids, or float32.

    Returns:
        The bytes of the file.

    Raises:
        Exception: of many kinds, with long texts.
    """
    return _converter(folder, variant, images, gives_ids).convert()


def calibrate(folder, images):
    """Convert a SavedModel to float32, with the ranges of all its tensors for `quantize`.

    Args:
        folder: path of the SavedModel.
        images: float32 arrays `(1, H, W, C)`.

    Returns:
        The bytes of a file.
    """
    converter = _converter(folder, "tflite-int8", images, gives_ids=False)
    calibrate_only(converter)
    return converter.convert()


def quantize(calibrated, kept, gives_ids):
    """Bring what `calibrate` gave to full int8, but for some operations.

    Args:
        calibrated: the bytes of a file.
        kept: names of the outputs of operations that stay in float32.
        gives_ids: whether the output is uint8, class ids, or float32.

    Returns:
        The bytes of a file that takes uint8 pixels.
    """
    output_type = tf.uint8 if gives_ids else tf.float32
    return quantize_calibrated(calibrated, tf.uint8, output_type, kept)


def _converter(folder, variant, images, gives_ids):
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if variant == "tflite":
        return converter
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if variant == "tflite-float16":
        converter.target_spec.supported_types = [tf.float16]
    if variant == "tflite-int8":
        converter.representative_dataset = lambda: ([image] for image in images)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        if gives_ids:
            converter.inference_output_type = tf.uint8
    return converter
