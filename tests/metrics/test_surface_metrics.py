"""Distances between outlines against scikit-image and plain definitions."""

import numpy as np
import pytest
import skimage.metrics
import skimage.segmentation
from hypothesis import assume, given, settings
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist

from segtf.metrics import average_surface_distance, boundary_f, hausdorff, surface_distances

EXAMPLES = settings(max_examples=50, deadline=None, derandomize=True)
MASKS = hnp.arrays(bool, (7, 9))
EMPTY, BLOCK = np.zeros((8, 8)), np.pad(np.ones((3, 3)), ((2, 3), (2, 3)))


def outline(mask):
    """Inside pixels with a neighbour outside, the image's edge being outside."""
    padded = np.pad(mask, 1)
    return skimage.segmentation.find_boundaries(padded, mode="inner", connectivity=1)[1:-1, 1:-1]


def distances_by_pairs(a, b, spacing=1.0):
    pairs = cdist(np.argwhere(outline(a)) * spacing, np.argwhere(outline(b)) * spacing)
    return pairs.min(1), pairs.min(0)


@EXAMPLES
@given(MASKS, MASKS)
def test_distances_are_those_of_all_pairs(true, predicted):
    assume(true.any() and predicted.any())
    spacing = np.array([0.5, 2.0])
    distances = surface_distances(true, predicted, spacing=spacing)
    expected = distances_by_pairs(true, predicted, spacing)
    for ours, theirs in zip(distances, expected, strict=True):
        np.testing.assert_allclose(np.sort(ours), np.sort(theirs))
    assert average_surface_distance(distances) == pytest.approx(np.concatenate(expected).mean())
    assert hausdorff(distances, percentile=95) == pytest.approx(
        max(np.percentile(d, 95) for d in expected)
    )
    precision, recall = (expected[1] <= 1.0).mean(), (expected[0] <= 1.0).mean()
    f_score = 2 * precision * recall / max(precision + recall, 1e-9)
    assert boundary_f(distances, tolerance=1.0) == pytest.approx(f_score)


@EXAMPLES
@given(MASKS, MASKS)
def test_the_classic_hausdorff_distance_is_that_of_scikit_image(true, predicted):
    assume(true.any() and predicted.any())
    expected = skimage.metrics.hausdorff_distance(outline(true), outline(predicted))
    assert hausdorff(surface_distances(true, predicted), percentile=100) == pytest.approx(expected)


@EXAMPLES
@given(MASKS, MASKS)
def test_truth_and_prediction_can_change_places(a, b):
    there, back = surface_distances(a, b), surface_distances(b, a)
    assert hausdorff(there, percentile=95) == hausdorff(back, percentile=95)
    assert average_surface_distance(there) == pytest.approx(average_surface_distance(back))
    assert boundary_f(there, tolerance=1.5) == pytest.approx(boundary_f(back, tolerance=1.5))


def test_a_shift_is_its_length():
    distances = surface_distances(BLOCK, np.roll(BLOCK, 2, axis=1), spacing=(1.0, 0.5))
    assert hausdorff(distances, percentile=100) == 1.0
    assert boundary_f(distances, tolerance=1.0) == 1.0
    assert boundary_f(distances, tolerance=0.9) < 1.0


@pytest.mark.parametrize(
    "true, predicted, distance, score",
    [(EMPTY, EMPTY, 0.0, 1.0), (EMPTY, BLOCK, np.inf, 0.0), (BLOCK, EMPTY, np.inf, 0.0)],
)
def test_empty_masks(true, predicted, distance, score):
    distances = surface_distances(true, predicted)
    assert hausdorff(distances, percentile=95) == distance
    assert average_surface_distance(distances) == distance
    assert boundary_f(distances, tolerance=2.0) == score


def test_outlines_at_ignored_pixels_are_not_known():
    predicted = BLOCK.copy()
    predicted[:, 5:] = 1
    valid = np.ones((8, 8))
    valid[:, 5:] = 0
    distances = surface_distances(BLOCK, predicted, valid=valid)
    assert [float(np.nanmax(d)) for d in distances] == [0.0, 0.0]
    assert all(np.isnan(d).any() for d in distances)
    valid[:, :] = 0
    assert np.isnan(boundary_f(surface_distances(BLOCK * 0, BLOCK, valid=valid), tolerance=1.0))


def test_volumes():
    ball = np.zeros((6, 6, 6))
    ball[2:4, 2:4, 2:4] = 1
    assert hausdorff(surface_distances(ball, np.roll(ball, 1, axis=0)), percentile=100) == 1.0


def test_masks_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match=r"Expected .*Received: "):
        surface_distances(np.zeros((2, 3)), np.zeros((3, 2)))
