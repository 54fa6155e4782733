"""What an evaluation of a semantic model says besides what it says of any task."""

from segtf.metrics import frequency_weighted_iou, mean_dice, mean_iou
from segtf.tasks.semantic.answer import thresholded_class


def summary(measured, spec):
    """Return metrics over the pixels of all images, the confusion matrix and the threshold.

    Args:
        measured: the `segtf.tasks.measured.Measured`.
        spec: the `ModelSpec`.

    Returns:
        A dict for ``metrics.json``; `None` or NaN for what the images do not define.
    """
    matrix = measured.matrix
    known = matrix.any()
    return {
        "frequency_weighted_iou": frequency_weighted_iou(matrix) if known else None,
        "over_all_pixels": {
            "dice": mean_dice(matrix) if known else None,
            "iou": mean_iou(matrix) if known else None,
        },
        **_threshold(measured.curves, spec),
        "confusion_matrix": matrix.tolist(),
    }


def thresholds(spec):
    """Return the threshold of each class that one decides for: the foreground of two classes.

    Args:
        spec: the `ModelSpec`.

    Returns:
        A dict of class name to probability, empty for several classes.
    """
    foreground = thresholded_class(spec.labels.names)
    return {} if foreground is None else {foreground: spec.threshold}


def _threshold(curves, spec):
    for curve in curves.values():
        # Without foreground in the truth, the best threshold is whichever finds nothing.
        known = curve.positives.any()
        best, best_dice = curve.best_threshold() if known else (None, None)
        return {
            "threshold": {
                "used": spec.threshold,
                "best": best,
                "best_dice_over_all_pixels": best_dice,
            },
            "roc_auc": curve.roc_auc(),
        }
    return {}
