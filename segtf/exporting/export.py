"""segtf.export: a trained model as a file that runs elsewhere."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from segtf.checksums import write_folder_checksums
from segtf.comparing.generated_images import generated_images
from segtf.comparing.parity_report import ParityReport
from segtf.comparing.run_images import (
    calibration_images,
    for_calibration,
    run_source,
    some,
    split_source,
)
from segtf.data import match_classes
from segtf.exporting.any_size import at_any_size
from segtf.exporting.companions import write_companions
from segtf.exporting.model_card import model_card, read_figures
from segtf.exporting.onnx import convert_to_onnx
from segtf.exporting.parity import ExportError, Trial, check_files
from segtf.exporting.plain_resize import check_resize, plain_losses, shrinking
from segtf.exporting.provenance import details_of, provenance
from segtf.exporting.room import require_room
from segtf.exporting.saved_model.write import write_saved_model
from segtf.exporting.tflite.choice import best_file, format_that_fits
from segtf.exporting.tflite.convert import VARIANTS, answer_of, file_name
from segtf.exporting.tflite.delegates import delegate_report
from segtf.exporting.tflite.metadata import with_metadata
from segtf.exporting.tflite.task_metadata import LABELS_FILE, labels_text, task_metadata
from segtf.files import publishing_folder, replacing, require_writable, write_atomically
from segtf.inference.formats import find_model
from segtf.inference.formats.keras_model import KerasBackend, load_keras
from segtf.inference.formats.saved_model import SavedModelBackend
from segtf.inference.load import load
from segtf.inference.predictor import Predictor
from segtf.models.keras_file import in_float32
from segtf.nearest import names_to_choose
from segtf.ranges import number
from segtf.signatures import CLASS_IDS, SPEC_METADATA, TASK_METADATA
from segtf.version_folders import next_version

FORMATS = ("saved_model", *VARIANTS, "onnx")
_ALIASES = {"litert": "tflite"}
CALIBRATION_IMAGES, CHECK_IMAGES = 100, 100
_ONNX_NAME = "model.onnx"
_SAVED_MODEL_AGREEMENT = _ONNX_AGREEMENT = 0.999
_MIXED_PRECISION_AGREEMENT = 0.99


@dataclass(frozen=True)
class Export:
    """What was exported, and how close it is to the Keras model.

    Args:
        path: the version folder or the file.
        format: one of `FORMATS`.
        report: `ParityReport`: the figures and where they come from.
    """

    path: Path
    format: str
    report: ParityReport

    @property
    def agreement(self):
        """Share of the pixels, 0..1, that have the class that the Keras model gives them."""
        return self.report.rows[-1].agreement

    @property
    def max_difference(self):
        """Largest difference of a logit; `None` where class ids come out."""
        return self.report.rows[-1].max_difference

    @property
    def iou_drop(self):
        """Points (hundredths) of mean IoU lost; `None` without labelled images."""
        return self.report.rows[-1].iou_drop

    @property
    def size_in_bytes(self):
        """Size of the file, or of all files in the folder."""
        return self.report.rows[-1].size_in_bytes


def export(
    model_or_run,
    directory,
    format="saved_model",
    labels=None,
    resize=None,
    threshold=None,
    size=None,
    source=None,
    check_images=None,
    calibration=None,
    dynamic_size=False,
    max_iou_drop=None,
    speed=True,
    outputs=None,
    gives=None,
    for_resize="antialiased",
):
    """Export a model, and check what comes out against the Keras model.

    ================== ============================ ============ ==============================
    format             what is written              agreement    takes, gives
    ================== ============================ ============ ==============================
    ``saved_model``    ``DIR/1/``, or the next      99.9%        see `segtf.signatures`
                       number
    ``tflite``         ``DIR/model.tflite``         99.9%        float32 pixels 0..255, logits
    ``tflite-float16`` ``DIR/model-float16.tflite`` 99.8%        the same
    ``tflite-dynamic`` ``DIR/model-dynamic.tflite`` 98%          the same
    ``tflite-int8``    ``DIR/model-int8.tflite``    95%          uint8 pixels, uint8 class ids
    ``onnx``           ``DIR/model.onnx``           99.9%        float32 pixels 0..255, logits;
                                                                 needs the extra ``onnx``
    ================== ============================ ============ ==============================

    Where full int8 agrees in less than 99.5% of the pixels of the calibration images, the first
    layers, or what makes and reads the tensors that lose most in int8, stay in float32, whatever
    agrees best; the report names them. Where that is not enough, the error names what is: the same
    file that gives logits, or the next format. Class ids are decided at the size of the model,
    which blurs outlines a little, and costs thin structures most, where images are larger:
    `gives="logits"` leaves that to the caller. `max_iou_drop` holds at the images' own size all the
    same, since that is where a mask is used; what is lost by size counts as what is lost by
    rounding.

    ``litert`` is an alias of ``tflite``. A SavedModel never overwrites another version; a TFLite
    or ONNX file takes the place of an earlier export of the same name, and of no other file. All
    hold the model's spec, so that `segtf.load` needs nothing else. A model trained in mixed
    precision is exported, and compared, in float32.

    Beside a file lie its parity report, ``NAME.parity.json``, ``.md`` and ``.png``,
    ``labels.txt``, the class names in id order, its spec (``model-int8.spec.json``), a model card
    (``.card.md``) and checksums (``.sha256``, see `segtf.checksums`); those of a SavedModel are in
    its ``assets.extra``, but for the picture, which shows images of the data:
    ``DIR/1.parity.png``.

    Args:
        model_or_run: a run folder (or `Run`), a ``.keras`` file or a `keras.Model`.
        directory: folder for the version folder or the file; made if it is not there.
        format: one of the above.
        labels: `LabelMap`, for a model that brings none; by default that of `source`, or
            ``class_0``, ``class_1``, ... With a model that brings one, it replaces names and
            colours.
        resize: how an image is brought to the model's size: ``stretch``, ``letterbox`` or
            ``crop``. By default what the model brings, or ``stretch``.
        threshold: probability from which a pixel of a binary task is foreground. By default what
            the model brings, or 0.5.
        size: height and width in pixels to work at, for a model that takes any size.
        source: a `segtf.data.Source` of labelled images to compare on, whose classes are matched
            by name; by default those that the run held out. Images of its split ``train`` are not
            compared on (`segtf.data.with_split` divides it). ``tflite-int8`` of a model without a
            run is calibrated on its split ``train``, or on every second of its images, and
            compared on the others.
        check_images: images without labels to compare on instead: paths, encoded bytes, PIL images
            or uint8 arrays `(H, W, C)`. Without any, those of `calibration` are used, or generated
            ones.
        calibration: images for ``tflite-int8``: some hundred that look like those it will see;
            by default some that the run was trained on, with all classes among them, or some of
            `source`.
        dynamic_size: whether pixels may be of any height and width; otherwise of the spec's
            alone, which is faster and what delegates take. Concerns the signatures of a
            SavedModel that take pixels; a server can batch requests of one size only.
        max_iou_drop: points (hundredths) of mean IoU that the export may lose on the labelled
            images, such as 0.7.
        speed: whether to measure latency and peak memory, which takes some seconds.
        outputs: ``logits`` or ``probabilities``, for a model of your own whose graph does not
            show which of them it gives.
        gives: what a TFLite file gives: ``logits``, float32, or ``class_ids``, uint8, which are
            small and need no further step, of a multi-label model ``labels``, uint8 0 and 1. By
            default what the table says; a file that gives the other has it in its name:
            ``model-int8-logits.tflite``, ``model-class-ids.tflite``.
        for_resize: how images are brought to the size of a TFLite file: ``antialiased``, as segtf
            does it, or ``plain``, as MediaPipe and Android do it, for which the file takes twice
            the size, and halves it itself (``model-plain.tflite``). The report says what plain
            shrinking costs with and without that.

    Returns:
        An `Export`.

    Raises:
        ValueError: for a run without a model, an unknown format, `gives` or `for_resize` of
            another than TFLite's formats, or ``tflite-int8`` without images to calibrate it on;
            for `dynamic_size` of a model that works at one size alone; for `max_iou_drop` without
            labelled images; for a `directory` with a file in the way that no export wrote.
        ExportError: (a `ValueError`) if the model cannot be converted, or if fewer pixels agree
            with the Keras model than the format promises, or more IoU is lost than
            `max_iou_drop`. No file is left behind.

    Example:

    >>> import keras, tempfile
    >>> pixels = keras.Input((16, 16, 3))
    >>> model = keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(pixels))
    >>> exported = export(model, tempfile.mkdtemp(), speed=False)
    >>> exported.path.name, exported.agreement
    ('1', 1.0)
    """
    format = _ALIASES.get(format, format)
    if format not in FORMATS:
        known = names_to_choose(FORMATS, format)
        raise ValueError(f"Expected format as one of {known}. Received: {format!r}")
    check_resize(for_resize, format, dynamic_size)
    if max_iou_drop is not None:
        number("max_iou_drop", max_iou_drop, 0, 100)
    require_writable(directory)
    found = find_model(model_or_run)
    if source is not None and labels is None and not found.brings_labels:
        labels = source.labels
    model, spec, reader = load_keras(found, labels, resize, threshold, size, outputs)
    _check_outputs(reader)
    gives = answer_of(format, spec, gives)
    require_room(directory, _file_names(format, gives, for_resize), spec.labels)
    if source is not None:
        match_classes(source.labels, spec.labels)
    is_divided = source is not None and bool(source.splits.get("train"))
    calibration, source, details = _calibration(
        model_or_run, calibration, source, spec.labels, format
    )
    images, origin = _images(model_or_run, source, is_divided, check_images, calibration, spec)
    reference = _reference(model, spec, reader, images)
    trial = Trial(reference, images, origin, max_iou_drop, speed)
    if for_resize == "plain":
        larger = shrinking(reference, reader)
        details["plain_resize"] = plain_losses(trial, larger)
        trial = replace(trial, reference=larger)
    model = trial.reference.backend.model
    model = at_any_size(model, model_or_run) if dynamic_size else model
    origin = provenance(model, model_or_run)
    about = details_of(trial.reference.spec, dynamic_size, origin)
    figures = read_figures(model_or_run)
    if format == "saved_model":
        return _export_saved_model(model, trial, directory, about, figures)
    if format == "onnx":
        return _export_onnx(model, trial, directory, about, figures)
    about["gives"] = gives
    if for_resize == "plain":
        about["for_resize"] = for_resize
    return _export_tflite(model, trial, directory, format, calibration, details, about, figures)


def _file_names(format, gives, for_resize):
    """Names of the files of a format, none for folders, which are never overwritten."""
    if format == "onnx":
        return [_ONNX_NAME]
    return [file_name(format, gives, for_resize)] if format in VARIANTS else []


def _check_outputs(reader):
    if reader is not None and reader.gives == CLASS_IDS:
        raise ValueError(
            "Expected a model that gives logits or probabilities, from which an export makes "
            "what its format gives. Received: one that gives class ids"
        )


def _calibration(model_or_run, given, source, labels, format):
    """Images to calibrate on, the data set to compare on, what the report says about the former."""
    if format != "tflite-int8":
        return list(given or ()), source, {}
    if given:
        return list(given), source, {"calibration": {"images": len(given)}}
    whole = split_source(model_or_run, "train")
    if whole is None and source is not None:
        whole, source = for_calibration(source)
    if whole is None:
        raise ValueError(
            "Expected images that look like those the model will see, to calibrate tflite-int8 of "
            "a model without a run and its data: calibration= or source= (--images or --data). "
            "Received: none"
        )
    images, shown = calibration_images(whole, CALIBRATION_IMAGES, labels)
    classes = [labels.names[index] for index in shown]
    return images, source, {"calibration": {"images": len(images), "classes": classes}}


def _images(model_or_run, source, is_divided, check_images, calibration, spec):
    """Images to compare on, and where they come from; those of a split ``train`` stay out."""
    if source is not None:
        if source.splits.get("train"):
            _, source = for_calibration(source)
        name = f"{source.name}, held out" if is_divided else source.name
        return some(source, CHECK_IMAGES, spec.labels), name
    if check_images:
        return list(check_images), "images that were given"
    held_out = run_source(model_or_run, "val", CHECK_IMAGES, spec.labels)
    if held_out is not None:
        return held_out, f"{held_out.name}, held out"
    if calibration:
        return calibration, "the calibration images"
    return generated_images(spec), "generated images"


def _reference(model, spec, reader, images):
    """The predictor that an export is compared with: the model, in float32."""
    reference, in_full = Predictor(KerasBackend(model, spec, reader)), in_float32(model)
    if in_full is model:
        return reference
    copy = Predictor(KerasBackend(in_full, spec, reader))
    trial = Trial(reference, images, "", speed=False)
    trial.compare(copy, _MIXED_PRECISION_AGREEMENT)
    return copy


def _export_saved_model(model, trial, directory, about, figures):
    spec, path = trial.reference.spec, next_version(directory)
    name = Path(directory).resolve().name
    with publishing_folder(path) as folder:
        write_saved_model(model, spec, folder, about, name)
        exported = Predictor(SavedModelBackend(folder, spec))
        if spec.channels in (1, 3):
            check_files(trial, exported.backend.model, _SAVED_MODEL_AGREEMENT)
        report = trial.measure(
            exported, folder, f"{name}/{path.name}", "saved_model", _SAVED_MODEL_AGREEMENT
        )
        extra = folder / "assets.extra"
        report.save_figures(extra, "parity")
        write_atomically(extra / LABELS_FILE, labels_text(spec.labels.names))
        card = model_card(f"{name}/{path.name}", about, report, figures)
        write_atomically(extra / "model-card.md", card)
        write_folder_checksums(folder)
    # Beside the version folder: the picture shows images of the data, which leave in no model.
    report.draw(path.with_name(f"{path.name}.parity.png"))
    return Export(path, "saved_model", report)


def _export_onnx(model, trial, directory, about, figures):
    spec = trial.reference.spec
    own = {SPEC_METADATA: json.dumps(about)}
    content = convert_to_onnx(model, spec, own, about["dynamic_size"])
    path = Path(directory) / _ONNX_NAME
    return _publish(content, path, trial, "onnx", _ONNX_AGREEMENT, {}, about, figures)


def _export_tflite(model, trial, directory, format, calibration, details, about, figures):
    spec, dynamic_size, gives = trial.reference.spec, about["dynamic_size"], about["gives"]
    canvases = [trial.reference.canvas(image) for image in calibration]
    content, more = best_file(model, trial, format, canvases, dynamic_size, gives)
    task, files = task_metadata(spec, model.name, gives, dynamic_size)
    own = json.dumps(about).encode("utf-8")
    content = with_metadata(content, {SPEC_METADATA: own, TASK_METADATA: task}, files)
    details = {**details, **more, "delegates": delegate_report(content)}
    name = file_name(format, gives, about.get("for_resize", "antialiased"))
    path, least = Path(directory) / name, VARIANTS[format].least_agreement
    try:
        return _publish(content, path, trial, format, least, details, about, figures)
    except ExportError as error:
        if format == "tflite":
            raise
        instead = format_that_fits(model, trial, format, canvases, dynamic_size, gives)
        raise ExportError(f"{error}. {instead}") from error


def _publish(content, path, trial, format, least, details, about, figures):
    """Measure a model of one file, then put it and what explains it in their place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    details = {"sha256": hashlib.sha256(content).hexdigest(), **details}
    with replacing(path) as beside:
        beside.write_bytes(content)
        report = trial.measure(load(beside), beside, path.name, format, least, details)
    write_companions(path, about, report, model_card(path.name, about, report, figures))
    return Export(path, format, report)
