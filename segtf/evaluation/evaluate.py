"""segtf.evaluate: a model against labelled images, at their own resolution."""

from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from segtf.data import inspect_source, load_source, read_sample, select
from segtf.evaluation.report import write_report
from segtf.inference.load import load
from segtf.inference.predictor import Predictor
from segtf.metrics import confusion_matrix, dice, iou, mean_dice, mean_iou, pixel_accuracy
from segtf.runs import Run


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Args:
        ids: the samples, in order.
        matrices: int64 `(N, classes, classes)`: confusion matrix of each image, true classes
            in rows.
        labels: the `LabelMap`.
        split: name of the split, or ``all``.
        folder: where the report lies.
    """

    ids: tuple[str, ...]
    matrices: np.ndarray
    labels: object
    split: str
    folder: Path

    @property
    def image_dice(self):
        """Dice of each image, `(N,)`; of several classes their mean, of two the foreground's."""
        return np.array([mean_dice(matrix) for matrix in self.matrices])

    @property
    def image_iou(self):
        """IoU of each image, likewise."""
        return np.array([mean_iou(matrix) for matrix in self.matrices])

    def summary(self):
        """Return the figures as plain values for JSON.

        `mean_dice` and `mean_iou` are what the field quotes: of a binary task the mean over
        images of the foreground's figure, of several classes the mean over classes of the
        figure over all pixels. Both ways are given by name besides.
        """
        pooled = self.matrices.sum(axis=0)
        over_images = {
            "dice": float(self.image_dice.mean()),
            "iou": float(self.image_iou.mean()),
        }
        over_pixels = {"dice": mean_dice(pooled), "iou": mean_iou(pooled)}
        quoted = over_images if self.labels.is_binary else over_pixels
        return {
            "split": self.split,
            "images": len(self.ids),
            "mean_dice": quoted["dice"],
            "mean_iou": quoted["iou"],
            "pixel_accuracy": pixel_accuracy(pooled),
            "mean_over_images": over_images,
            "over_all_pixels": over_pixels,
            "per_class": {
                name: {"dice": _number(class_dice), "iou": _number(class_iou)}
                for name, class_dice, class_iou in zip(
                    self.labels.names, dice(pooled), iou(pooled), strict=True
                )
            },
        }


def evaluate(model, source=None, split=None, out=None, on_image=None, **load_settings):
    """Measure a model on labelled images at their own resolution, and write a report.

    Args:
        model: a run folder, or whatever else `segtf.load` takes, or its `Predictor`.
        source: a `segtf.data.Source`; by default the data that the run was trained on.
        split: name of a split of the run or the source; by default ``val`` for the run's own
            data and ``all`` for other data.
        out: folder for the report; by default the run's ``report``. Without either, nothing is
            written.
        on_image: called with no arguments after each image, to show progress.
        load_settings: of `segtf.load` (labels, resize, ...), for a model that lacks them.

    Returns:
        An `Evaluation`.

    Raises:
        ValueError: if model and data do not fit together, or the split is not there.
    """
    run = None
    if isinstance(model, str | Path):
        if not Path(model).exists():
            raise ValueError(f"Expected a model. Received: {model}, which does not exist")
        run = Run(model) if Run.is_run(model) else None
    if source is None:
        source = _trained_on(run)
    if _brings_no_labels(model):
        load_settings.setdefault("labels", source.labels)
    predict = model if isinstance(model, Predictor) else load(model, **load_settings)
    _check_labels(predict.spec.labels, source.labels)
    name, samples = _samples_of(source, run, split)
    source, _ = inspect_source(replace(source, samples=tuple(samples), splits={}))

    matrices = []
    for sample in source.samples:
        image, truth = read_sample(sample, predict.spec)
        matrices.append(_count(truth, predict(image).mask, predict.spec.labels))
        if on_image is not None:
            on_image()
    folder = Path(out) if out is not None else run and run.report
    ids = tuple(sample.id for sample in source.samples)
    evaluation = Evaluation(ids, np.stack(matrices), predict.spec.labels, name, folder)
    if folder is not None:
        write_report(evaluation, source.samples, predict)
    return evaluation


def _trained_on(run):
    if run is None:
        raise ValueError(
            "Expected a source of labelled images for a model without a run folder. Received: None"
        )
    origin = run.config()["data"]
    if not origin:
        raise ValueError(f"Expected a source: the run's own has no name. Received: {run.path}")
    return load_source(**origin)


def _samples_of(source, run, split):
    """Name and samples of the split."""
    is_own = run is not None and dict(source.origin) == run.config()["data"]
    splits = {**source.splits, **(run.split() if is_own else {}), "all": None}
    name = split or ("val" if is_own else "all")
    if name not in splits:
        raise ValueError(f"Expected a split out of {sorted(splits)}. Received: {name!r}")
    samples = source.samples if name == "all" else select(source.samples, splits[name])
    if not samples:
        raise ValueError(f"Expected images in split {name!r}. Received: none")
    return name, samples


def _brings_no_labels(model):
    return isinstance(model, keras.Model) or str(model).endswith(".keras")


def _check_labels(model_labels, data_labels):
    if model_labels.num_classes != data_labels.num_classes:
        raise ValueError(
            f"Expected data of the model's {model_labels.num_classes} classes "
            f"({', '.join(model_labels.names[:12])}). Received: {data_labels.num_classes} "
            f"({', '.join(data_labels.names[:12])})"
        )


def _count(truth, mask, labels):
    """Confusion matrix; pixels that the model never saw count as class 0."""
    if labels.ignore_class is not None:
        mask = np.where(mask == labels.ignore_class, 0, mask)
    return confusion_matrix(truth, mask, labels.num_classes, labels.ignore_class)


def _number(value):
    """A figure for JSON, which has no NaN: `None` for a class that is nowhere."""
    return None if np.isnan(value) else float(value)
