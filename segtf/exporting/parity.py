"""Does an exported model say what the Keras model says?"""

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from PIL import Image

from segtf import signatures
from segtf.comparing.parity_report import ParityReport, make_rows
from segtf.comparing.side_by_side import examples_of, side_by_side, unlabelled_examples
from segtf.comparing.speed import measure_speed, size_in_bytes
from segtf.data import Source
from segtf.data.decode import read_image
from segtf.inference.formats.tflite_file import TFLiteBackend
from segtf.inference.predictor import Predictor
from segtf.tasks.choice import task_of

_FILES_CHECKED = 16
_CANVASES_TRIED = 32
_RUNS, _SECONDS = 20, 3.0


class ExportError(ValueError):
    """An export that cannot be made, or that differs from the Keras model too much."""


@dataclass(frozen=True)
class Trial:
    """What every export of a model is measured against and on.

    Args:
        reference: `Predictor` of the Keras model.
        images: what a predictor takes, or a `Source` of labelled images.
        origin: where they come from, for a person.
        max_iou_drop: points (hundredths) of mean IoU that an export may lose, or `None`.
        speed: whether to measure latency and memory as well.

    Raises:
        ValueError: for `max_iou_drop` without labelled images.
    """

    reference: Predictor
    images: Source | Sequence
    origin: str
    max_iou_drop: float | None = None
    speed: bool = True

    def __post_init__(self):
        if self.max_iou_drop is not None and not self.is_labelled:
            raise ValueError(
                "Expected labelled images to measure the loss of IoU on: a run whose data is "
                f"there, or a data set. Received: {self.origin}"
            )

    @property
    def is_labelled(self):
        """Whether IoU can be measured."""
        return isinstance(self.images, Source)

    def examples(self):
        """Decode the images one after the other, as `Example`s."""
        if self.is_labelled:
            return examples_of(self.images, self.reference.spec)
        return unlabelled_examples(self.images, self.reference.spec.channels)

    def measure(self, exported, path, name, format, least, details=None):
        """Compare an exported model with the reference.

        Args:
            exported: its `Predictor`.
            path: its file or folder.
            name: what it is called in the report.
            format: of `segtf.export`.
            least: share of the pixels, 0..1, whose class has to be the same.
            details: further plain values for the report.

        Returns:
            A `ParityReport`.

        Raises:
            ExportError: if fewer pixels agree, or more IoU is lost than `max_iou_drop`.
        """
        comparison = self.compare(exported, least)
        size, spec = size_in_bytes(path), self.reference.spec
        speed = measure_speed(path, spec.size, None, _RUNS, _SECONDS) if self.speed else None
        rows = make_rows(
            names=("keras", name),
            formats=("keras", format),
            sizes=(4 * self.reference.backend.model.count_params(), size),
            comparison=comparison,
            speeds=(None, speed),
        )
        return ParityReport(
            rows,
            spec.labels,
            comparison.images,
            comparison.labelled,
            self.origin,
            comparison.cases,
            details or {},
            spec.task.name,
        )

    def compare(self, exported, least):
        """Return the `SideBySide` of an exported model with the reference, if it is close enough.

        Args and errors are those of `measure`.
        """
        comparison = side_by_side([self.reference, exported], self.examples())
        self._check(comparison, least)
        return comparison

    def agreement_of(self, tflite, canvases):
        """Return the share of pixels in which a TFLite file agrees with the reference.

        Args:
            tflite: the bytes of the file.
            canvases: uint8 arrays `(H, W, C)` of the model's size, of which some are tried.
        """
        tried = unlabelled_examples(canvases[:_CANVASES_TRIED], self.reference.spec.channels)
        exported = self._predictor(tflite)
        return side_by_side([self.reference, exported], tried).figures[1].agreement

    def try_file(self, tflite, least):
        """Return the `SideBySide` of a TFLite file, as `compare` does.

        Args:
            tflite: the bytes of the file.
            least: share of the pixels, 0..1, whose class has to be the same.
        """
        return self.compare(self._predictor(tflite), least)

    def _predictor(self, tflite):
        with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
            file.write(tflite)
            file.flush()
            return Predictor(TFLiteBackend(file.name, self.reference.spec))

    def _check(self, comparison, least):
        keras, exported = comparison.figures
        if exported.agreement < least:
            raise ExportError(
                f"Expected at least {least:.2%} of the pixels to have the class that the Keras "
                f"model gives them, on {comparison.images} images. Received: "
                f"{exported.agreement:.2%}"
            )
        if self.max_iou_drop is None:
            return
        spec = self.reference.spec
        task = task_of(spec)
        title = task.titles(task.names(spec.labels))["mean_iou"]
        if keras.mean_iou is None:
            raise ExportError(
                "Expected labelled pixels to measure the loss of IoU on. Received: "
                f"{comparison.labelled} images of which every pixel is ignored"
            )
        drop = 100 * (keras.mean_iou - exported.mean_iou)
        if drop > self.max_iou_drop:
            raise ExportError(
                f"Expected a loss of at most {self.max_iou_drop:g} points of {title}, on "
                f"{comparison.labelled} labelled images. Received: {drop:.2f} points, from "
                f"{100 * keras.mean_iou:.2f} to {100 * exported.mean_iou:.2f}"
            )


def check_files(trial, saved_model, least):
    """Compare the masks that a SavedModel gives for image files with those of the Keras model.

    Args:
        trial: a `Trial`, of whose images some are tried.
        saved_model: what `tf.saved_model.load` returned.
        least: share of the pixels, 0..1, whose class has to be the same.

    Raises:
        ExportError: if fewer are, or if an image got an error for an answer.
    """
    reference = trial.reference
    images = trial.images
    if trial.is_labelled:
        images = [sample.image for sample in images.samples]
    arrays = [read_image(image, reference.spec.channels) for image in images[:_FILES_CHECKED]]
    answers = saved_model.signatures[signatures.SERVING_DEFAULT](
        **{signatures.IMAGE_BYTES: tf.constant([_png(array) for array in arrays])}
    )
    errors = [error.decode() for error in answers[signatures.ERROR].numpy() if error]
    if errors:
        raise ExportError(f"Expected a mask for each image. Received: {errors[0]}")
    masks = [_decoded(png) for png in answers[signatures.MASK_BYTES].numpy()]
    expected = [reference(array).mask for array in arrays]
    equal = sum(
        int(np.count_nonzero(one == other)) for one, other in zip(expected, masks, strict=True)
    )
    share = equal / sum(mask.size for mask in expected)
    if share < least:
        raise ExportError(
            f"Expected at least {least:.2%} of the pixels of masks of image files to have the "
            f"class that the Keras model gives them, on {len(expected)} images. "
            f"Received: {share:.2%}"
        )


def _decoded(png):
    """The mask of a PNG file, or of one for each class."""
    if isinstance(png, bytes):
        return tf.io.decode_png(png).numpy()[..., 0]
    return np.concatenate([tf.io.decode_png(one) for one in png], axis=-1)


def _png(array):
    file = io.BytesIO()
    Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array).save(file, "PNG")
    return file.getvalue()
