"""segtf.export: a trained model as a file that runs elsewhere."""

from dataclasses import dataclass, replace
from pathlib import Path

from segtf.comparing.parity_report import ParityReport
from segtf.data import match_classes
from segtf.exporting.any_size import at_any_size
from segtf.exporting.images import choose_images
from segtf.exporting.model_card import read_figures
from segtf.exporting.parity import Trial
from segtf.exporting.plain_resize import check_resize, plain_losses, shrinking
from segtf.exporting.provenance import details_of, provenance
from segtf.exporting.room import require_room
from segtf.exporting.tflite.convert import VARIANTS, answer_of
from segtf.exporting.writing import Job, file_names, write
from segtf.files import require_writable
from segtf.inference.formats import find_model
from segtf.inference.formats.keras_model import KerasBackend, load_keras
from segtf.inference.predictor import Predictor
from segtf.models.keras_file import in_float32
from segtf.nearest import names_to_choose
from segtf.ranges import number
from segtf.signatures import CLASS_IDS

FORMATS = ("saved_model", *VARIANTS, "onnx")
_ALIASES = {"litert": "tflite"}
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
    require_room(directory, file_names(format, gives, for_resize), spec.labels)
    if source is not None:
        match_classes(source.labels, spec.labels)
    images = choose_images(model_or_run, spec, format, source, check_images, calibration)
    reference = _reference(model, spec, reader, images.check)
    trial = Trial(reference, images.check, images.origin, max_iou_drop, speed)
    details = dict(images.details)
    if for_resize == "plain":
        larger = shrinking(reference, reader)
        details["plain_resize"] = plain_losses(trial, larger)
        trial = replace(trial, reference=larger)
    model = trial.reference.backend.model
    model = at_any_size(model, model_or_run) if dynamic_size else model
    about = details_of(trial.reference.spec, dynamic_size, provenance(model, model_or_run))
    if format in VARIANTS:
        about["gives"] = gives
        if for_resize == "plain":
            about["for_resize"] = for_resize
    figures = read_figures(model_or_run)
    job = Job(model, trial, directory, format, about, figures, images.calibration, details)
    path, report = write(job)
    return Export(path, format, report)


def _check_outputs(reader):
    if reader is not None and reader.gives == CLASS_IDS:
        raise ValueError(
            "Expected a model that gives logits or probabilities, from which an export makes "
            "what its format gives. Received: one that gives class ids"
        )


def _reference(model, spec, reader, images):
    """The predictor that an export is compared with: the model, in float32."""
    reference, in_full = Predictor(KerasBackend(model, spec, reader)), in_float32(model)
    if in_full is model:
        return reference
    copy = Predictor(KerasBackend(in_full, spec, reader))
    trial = Trial(reference, images, "", speed=False)
    trial.compare(copy, _MIXED_PRECISION_AGREEMENT)
    return copy
