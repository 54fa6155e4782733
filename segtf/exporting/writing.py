"""Writing an export: what lies where, and what is checked before it does."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import keras

from segtf.checksums import write_folder_checksums
from segtf.exporting.companions import write_companions
from segtf.exporting.model_card import model_card
from segtf.exporting.onnx import convert_to_onnx
from segtf.exporting.parity import ExportError, Trial, check_files
from segtf.exporting.saved_model.write import write_saved_model
from segtf.exporting.tflite.choice import best_file, format_that_fits
from segtf.exporting.tflite.convert import VARIANTS, file_name
from segtf.exporting.tflite.delegates import delegate_report
from segtf.exporting.tflite.metadata import with_metadata
from segtf.exporting.tflite.task_metadata import LABELS_FILE, labels_text, task_metadata
from segtf.files import publishing_folder, replacing, write_atomically
from segtf.inference.formats.saved_model import SavedModelBackend
from segtf.inference.load import load
from segtf.inference.predictor import Predictor
from segtf.signatures import SPEC_METADATA, TASK_METADATA
from segtf.version_folders import next_version

_ONNX_NAME = "model.onnx"
_SAVED_MODEL_AGREEMENT = _ONNX_AGREEMENT = 0.999


@dataclass(frozen=True)
class Job:
    """A model that is ready to be written in a format.

    Args:
        model: the `keras.Model`, in float32, that gives logits.
        trial: the `Trial` that measures what comes out.
        directory: folder for the version folder or the file.
        format: one of `segtf.exporting.export.FORMATS`.
        about: what the export says about itself: see `segtf.exporting.provenance.details_of`.
        figures: what `segtf.exporting.model_card.read_figures` returned.
        calibration: images to calibrate on.
        details: what the report says besides, a dict for JSON.
    """

    model: keras.Model
    trial: Trial
    directory: Path
    format: str
    about: Mapping[str, object]
    figures: Mapping[str, object] | None
    calibration: list = field(default_factory=list)
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def spec(self):
        """The `ModelSpec` of what is written."""
        return self.trial.reference.spec


def write(job):
    """Write a model, measured before it lies in its place.

    Args:
        job: the `Job`.

    Returns:
        The path of the version folder or the file, and its `ParityReport`.

    Raises:
        ExportError: if it cannot be converted, or does not keep to what its format promises.
    """
    writers = {"saved_model": _write_saved_model, "onnx": _write_onnx}
    return writers.get(job.format, _write_tflite)(job)


def file_names(format, gives, for_resize):
    """Return the names of the files of a format, none for folders, which are never overwritten.

    Args:
        format: the format.
        gives: what a TFLite file gives.
        for_resize: what it is made for: see `segtf.export`.
    """
    if format == "onnx":
        return [_ONNX_NAME]
    return [file_name(format, gives, for_resize)] if format in VARIANTS else []


def _write_saved_model(job):
    path, name = next_version(job.directory), Path(job.directory).resolve().name
    with publishing_folder(path) as folder:
        write_saved_model(job.model, job.spec, folder, job.about, name)
        exported = Predictor(SavedModelBackend(folder, job.spec))
        if job.spec.channels in (1, 3):
            check_files(job.trial, exported.backend.model, _SAVED_MODEL_AGREEMENT)
        report = job.trial.measure(
            exported, folder, f"{name}/{path.name}", "saved_model", _SAVED_MODEL_AGREEMENT
        )
        extra = folder / "assets.extra"
        report.save_figures(extra, "parity")
        write_atomically(extra / LABELS_FILE, labels_text(job.spec.labels.names))
        card = model_card(f"{name}/{path.name}", job.about, report, job.figures)
        write_atomically(extra / "model-card.md", card)
        write_folder_checksums(folder)
    # Beside the version folder: the picture shows images of the data, which leave in no model.
    report.draw(path.with_name(f"{path.name}.parity.png"))
    return path, report


def _write_onnx(job):
    own = {SPEC_METADATA: json.dumps(job.about)}
    content = convert_to_onnx(job.model, job.spec, own, job.about["dynamic_size"])
    path = Path(job.directory) / _ONNX_NAME
    return _publish(content, path, job, _ONNX_AGREEMENT, {})


def _write_tflite(job):
    dynamic_size, gives = job.about["dynamic_size"], job.about["gives"]
    canvases = [job.trial.reference.canvas(image) for image in job.calibration]
    choice = job.model, job.trial, job.format, canvases, dynamic_size, gives
    content, more = best_file(*choice)
    task, files = task_metadata(job.spec, job.model.name, gives, dynamic_size)
    own = json.dumps(job.about).encode("utf-8")
    content = with_metadata(content, {SPEC_METADATA: own, TASK_METADATA: task}, files)
    details = {**job.details, **more, "delegates": delegate_report(content)}
    name = file_name(job.format, gives, job.about.get("for_resize", "antialiased"))
    path, least = Path(job.directory) / name, VARIANTS[job.format].least_agreement
    try:
        return _publish(content, path, job, least, details)
    except ExportError as error:
        if job.format == "tflite":
            raise
        raise ExportError(f"{error}. {format_that_fits(*choice)}") from error


def _publish(content, path, job, least, details):
    """Measure a model of one file, then put it and what explains it in their place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    details = {"sha256": hashlib.sha256(content).hexdigest(), **details}
    with replacing(path) as beside:
        beside.write_bytes(content)
        report = job.trial.measure(load(beside), beside, path.name, job.format, least, details)
    card = model_card(path.name, job.about, report, job.figures)
    write_companions(path, job.about, report, card)
    return path, report
