"""What an evaluation of a multi-label model says, and what its metrics are called."""


def titles(names):
    """Return the keys of the metrics that sum up an evaluation, with what people call them.

    Args:
        names: of the classes that are counted.
    """
    return {"mean_dice": "mean Dice over classes", "mean_iou": "mean IoU over classes"}


def notes(names):
    """Return how these are made, as sentences.

    Args:
        names: of the classes that are counted.
    """
    return (
        "Classes may overlap, and each is counted by itself. Mean Dice and IoU over classes are "
        "over those that truth or prediction hold, each over the pixels of all images; image Dice "
        "and IoU are the mean over the classes in the image, and 1 where neither truth nor "
        "prediction has any."
    )


def summary(measured, spec):
    """Return the threshold of each class, and the best one on these images.

    Args:
        measured: the `segtf.tasks.measured.Measured`.
        spec: the `ModelSpec`.

    Returns:
        A dict for ``metrics.json``.
    """
    return {
        "thresholds": {name: _threshold(curve, used) for name, curve, used in _used(measured, spec)}
    }


def _used(measured, spec):
    """Name, curve or `None`, and threshold of each class."""
    for name, used in zip(measured.names, spec.task.thresholds, strict=True):
        yield name, measured.curves.get(name), used


def _threshold(curve, used):
    # Without a pixel of the class in the truth, the best threshold is whichever finds nothing.
    if curve is None or not curve.positives.any():
        return {"used": used, "best": None, "best_dice_over_all_pixels": None, "roc_auc": None}
    best, best_dice = curve.best_threshold()
    return {
        "used": used,
        "best": best,
        "best_dice_over_all_pixels": best_dice,
        "roc_auc": curve.roc_auc(),
    }
