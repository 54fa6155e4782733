"""What an evaluation found."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from segtf.evaluation.bootstrap import (
    DRAWS,
    FEWEST_IMAGES,
    LEVEL,
    SEED,
    intervals,
    resamples,
)
from segtf.metrics import Counts
from segtf.spec import ModelSpec
from segtf.tasks.choice import task_of
from segtf.tasks.measured import CLASS_FIGURES, Measured
from segtf.tasks.outlines import (
    TOLERANCE,
    OutlineFigures,
    hidden_outlines,
    mean_defined,
)


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Args:
        model: name of the model: of its run folder or file.
        data: name of the data set.
        split: name of the split, or ``all``.
        spec: the `ModelSpec`, with the labels that the masks were read by.
        measured: what was counted: a `segtf.tasks.measured.Measured`.
        folder: where the report lies, or `None`.
    """

    model: str
    data: str
    split: str
    spec: ModelSpec
    measured: Measured
    folder: Path | None

    @property
    def task(self):
        """The `segtf.tasks.task.Task`, which says what is shown."""
        return task_of(self.spec)

    @property
    def labels(self):
        """The `LabelMap`."""
        return self.spec.labels

    @property
    def class_names(self):
        """Names of the classes that are counted."""
        return self.measured.names

    @property
    def scores(self):
        """Counts of each image and class."""
        return self.measured.scores

    @property
    def matrix(self):
        """int64 `(K, K)`, confusion matrix over all pixels, true classes in rows, or `None`."""
        return self.measured.matrix

    @property
    def curves(self):
        """Name of each class that a threshold decides for to its `ThresholdCurve`."""
        return self.measured.curves

    @property
    def calibration(self):
        """`Calibration`, or `None` for a model that gives decisions alone."""
        return self.measured.calibration

    @property
    def outlines(self):
        """`OutlineFigures` of each image and class `(N, K)`, or `None`."""
        return self.measured.outlines

    @property
    def titles(self):
        """Keys of the metrics that sum it up, in order, with what people call them."""
        return self.task.titles(self.class_names)

    @property
    def ids(self):
        """The images, in order."""
        return self.scores.ids

    @property
    def image_dice(self):
        """Dice of each image, `(N,)`; of several classes their mean, of two the foreground's.

        NaN where no pixel counts.
        """
        return self.scores.dice

    @property
    def image_iou(self):
        """IoU of each image, `(N,)`; of several classes their mean, of two the foreground's.

        NaN where no pixel counts.
        """
        return self.scores.iou

    @property
    def image_outlines(self):
        """`OutlineFigures` of each image `(N,)`, means over the classes; `None` if not measured."""
        if self.outlines is None:
            return None
        return OutlineFigures(*(mean_defined(figures) for figures in self.outlines))

    @property
    def hidden_outlines(self):
        """Which images have outlines, or distances, that ignored pixels hide, bool `(N,)`."""
        return hidden_outlines(self.scores.counts, self.outlines, self.labels)

    @cached_property
    def class_figures(self):
        """Figure name to `(K,)` over all pixels, NaN where a class does not define it."""
        pooled = self.scores.pooled()
        return {name: figure(pooled) for name, figure in CLASS_FIGURES.items()}

    @cached_property
    def _resampled(self):
        """The figures of each resample: the summaries `(draws,)` and the classes `(draws, K)`."""
        summaries, pooled = [], []
        for weights in resamples(len(self.ids)):
            summaries.append(self.scores.summary(weights))
            pooled.append(self.scores.pooled(weights))
        pooled = Counts(*np.stack(pooled, axis=1))
        return (
            {name: [summary[name] for summary in summaries] for name in summaries[0]},
            {name: CLASS_FIGURES[name](pooled) for name in ("dice", "iou")},
        )

    @cached_property
    def has_intervals(self):
        """Whether there are images enough for confidence intervals."""
        return int(self.scores.counting.sum()) >= FEWEST_IMAGES

    @cached_property
    def intervals(self):
        """Figure name to the ends of its confidence interval over images; NaN for few images."""
        if not self.has_intervals:
            return dict.fromkeys(self.scores.summary(), (np.nan, np.nan))
        return {name: intervals(values) for name, values in self._resampled[0].items()}

    @cached_property
    def class_intervals(self):
        """``dice`` and ``iou`` to the ends of their intervals, two arrays `(K,)`.

        NaN for a class that truth and prediction hold in few images.
        """
        holding = sum(self.scores.counts[:3]).astype(bool).sum(axis=0)
        if not (self.has_intervals and (holding >= FEWEST_IMAGES).any()):
            absent = np.full(len(holding), np.nan)
            return dict.fromkeys(("dice", "iou"), (absent, absent))
        return {
            name: [np.where(holding >= FEWEST_IMAGES, ends, np.nan) for ends in intervals(values)]
            for name, values in self._resampled[1].items()
        }

    def summary(self):
        """Return the figures as plain values for JSON.

        `mean_dice` and `mean_iou` are what the field quotes: of a binary task the mean over
        images of the foreground's figure, of several classes the mean over classes of the
        figure over all pixels. Both ways are given by name besides.
        """
        return {
            "model": self.model,
            "data": self.data,
            "split": self.split,
            "images": len(self.ids),
            **self._ignored_summary(),
            **{name: _number(value) for name, value in self.scores.summary().items()},
            "mean_over_images": {
                "dice": _number(mean_defined(self.image_dice)),
                "iou": _number(mean_defined(self.image_iou)),
            },
            "confidence_intervals": {
                "method": "percentile bootstrap over images",
                "level": LEVEL,
                "draws": DRAWS,
                "seed": SEED,
                **({} if self.has_intervals else {"absent": f"fewer than {FEWEST_IMAGES} images"}),
                **{name: _numbers(ends) for name, ends in self.intervals.items()},
            },
            "per_class": {
                name: self._class_summary(index) for index, name in enumerate(self.class_names)
            },
            **self._outline_summary(),
            **self._calibration_summary(),
            **_plain(self.task.summary(self.measured, self.spec)),
        }

    def _ignored_summary(self):
        """How many images tell nothing, as every pixel of their masks is ignored."""
        ignored = int((~self.scores.counting).sum())
        return {"images_ignored": ignored} if ignored else {}

    def _class_summary(self, index):
        true_pixels = self.scores.true_pixels[:, index]
        summary = {name: _number(values[index]) for name, values in self.class_figures.items()}
        for name, (low, high) in self.class_intervals.items():
            summary[f"{name}_interval"] = _numbers((low[index], high[index]))
        if self.outlines is not None:
            for name, figures in self.outlines._asdict().items():
                summary[name] = _number(mean_defined(figures[:, index]))
        pixels = int(true_pixels.sum())
        return {**summary, "pixels": pixels, "images": int((true_pixels > 0).sum())}

    def _outline_summary(self):
        if self.outlines is None:
            return {}
        means = self.image_outlines
        return {
            "outlines": {
                **{name: _number(mean_defined(values)) for name, values in means._asdict().items()},
                "tolerance": f"{TOLERANCE:.2%} of the image's diagonal",
                "unit": "pixels",
                "images_without_distance": int(np.isnan(means.hausdorff_95).sum()),
                "images_hidden": int(self.hidden_outlines.sum()),
            }
        }

    def _calibration_summary(self):
        if self.calibration is None:
            return {}
        known = self.scores.counting.any()
        error = self.calibration.expected_error() if known else None
        return {"expected_calibration_error": error}


def _plain(values):
    """A dict for JSON, whose numbers that are not defined are `None`."""
    if isinstance(values, dict):
        return {name: _plain(value) for name, value in values.items()}
    return _number(values) if isinstance(values, float) else values


def _number(value):
    """A figure for JSON, which has no NaN: `None` for one that is not defined."""
    return None if np.isnan(value) else float(value)


def _numbers(values):
    return [_number(value) for value in values]
