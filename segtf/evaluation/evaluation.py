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
from segtf.labels import LabelMap
from segtf.metrics import (
    Calibration,
    Counts,
    ThresholdCurve,
    frequency_weighted_iou,
    mean_dice,
    mean_iou,
)
from segtf.tasks.semantic.outlines import (
    TOLERANCE,
    OutlineFigures,
    hidden_outlines,
    mean_defined,
)
from segtf.tasks.semantic.scores import CLASS_FIGURES, ImageScores


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Args:
        model: name of the model: of its run folder or file.
        data: name of the data set.
        split: name of the split, or ``all``.
        labels: the `LabelMap`.
        threshold: probability from which a pixel of a binary task was foreground.
        scores: `ImageScores`: counts of each image and class.
        matrix: int64 `(K, K)`: confusion matrix over all pixels, true classes in rows.
        curve: `ThresholdCurve` of a binary task, or `None`.
        calibration: `Calibration`, or `None` for a model that gives class ids alone.
        outlines: `OutlineFigures` of each image and class `(N, K)`, or `None`.
        folder: where the report lies, or `None`.
    """

    model: str
    data: str
    split: str
    labels: LabelMap
    threshold: float
    scores: ImageScores
    matrix: np.ndarray
    curve: ThresholdCurve | None
    calibration: Calibration | None
    outlines: OutlineFigures | None
    folder: Path | None

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
            **self._pooled_summary(),
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
                name: self._class_summary(index) for index, name in enumerate(self.labels.names)
            },
            **self._outline_summary(),
            **self._probability_summary(),
            "confusion_matrix": self.matrix.tolist(),
        }

    def _pooled_summary(self):
        """The figures of the pixels of all images together."""
        known = self.matrix.any()
        return {
            "frequency_weighted_iou": frequency_weighted_iou(self.matrix) if known else None,
            "over_all_pixels": {
                "dice": mean_dice(self.matrix) if known else None,
                "iou": mean_iou(self.matrix) if known else None,
            },
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

    def _probability_summary(self):
        if self.calibration is None:
            return {}
        error = self.calibration.expected_error() if self.matrix.any() else None
        summary = {"expected_calibration_error": error}
        if self.curve is not None:
            # Without foreground in the truth, the best threshold is whichever finds nothing.
            known = self.curve.positives.any()
            best, best_dice = self.curve.best_threshold() if known else (None, None)
            summary["threshold"] = {
                "used": self.threshold,
                "best": best,
                "best_dice_over_all_pixels": best_dice,
            }
            summary["roc_auc"] = _number(self.curve.roc_auc())
        return summary


def _number(value):
    """A figure for JSON, which has no NaN: `None` for one that is not defined."""
    return None if np.isnan(value) else float(value)


def _numbers(values):
    return [_number(value) for value in values]
