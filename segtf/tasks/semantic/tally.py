"""What is kept of each image while a model is measured: counts, never pixels."""

import numpy as np

from segtf.metrics import Calibration, ThresholdCurve, confusion_matrix, counts
from segtf.tasks.measured import Measured
from segtf.tasks.outlines import OutlineFigures, outline_figures
from segtf.tasks.semantic.answer import thresholded_class
from segtf.tasks.semantic.scores import ImageScores


class Tally:
    """Adds up predictions, one image after the other.

    Args:
        labels: the `LabelMap`.
        with_outlines: whether to measure outlines, which takes longer than all else but the
            model; by default where they are of the foreground alone.

    Attributes:
        matrix: int64 `(K, K)`, confusion matrix over all pixels, true classes in rows.
        curve: `ThresholdCurve` of a binary task, or `None`.
        calibration: `Calibration`.
        has_probabilities: whether `curve` and `calibration` have anything to go by.
    """

    def __init__(self, labels, with_outlines=None):
        self.labels = labels
        is_thresholded = thresholded_class(labels.names) is not None
        self.matrix = np.zeros((labels.num_classes, labels.num_classes), np.int64)
        self.curve = ThresholdCurve(ignore_class=labels.ignore_class) if is_thresholded else None
        self.calibration = Calibration(ignore_class=labels.ignore_class)
        self.has_probabilities = False
        self._with_outlines = is_thresholded if with_outlines is None else with_outlines
        self._ids, self._counts, self._outlines = [], [], []

    def add(self, id_, truth, prediction):
        """Add an image: its id, class ids `(H, W)` and its `Prediction`."""
        ignored = self.labels.ignore_class
        unseen = np.zeros(truth.shape, bool) if ignored is None else prediction.mask == ignored
        # Pixels that the resize rule kept from the model have to count: as background, or class 0.
        mask = np.where(unseen, self.labels.background or 0, prediction.mask)
        matrix = confusion_matrix(truth, mask, self.labels.num_classes, ignore_class=ignored)
        self.matrix += matrix
        self._ids.append(id_)
        self._counts.append(counts(matrix)[:3])
        if self._with_outlines:
            self._outlines.append(outline_figures(truth, mask, self.labels))
        # A model that gives class ids alone, as in full int8, has no confidence.
        if prediction.confidence is not None:
            self.has_probabilities = True
            self._add_probabilities(truth, prediction.probabilities, unseen)

    def scores(self):
        """Return the `ImageScores` of what was added."""
        return ImageScores.of_pixels(self._ids, *np.stack(self._counts, axis=1))

    def measured(self):
        """Return the `Measured` of what was added."""
        foreground = thresholded_class(self.labels.names)
        has_curve = self.has_probabilities and self.curve is not None
        return Measured(
            names=self.labels.names,
            scores=self.scores(),
            matrix=self.matrix,
            curves={foreground: self.curve} if has_curve else {},
            calibration=self.calibration if self.has_probabilities else None,
            outlines=self.outlines(),
        )

    def outlines(self):
        """Return the `OutlineFigures` `(N, K)` of what was added, or `None`."""
        if not self._with_outlines:
            return None
        return OutlineFigures(*np.stack(self._outlines, axis=1))

    def _add_probabilities(self, truth, probabilities, unseen):
        if self.curve is not None:
            probabilities = probabilities[..., 0]
            self.curve.update(truth, probabilities)
        if unseen.any():
            truth, probabilities = truth[~unseen], probabilities[~unseen]
        self.calibration.update(truth, probabilities)
