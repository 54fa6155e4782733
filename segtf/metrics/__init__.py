"""Segmentation metrics: one confusion matrix, of which IoU, Dice and the others are views.

Keras metrics for training (`ConfusionMatrix`); NumPy for evaluation, from counts, from
probabilities, and from the distances between outlines.
"""

from segtf.metrics.from_counts import (
    Counts,
    confusion_matrix,
    counts,
    dice,
    frequency_weighted_iou,
    iou,
    mean_dice,
    mean_iou,
    mean_over_classes,
    pixel_accuracy,
    precision,
    recall,
    specificity,
)
from segtf.metrics.labels import LabelCounts, label_counts
from segtf.metrics.probabilities import Calibration, ThresholdCurve
from segtf.metrics.streaming import (
    ConfusionMatrix,
    MeanDiceScore,
    MeanIoUScore,
    PixelAccuracyScore,
)
from segtf.metrics.surfaces import (
    SurfaceDistances,
    average_surface_distance,
    boundary_f,
    hausdorff,
    surface_distances,
)

__all__ = [
    "Calibration",
    "ConfusionMatrix",
    "Counts",
    "LabelCounts",
    "MeanDiceScore",
    "MeanIoUScore",
    "PixelAccuracyScore",
    "SurfaceDistances",
    "ThresholdCurve",
    "average_surface_distance",
    "boundary_f",
    "confusion_matrix",
    "counts",
    "dice",
    "frequency_weighted_iou",
    "hausdorff",
    "iou",
    "label_counts",
    "mean_dice",
    "mean_iou",
    "mean_over_classes",
    "pixel_accuracy",
    "precision",
    "recall",
    "specificity",
    "surface_distances",
]
