"""Outlines, run lengths and small pictures of objects, against other people's drawing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import ellipse as skimage_ellipse
from skimage.draw import polygon2mask

from segtf.data.coco_outlines import OutlineError
from segtf.data.shapes import Brush, Runs, ellipse, fill, rectangle

coordinates = st.floats(-6, 26, width=32).map(lambda value: round(value, 3) + 0.00037)


def distance(corners, point):
    """Of a point from the outline of a polygon."""
    along = np.roll(corners, -1, axis=0) - corners
    length = np.maximum((along**2).sum(axis=1), 1e-30)
    share = np.clip(((point - corners) * along).sum(axis=1) / length, 0, 1)
    return np.linalg.norm(corners + share[:, None] * along - point, axis=1).min()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=9))
def test_polygons_are_those_of_scikit_image(points):
    ring = [value for point in points for value in point]
    # Its pixels have whole numbers in their middles, and rows come first.
    moved = np.array(points)[:, ::-1] - 0.5
    differs = fill([ring], (20, 17)) != polygon2mask((20, 17), moved)
    # A middle that lies on an outline is on either side of it, as rounding has it.
    assert not [middle for middle in np.argwhere(differs) if distance(moved, middle) > 1e-6]


def test_neighbours_share_no_pixel_and_leave_none_out():
    rng = np.random.default_rng(0)
    corners = np.array([(0, 0), (12, 0), (12, 12), (0, 12)], float)
    middle = rng.integers(2, 20, 2) / 2
    covered = np.zeros((12, 12), int)
    for first, second in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        covered += fill([np.concatenate([first, second, middle])], (12, 12))
    np.testing.assert_array_equal(covered, 1)


def test_holes_are_left_out_and_many_points_are_drawn_in_parts(monkeypatch):
    monkeypatch.setattr("segtf.data.shapes._CROSSINGS_AT_ONCE", 30)
    outer, inner = ellipse(50, 40, 30, 20), ellipse(50, 40, 10, 5)
    rows, columns = skimage_ellipse(39.5, 49.5, 20, 30, (80, 100))
    expected = np.zeros((80, 100), bool)
    expected[rows, columns] = True
    assert np.count_nonzero(fill([outer], (80, 100)) != expected) <= 4
    rows, columns = skimage_ellipse(39.5, 49.5, 5, 10, (80, 100))
    expected[rows, columns] = False
    assert np.count_nonzero(fill([outer, inner], (80, 100)) != expected) <= 8


def test_rectangles_turn_clockwise_about_a_point():
    turned = fill([rectangle(2, 2, 6, 4, 90, about=(2, 2))], (8, 8))
    np.testing.assert_array_equal(np.argwhere(turned).min(0), [2, 0])
    np.testing.assert_array_equal(np.argwhere(turned).max(0), [5, 1])


@pytest.mark.parametrize("runs", [Runs((3, 60)), Runs((0, 4), (7, 0, 4, 1)), Runs((2, -1))])
def test_runs_that_do_not_fit_are_refused(runs):
    with pytest.raises(OutlineError):
        runs.draw((6, 8))


def test_a_brush_is_what_the_library_of_the_tool_packed():
    rows = ["1000111", "1111010", "1011000", "0111011", "1110011"]
    content = [0, 0, 0, 140, 57, 27, 252, 127, 246, 192, 48, 223, 252, 96, 17, 255, 198, 1, 31, 252]
    content += [96, 19, 255, 223, 0, 183, 255, 24, 6, 19, 255, 156, 2, 127, 240]
    drawn = Brush(bytes(content)).draw((5, 7))
    assert ["".join(map(str, row)) for row in drawn.astype(int).tolist()] == rows
    for damaged in (content[:-4], [*content[:3], 136, *content[4:]], content[:5], []):
        with pytest.raises(OutlineError):
            Brush(bytes(damaged)).draw((5, 7))
