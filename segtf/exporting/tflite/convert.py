"""TFLite files: batch 1, built-in operations only."""

import re
import tempfile
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from segtf import signatures
from segtf.exporting.parity import ExportError
from segtf.exporting.tflite import converter
from segtf.exporting.tflite.pointwise import pointwise
from segtf.tasks.choice import task_of


@dataclass(frozen=True)
class Variant:
    """How the weights of a TFLite file are stored.

    Args:
        file_name: name of the file in the export folder.
        least_agreement: share of the pixels, 0..1, whose class has to be the Keras model's.
    """

    file_name: str
    least_agreement: float


VARIANTS = {
    "tflite": Variant("model.tflite", 0.999),
    "tflite-float16": Variant("model-float16.tflite", 0.998),
    "tflite-dynamic": Variant("model-dynamic.tflite", 0.98),
    "tflite-int8": Variant("model-int8.tflite", 0.95),
}


def file_name(variant, gives=None, for_resize="antialiased"):
    """Return the name of the file of a variant, such as ``model-int8-logits.tflite``.

    Args:
        variant: a name in `VARIANTS`.
        gives: what the file gives, ``logits``, ``class_ids`` or ``labels``; `None` for the usual.
        for_resize: how images are shrunk for it, ``antialiased`` or ``plain``.
    """
    stem, ending = VARIANTS[variant].file_name.split(".")
    if gives is not None and (gives == signatures.LOGITS) == (variant == "tflite-int8"):
        stem += f"-{gives.replace('_', '-')}"
    if for_resize != "antialiased":
        stem += f"-{for_resize}"
    return f"{stem}.{ending}"


def usual_answer(variant, spec):
    """Return what a file of a variant gives where nothing else is asked for.

    Args:
        variant: a name in `VARIANTS`.
        spec: the `ModelSpec`, whose task has a name for what is decided.
    """
    return task_of(spec).decided if variant == "tflite-int8" else signatures.LOGITS


def answer_of(format, spec, gives=None):
    """Return what a file of a format is to give.

    Args:
        format: of `segtf.export`.
        spec: the `ModelSpec`.
        gives: what was asked for, or `None`.

    Returns:
        ``logits``, or what its task decides, ``class_ids`` or ``labels``; `None` for a format that
        is not in `VARIANTS`.

    Raises:
        ValueError: for something else, or for `gives` of a format that is not in `VARIANTS`.
    """
    if gives is None:
        return usual_answer(format, spec) if format in VARIANTS else None
    if format not in VARIANTS:
        raise ValueError(
            f"Expected gives with a TFLite format alone, one of {tuple(VARIANTS)}. "
            f"Received: gives={gives!r}, format={format!r}"
        )
    answers = (signatures.LOGITS, task_of(spec).decided)
    if gives not in answers:
        raise ValueError(f"Expected gives as one of {answers}. Received: {gives!r}")
    return gives


def convert(model, spec, variant, calibration=(), dynamic_size=False, gives=None):
    """Convert a model.

    Args:
        model: `keras.Model` in float32 that gives logits.
        spec: its `ModelSpec`.
        variant: a name in `VARIANTS`. All but ``tflite-int8`` take float32 pixels 0..255
            `(1, H, W, C)`; ``tflite-int8`` takes uint8 pixels.
        calibration: for ``tflite-int8``: uint8 arrays `(H, W, C)` of the model's size, from which
            the ranges of its activations are taken.
        dynamic_size: whether the file takes any height and width, as the model then has to.
        gives: ``logits``, float32 `(1, H, W, K)`, or what the task decides, uint8: ``class_ids``
            `(1, H, W)` or ``labels`` `(1, H, W, K)`. By default that for ``tflite-int8`` and logits
            for the others.

    Returns:
        The bytes of the file.

    Raises:
        ExportError: if TFLite cannot run it with built-in operations, or the input of
            ``tflite-int8`` is not pixels as they are.
    """
    gives = gives or usual_answer(variant, spec)
    with tempfile.TemporaryDirectory() as folder:
        _save(model, spec, folder, dynamic_size, gives)
        images = _with_full_range(calibration) if variant == "tflite-int8" else ()
        try:
            content = converter.convert(folder, variant, images, gives != signatures.LOGITS)
        except Exception as error:  # the converter raises many kinds, with long texts
            raise ExportError(
                "Expected a model that TFLite's built-in operations can run. "
                f"Received: {_foreign_operations(error)}"
            ) from error
    check_operations(content)
    if variant == "tflite-int8":
        check_input_is_pixels(content)
    return content


def calibrated_file(model, spec, calibration, dynamic_size, gives):
    """Return a float32 file with the ranges of all its tensors, for `converter.quantize`.

    Args:
        model: `keras.Model` in float32 that gives logits.
        spec: its `ModelSpec`.
        calibration: uint8 arrays `(H, W, C)` of the model's size.
        dynamic_size: whether the file takes any height and width, as the model then has to.
        gives: ``logits``, or what the task decides.
    """
    with tempfile.TemporaryDirectory() as folder:
        _save(model, spec, folder, dynamic_size, gives)
        return converter.calibrate(folder, _with_full_range(calibration))


def check_operations(content):
    """Check that a TFLite file needs no operations but TFLite's own.

    Raises:
        ExportError: naming the others.
    """
    model = schema.Model.GetRootAs(content)
    codes = map(model.OperatorCodes, range(model.OperatorCodesLength()))
    foreign = sorted({code.CustomCode().decode() for code in codes if code.CustomCode()})
    if foreign:
        raise ExportError(f"Expected built-in operations only. Received: {', '.join(foreign)}")


def _save(model, spec, folder, dynamic_size, gives):
    size = (None, None) if dynamic_size else spec.size
    shape = (1, *size, spec.channels)

    @tf.function(
        input_signature=[tf.TensorSpec(shape, tf.float32, name=signatures.PIXELS)], autograph=False
    )
    def run(pixels):
        with pointwise(model):
            logits = model(pixels, training=False)
        if gives != signatures.LOGITS:
            return {gives: task_of(spec).per_pixel[gives]({signatures.LOGITS: logits}, spec)}
        return {signatures.LOGITS: logits}

    module = tf.Module()
    module.variables_of_model = [variable.value for variable in model.variables]
    tf.saved_model.save(module, folder, signatures=run.get_concrete_function())


def _with_full_range(calibration):
    """The images as the converter wants them; two pixels of the first become 0 and 255.

    The input then has scale 1 and zero point 0: pixels go in as they are. Two pixels do not move
    the ranges further inside, as whole black and white images would.
    """
    images = [image[np.newaxis].astype(np.float32) for image in calibration]
    images[0][0, 0, 0], images[0][0, -1, -1] = 0.0, 255.0
    return images


def check_input_is_pixels(content):
    """Check that pixels go into a full int8 file as they are.

    Raises:
        ExportError: if the input has another scale or zero point.
    """
    scale, zero_point = Interpreter(model_content=content).get_input_details()[0]["quantization"]
    if (scale, zero_point) != (1.0, 0):
        raise ExportError(
            "Expected an input of scale 1 and zero point 0, which pixels are. "
            f"Received: scale {scale}, zero point {zero_point}"
        )


def _foreign_operations(error):
    """The operations that the converter complains about, or how its complaint begins."""
    names = re.findall(r"'(tf\.\w+)' op is neither a custom op nor a flex op", str(error))
    return ", ".join(sorted(set(names))) or str(error)[:300]
