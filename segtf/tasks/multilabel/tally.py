"""What is kept of each image while a model is measured: counts, never pixels."""

import numpy as np

from segtf.metrics import Calibration, Counts, ThresholdCurve, label_counts
from segtf.tasks.measured import Measured
from segtf.tasks.multilabel.answer import class_names
from segtf.tasks.multilabel.scores import LabelScores


class LabelTally:
    """Adds up predictions, one image after the other, each class by itself.

    Args:
        labels: the `LabelMap`.
        with_outlines: whether to measure outlines, which this task does not: `None` or `False`.

    Raises:
        ValueError: if outlines are asked for.
    """

    def __init__(self, labels, with_outlines=None):
        if with_outlines:
            raise ValueError(
                "Expected outlines of a task of one class a pixel. Received: a multi-label model"
            )
        self.labels = labels
        self._curves = [
            ThresholdCurve(ignore_class=labels.ignore_class) for _ in class_names(labels)
        ]
        self._calibration = Calibration(ignore_class=labels.ignore_class)
        self._has_probabilities = False
        self._ids, self._counts = [], []

    def add(self, id_, truth, prediction):
        """Add an image: its id, of each class whether it is there `(H, W, K)`, and its
        `Prediction`."""
        ignored = self.labels.ignore_class
        unseen = np.zeros(truth.shape, bool) if ignored is None else prediction.mask == ignored
        # Pixels that the resize rule kept from the model have to count: nothing is found there.
        mask = np.where(unseen, 0, prediction.mask)
        self._ids.append(id_)
        self._counts.append(label_counts(truth, mask, ignore_class=ignored))
        # A model that gives decisions alone, as in full int8, has no confidence.
        if prediction.confidence is not None:
            self._has_probabilities = True
            chances = prediction.probabilities
            for place, curve in enumerate(self._curves):
                curve.update(truth[..., place], chances[..., place])
            self._calibration.update(truth[~unseen], chances[~unseen])

    def scores(self):
        """Return the `LabelScores` of what was added."""
        return LabelScores(tuple(self._ids), Counts(*np.stack(self._counts, axis=1)))

    def measured(self):
        """Return the `Measured` of what was added."""
        names = class_names(self.labels)
        curves = dict(zip(names, self._curves, strict=True)) if self._has_probabilities else {}
        return Measured(
            names=names,
            scores=self.scores(),
            curves=curves,
            calibration=self._calibration if self._has_probabilities else None,
        )
