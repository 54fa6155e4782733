"""What is known of a model once every image has been added up."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from segtf.metrics import (
    Calibration,
    ThresholdCurve,
    dice,
    iou,
    precision,
    recall,
    specificity,
)

CLASS_FIGURES = {
    "dice": dice,
    "iou": iou,
    "precision": precision,
    "recall": recall,
    "specificity": specificity,
}
"""Name of each metric of a class to the function of its `segtf.metrics.Counts`."""


class Measured(NamedTuple):
    """What the accumulator of a task gives in the end; what a task does not measure is left out.

    Args:
        names: names of the classes that are counted, in order.
        scores: counts of each image and class, and the metrics that follow: a record of `ids`;
            `counts`, `segtf.metrics.Counts` `(N, K)`; `true_pixels` `(N, K)`; `counting`, which
            images have pixels that count, bool `(N,)`; `dice` and `iou` of each image `(N,)`;
            `by_image`, a dict of each metric of an image `(N,)`; and the methods
            `pooled(weights)`, counts over all images `(K,)`; `summary(weights)`, a dict of the
            metrics over all images; and `select(ids)`, the same of these images.
        matrix: int64 `(K, K)`, confusion matrix over all pixels, true classes in rows; `None`
            where a pixel may have several classes.
        curves: name of each class that a threshold decides for to its `ThresholdCurve`; empty
            for a model that gives decisions alone.
        calibration: `Calibration`, `None` for a model that gives decisions alone.
        outlines: record of figures of outlines `(N, K)`, or `None`.
    """

    names: tuple[str, ...]
    scores: object
    matrix: np.ndarray | None = None
    curves: Mapping[str, ThresholdCurve] = {}
    calibration: Calibration | None = None
    outlines: object | None = None
