"""Outlines where some of the truth is not known: trimaps, void, borders of objects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from segtf.labels import LabelMap
from segtf.metrics import (
    SurfaceDistances,
    average_surface_distance,
    boundary_f,
    hausdorff,
    surface_distances,
)
from segtf.tasks.outlines import TOLERANCE, outline_figures

EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)
LABELS = LabelMap(("background", "pet"))
ROWS, COLUMNS = np.mgrid[:200, :200]
SQUARE = (abs(ROWS - 100) < 45) & (abs(COLUMNS - 100) < 45)
DISC = np.hypot(ROWS - 100, COLUMNS - 100) < 50
TOLERATED = TOLERANCE * np.hypot(200, 200)  # 2.1 pixels


def trimap(mask, inside, outside):
    """Class ids with an ignored band of so many pixels inside and outside of the outline."""
    sure = ndimage.binary_erosion(mask, iterations=inside) if inside else mask
    reach = ndimage.binary_dilation(mask, iterations=outside) if outside else mask
    return np.where(sure, 1, np.where(reach, 255, 0)).astype(np.uint8)


def outline(mask):
    return mask & ~ndimage.binary_erosion(mask)


def figures(truth, predicted):
    return [values[1] for values in outline_figures(truth, predicted.astype(np.uint8), LABELS)]


@pytest.mark.parametrize("mask", [SQUARE, DISC], ids=["square", "disc"])
@pytest.mark.parametrize("band", [(1, 0), (1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("shift", [0, 1, 5, 8, 15])
def test_a_thin_band_changes_little(mask, band, shift):
    moved = np.roll(mask, shift, axis=1)
    score, hausdorff_95, distance = figures(trimap(mask, *band), moved)
    without = figures(trimap(mask, 0, 0), moved)
    assert score == pytest.approx(without[0], abs=0.1)
    assert hausdorff_95 == pytest.approx(without[1], abs=1.0)
    assert distance == pytest.approx(without[2], abs=1.0)
    if not shift:
        assert score == 1.0


@pytest.mark.parametrize("shift", [0, 5, 15])
def test_a_wide_band_hides_the_outline(shift):
    assert np.isnan(figures(trimap(DISC, 5, 5), np.roll(DISC, shift, axis=1))).all()


def test_an_object_that_is_missed_is_missed_whatever_the_band():
    score, *distances = figures(trimap(DISC, 5, 5), np.zeros_like(DISC))
    assert score == 0.0 and np.isnan(distances).all()


def test_what_lies_far_from_a_band_counts_in_full():
    truth = trimap(SQUARE, 0, 0)
    truth[:, :20] = 255  # a void at the left edge, away from the object
    extra = SQUARE.copy()
    extra[10:30, 25:35] = True
    hidden = SQUARE.copy()
    hidden[10:30, 2:15] = True
    plain = figures(trimap(SQUARE, 0, 0), extra)
    assert figures(truth, extra)[0] == pytest.approx(plain[0], abs=1e-9)
    assert np.isnan(figures(truth, extra)[1:]).all()  # how far it is, the void hides
    assert figures(truth, hidden) == [1.0, 0.0, 0.0]
    assert figures(truth, SQUARE) == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("shift", [0, 3, 8])
def test_an_outline_is_measured_where_it_is_known(shift):
    truth = trimap(DISC, 0, 0)
    truth[:60] = 255  # a fifth of the outline
    moved = np.roll(DISC, shift, axis=1)
    in_sight = [
        ndimage.distance_transform_edt(~outline(other))[outline(one) & (ROWS >= 60)]
        for one, other in ((DISC, moved), (moved, DISC))
    ]
    expected = boundary_f(SurfaceDistances(*in_sight), tolerance=TOLERATED)
    assert figures(truth, moved)[0] == pytest.approx(expected, abs=0.03)
    truth[:110] = 255
    assert np.isnan(figures(truth, moved)).all()


@EXAMPLES
@given(
    seed=st.integers(0, 2**32 - 1),
    band=st.integers(0, 4),
    leeway=st.sampled_from([1.0, 1.5, 2.1, 3.0, 4.5]),
    is_truth=st.booleans(),
)
def test_what_agrees_with_all_that_is_known_is_never_wrong(seed, band, leeway, is_truth):
    """A prediction that may well be the truth has a boundary F of 1.0, or none."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(60, 60)), 5)
    true = field > np.quantile(field, 0.7)
    valid = np.ones_like(true)
    if band:
        sure = ndimage.binary_erosion(true, iterations=band)
        valid &= sure | ~ndimage.binary_dilation(true, iterations=band)
    for top, left in rng.integers(0, 60, (rng.integers(0, 3), 2)):
        height, width = rng.integers(1, 25, 2)
        valid[top : top + height, left : left + width] = False
    guess = ndimage.gaussian_filter(rng.normal(size=(60, 60)), 1.5) > 0
    predicted = true if is_truth else np.where(valid, true, guess)
    distances = surface_distances(true & valid, predicted, valid=valid, leeway=leeway)
    assert boundary_f(distances, tolerance=leeway) in (1.0, pytest.approx(np.nan, nan_ok=True))


@EXAMPLES
@given(
    seed=st.integers(0, 2**32 - 1),
    beyond=st.lists(st.integers(0, 30), min_size=4, max_size=4),
    has_void=st.booleans(),
)
def test_what_lies_beyond_the_box_of_the_outlines_changes_nothing(seed, beyond, has_void):
    fields = ndimage.gaussian_filter(
        np.random.default_rng(seed).normal(size=(3, 24, 30)), (0, 2, 2)
    )
    true, predicted, valid = fields[0] > 0.02, fields[1] > 0.02, fields[2] < 0.2
    valid |= not has_void
    above, below, left, right = beyond
    sides = ((above, below), (left, right))
    padded = [np.pad(mask, sides) for mask in (true, predicted)]
    wide = np.pad(valid, sides, constant_values=True)
    within = surface_distances(true, predicted, valid=valid, leeway=2.0)
    around = surface_distances(*padded, valid=wide, leeway=2.0)
    for one, other in zip(within, around, strict=True):
        np.testing.assert_array_equal(one, other)


@EXAMPLES
@given(seed=st.integers(0, 2**32 - 1), shift=st.integers(0, 9))
def test_ignored_pixels_far_from_all_outlines_change_nothing(seed, shift):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(40, 40)), 4)
    mask = np.pad(field > 0, ((0, 0), (0, 60)))
    predicted = np.roll(mask, shift, axis=0)
    valid = np.ones_like(mask)
    valid[:, 95:] = False
    with_void = surface_distances(mask, predicted, valid=valid, leeway=1.0)
    for ours, plain in zip(with_void, surface_distances(mask, predicted), strict=True):
        np.testing.assert_array_equal(ours, plain)


def test_distances_have_the_unit_of_the_spacing():
    truth = trimap(SQUARE, 1, 1)
    moved = np.roll(SQUARE, 10, axis=1)
    distances = surface_distances(
        truth == 1, moved, spacing=(1.0, 0.5), valid=truth != 255, leeway=1.0
    )
    assert hausdorff(distances, percentile=95) == pytest.approx(5.0, abs=0.5)
    assert average_surface_distance(distances) == pytest.approx(2.5, abs=0.5)
