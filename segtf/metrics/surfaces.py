"""Figures of the distance between two outlines: first the distances, then views of them."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage


class SurfaceDistances(NamedTuple):
    """Distances from the outline pixels of each mask to the nearest of the other's.

    They are infinite where the other mask has no outline.
    """

    from_true: np.ndarray
    from_predicted: np.ndarray


def surface_distances(true, predicted, spacing=1.0, valid=None):
    """Measure how far two outlines are from each other.

    The outline of a mask is those of its pixels that have one of their four neighbours (six in
    a volume) outside of it; beyond the image's edge is outside.

    Args:
        true: mask of a class, `(H, W)` or `(D, H, W)`, nonzero inside.
        predicted: likewise.
        spacing: distance between neighbouring pixels, one number or one per axis; 1.0 gives
            distances in pixels.
        valid: mask of the pixels that count; outlines at the edge of the others are left out.

    Returns:
        `SurfaceDistances` of float64 arrays `(N,)` and `(M,)`.

    Raises:
        ValueError: for shapes that differ.

    Example:

    >>> true, predicted = np.zeros((8, 8)), np.zeros((8, 8))
    >>> true[2, 2] = predicted[2, 5] = 1
    >>> surface_distances(true, predicted)
    SurfaceDistances(from_true=array([3.]), from_predicted=array([3.]))
    """
    true, predicted = np.asarray(true) != 0, np.asarray(predicted) != 0
    if true.shape != predicted.shape:
        raise ValueError(f"Expected masks of one shape. Received: {true.shape}, {predicted.shape}")
    true, predicted = _outline(true, valid), _outline(predicted, valid)
    return SurfaceDistances(
        _distance_to(predicted, spacing)[true], _distance_to(true, spacing)[predicted]
    )


def hausdorff(distances, percentile):
    """Return the Hausdorff distance, the larger of both directions.

    Args:
        distances: what `surface_distances` returned.
        percentile: of the distances of each direction; 100 is the classic distance, 95 the
            usual one that forgives outliers.

    Returns:
        A number in the unit of the spacing. 0.0 if both outlines are empty, infinite if one is.

    Example:

    >>> hausdorff(SurfaceDistances(np.array([0.0, 2.0]), np.array([1.0])), percentile=100)
    2.0

    Source: Maier-Hein et al., "Metrics reloaded", 2024 (https://arxiv.org/abs/2206.01653).
    """
    if np.isinf(_pooled(distances)).any():
        return float("inf")
    return float(max((np.percentile(d, percentile) for d in distances if len(d)), default=0.0))


def average_surface_distance(distances):
    """Return the mean over both outlines' pixels of the distance to the other (symmetric, ASSD).

    The unit is that of the spacing. 0.0 if both outlines are empty, infinite if one is.

    Source: Maier-Hein et al., "Metrics reloaded", 2024 (https://arxiv.org/abs/2206.01653).
    """
    pooled = _pooled(distances)
    return float(pooled.mean()) if len(pooled) else 0.0


def boundary_f(distances, tolerance):
    """Return the F score of the outlines' pixels, right if the other is within `tolerance`.

    Args:
        distances: what `surface_distances` returned.
        tolerance: in the unit of the spacing.

    Returns:
        A number in 0..1. 1.0 if both outlines are empty, 0.0 if one is.

    Paper: Csurka et al., "What is a good evaluation measure for semantic segmentation?", 2013
    (https://doi.org/10.5244/C.27.32).
    """
    if not len(_pooled(distances)):
        return 1.0
    shares = [(d <= tolerance).mean() if len(d) else 0.0 for d in distances]
    return float(2.0 * shares[0] * shares[1] / sum(shares)) if sum(shares) else 0.0


def _outline(mask, valid):
    outline = mask & ~ndimage.binary_erosion(mask)
    if valid is None:
        return outline
    return outline & ndimage.binary_erosion(np.asarray(valid) != 0, border_value=1)


def _distance_to(outline, spacing):
    if not outline.any():
        return np.full(outline.shape, np.inf)
    return ndimage.distance_transform_edt(~outline, sampling=spacing)


def _pooled(distances):
    return np.concatenate(distances)
