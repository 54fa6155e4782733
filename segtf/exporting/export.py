"""segtf.export: a trained model as a file that runs elsewhere."""

import json
from dataclasses import dataclass
from pathlib import Path

from segtf.exporting.any_size import at_any_size
from segtf.exporting.parity import check_agreement, check_files, generated_images
from segtf.exporting.provenance import provenance
from segtf.exporting.run_images import run_images
from segtf.exporting.saved_model import next_version, write_saved_model
from segtf.exporting.tflite import VARIANTS, convert
from segtf.exporting.tflite_metadata import with_metadata
from segtf.files import publishing_folder, replacing
from segtf.inference.backends import KerasBackend, SavedModelBackend
from segtf.inference.keras_model import load_keras
from segtf.inference.load import load
from segtf.inference.predictor import Predictor
from segtf.models.float32 import in_float32
from segtf.signatures import SPEC_METADATA

FORMATS = ("saved_model", *VARIANTS)
_ALIASES = {"litert": "tflite"}
CALIBRATION_IMAGES, CHECK_IMAGES = 100, 16
_SAVED_MODEL_AGREEMENT = 0.999
_MIXED_PRECISION_AGREEMENT = 0.99


@dataclass(frozen=True)
class Export:
    """What was exported, and how close it is to the Keras model.

    Args:
        path: the version folder or the file.
        format: one of `FORMATS`.
        agreement: share of the pixels, 0..1, that have the class that the Keras model gives them.
        max_difference: largest difference of a logit; `None` where class ids come out.
        size_in_bytes: of the file, or of all files in the folder.
    """

    path: Path
    format: str
    agreement: float
    max_difference: float | None
    size_in_bytes: int


def export(
    model_or_run,
    directory,
    format="saved_model",
    labels=None,
    resize=None,
    threshold=None,
    size=None,
    check_images=None,
    calibration=None,
    dynamic_size=False,
):
    """Export a model, and check what comes out against the Keras model.

    ================== ============================ ============ ==============================
    format             what is written              agreement    takes, gives
    ================== ============================ ============ ==============================
    ``saved_model``    ``DIR/1/``, or the next      99.9%        see `segtf.signatures`
                       number
    ``tflite``         ``DIR/model.tflite``         99.9%        float32 pixels 0..255, logits
    ``tflite-float16`` ``DIR/model-float16.tflite`` 99.8%        likewise
    ``tflite-dynamic`` ``DIR/model-dynamic.tflite`` 98%          likewise
    ``tflite-int8``    ``DIR/model-int8.tflite``    95%          uint8 pixels, uint8 class ids
    ================== ============================ ============ ==============================

    ``litert`` is an alias of ``tflite``. A SavedModel never overwrites another version; a TFLite
    file takes the place of one of the same name. Both hold the model's spec, so that `segtf.load`
    needs nothing else. A model trained in mixed precision is exported, and compared, in float32.

    Args:
        model_or_run: a run folder, a ``.keras`` file or a `keras.Model`, as `segtf.load` takes it.
        directory: where to.
        format: one of the above.
        labels: likewise `resize`, `threshold` and `size`: as `segtf.load` takes them.
        check_images: images, as a predictor takes them, on which the classes are compared; by
            default some that the run held out, or those of `calibration`, or generated ones.
        calibration: images for ``tflite-int8``: some hundred that look like those it will see;
            by default some that the run was trained on.
        dynamic_size: for ``saved_model``: whether the signatures that take pixels take any height
            and width; otherwise those of the spec alone. A server can batch requests of one
            size only.

    Returns:
        An `Export`.

    Raises:
        ValueError: for a run without a model, an unknown format, or ``tflite-int8`` without
            images to calibrate it on; for `dynamic_size` with another format or a model that
            works at one size alone.
        ExportError: (a `ValueError`) if the model cannot be converted, or if fewer pixels agree
            with the Keras model than the format promises. No file is left behind.

    Example:

    >>> import keras, tempfile
    >>> pixels = keras.Input((16, 16, 3))
    >>> model = keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(pixels))
    >>> exported = export(model, tempfile.mkdtemp())
    >>> exported.path.name, exported.agreement
    ('1', 1.0)
    """
    format = _ALIASES.get(format, format)
    if format not in FORMATS:
        raise ValueError(f"Expected format as one of {FORMATS}. Received: {format!r}")
    if dynamic_size and format != "saved_model":
        raise ValueError(f"Expected dynamic_size with saved_model only. Received: {format!r}")
    model, spec = load_keras(model_or_run, labels, resize, threshold, size)
    calibration = list(calibration or run_images(model_or_run, "train", CALIBRATION_IMAGES))
    if format == "tflite-int8" and not calibration:
        raise ValueError(
            "Expected calibration=, images that look like those the model will see, for "
            "tflite-int8 of a model without a run and its data. Received: none"
        )
    check_images = list(check_images or run_images(model_or_run, "val", CHECK_IMAGES))
    images = check_images or calibration or generated_images(spec)
    reference = _reference(model, spec, images)
    if format == "saved_model":
        exported = reference.backend.model
        if dynamic_size:
            exported = at_any_size(exported, model_or_run)
        origin = provenance(exported, model_or_run)
        return _export_saved_model(exported, reference, directory, images, origin, dynamic_size)
    origin = provenance(reference.backend.model, model_or_run)
    return _export_tflite(reference, directory, format, images, calibration, origin)


def _reference(model, spec, images):
    """The predictor that an export is compared with: the model, in float32."""
    reference, in_full = Predictor(KerasBackend(model, spec)), in_float32(model)
    if in_full is model:
        return reference
    copy = Predictor(KerasBackend(in_full, spec))
    check_agreement(reference, copy, images, _MIXED_PRECISION_AGREEMENT)
    return copy


def _export_saved_model(model, reference, directory, images, origin, dynamic_size):
    spec, path = reference.spec, next_version(directory)
    name = Path(directory).resolve().name
    with publishing_folder(path) as folder:
        write_saved_model(model, spec, folder, origin, name, dynamic_size)
        exported = Predictor(SavedModelBackend(folder, spec))
        agreement, difference = check_agreement(reference, exported, images, _SAVED_MODEL_AGREEMENT)
        if spec.channels in (1, 3):
            check_files(reference, exported.backend.model, images, _SAVED_MODEL_AGREEMENT)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return Export(path, "saved_model", agreement, difference, size)


def _export_tflite(reference, directory, format, images, calibration, origin):
    spec, variant = reference.spec, VARIANTS[format]
    model = reference.backend.model
    canvases = [reference.canvas(image) for image in calibration]
    content = convert(model, spec, format, canvases)
    details = {**spec.to_dict(), "provenance": origin}
    content = with_metadata(content, SPEC_METADATA, json.dumps(details))
    path = Path(directory) / variant.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        beside.write_bytes(content)
        exported = load(beside)
        agreement, difference = check_agreement(
            reference, exported, images, variant.least_agreement
        )
    return Export(path, format, agreement, difference, len(content))
