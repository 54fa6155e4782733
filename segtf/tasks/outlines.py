"""How well the outlines of each class agree in one image."""

from typing import NamedTuple

import numpy as np

from segtf.metrics import (
    average_surface_distance,
    boundary_f,
    hausdorff,
    surface_distances,
)

TOLERANCE = 0.0075
"""Of the boundary F, as a share of the image's diagonal, as in Csurka et al. (2013)."""
_FEW = 0.05
"""Share of a predicted outline that a Hausdorff distance of 95% forgives."""


class OutlineFigures(NamedTuple):
    """Figures of the outlines of each class, `(K,)` each, or `(N, K)` of several images.

    `boundary_f` is NaN where neither truth nor prediction has an outline of the class. The
    distances, in pixels, are NaN where one of both has none, since there is nothing to measure
    from. All are NaN where ignored pixels hide where the true outline is, and for
    the background where there is one other class.
    """

    boundary_f: np.ndarray
    hausdorff_95: np.ndarray
    surface_distance: np.ndarray


def outline_figures(truth, mask, labels):
    """Measure the outlines of each class.

    An ignored band along an outline hides where exactly that runs. It is measured all the same
    where half the band is no wider than the tolerance of the boundary F, and NaN if more than
    a third of the outline is not known so well. The distances are NaN, too, if more than a
    twentieth of the predicted outline has ignored pixels much nearer than the true outline.

    Args:
        truth: class ids `(H, W)`; pixels of the ignore class count nowhere.
        mask: predicted class ids `(H, W)`.
        labels: the `LabelMap`.

    Returns:
        `OutlineFigures` of float64 arrays `(K,)`.

    Example:

    >>> from segtf.labels import LabelMap
    >>> truth, mask = np.zeros((2, 100, 100), np.uint8)
    >>> truth[20:60, 20:60] = 1
    >>> mask[20:60, 23:63] = 1
    >>> figures = outline_figures(truth, mask, LabelMap(("skin", "lesion")))
    >>> float(figures.hausdorff_95[1])
    3.0
    """
    tolerance = TOLERANCE * float(np.hypot(*truth.shape))
    valid = truth != labels.ignore_class
    figures = np.full((3, labels.num_classes), np.nan)
    for class_id in _measured_classes(labels):
        true, predicted = truth == class_id, mask == class_id
        if not true.any() and not (predicted & valid).any():
            continue
        distances = surface_distances(true, predicted, valid=valid, leeway=tolerance)
        figures[0, class_id] = boundary_f(distances, tolerance=tolerance)
        if all(map(len, distances)) and (distances := _in_sight(distances)):
            figures[1, class_id] = hausdorff(distances, percentile=95)
            figures[2, class_id] = average_surface_distance(distances)
    return OutlineFigures(*figures)


def hidden_outlines(counts, figures, labels):
    """Return which images have outlines, or distances, that ignored pixels hide.

    Args:
        counts: `segtf.metrics.Counts` of each image and class `(N, K)`.
        figures: `OutlineFigures` of the same.
        labels: the `LabelMap`.

    Returns:
        bool array `(N,)`.
    """
    true = counts.true_positive + counts.false_negative > 0
    predicted = counts.true_positive + counts.false_positive > 0
    hidden = (true | predicted) & np.isnan(figures.boundary_f)
    hidden |= true & predicted & np.isnan(figures.hausdorff_95)
    return hidden[:, _measured_classes(labels)].any(axis=1)


def _measured_classes(labels):
    """Ids of the classes whose outlines are measured: the foreground alone, where there is one."""
    return range(labels.num_classes) if labels.foreground is None else [labels.foreground]


def _in_sight(distances):
    """The distances without the few that are not known, `None` if these are too many."""
    far = np.isinf(distances.from_predicted)
    if far.mean() > _FEW:
        return None
    return distances._replace(from_predicted=distances.from_predicted[~far])


def mean_defined(figures, axis=-1):
    """Return the mean over an axis of what is not NaN; NaN where nothing is.

    Example:

    >>> mean_defined([[1.0, 3.0], [float("nan"), 2.0]])
    array([2., 2.])
    """
    figures = np.asarray(figures, np.float64)
    defined = ~np.isnan(figures)
    count = defined.sum(axis)
    total = np.where(defined, figures, 0.0).sum(axis)
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)
