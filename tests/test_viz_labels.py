"""Pictures of classes that overlap."""

import numpy as np
import pytest

from segtf.viz import ERROR_COLORS, IGNORED_COLOR
from segtf.viz_labels import error_map_of_labels, overlay_labels

RED, BLUE = (200, 0, 0), (0, 0, 100)
GREY = np.full((40, 60, 3), 100, np.uint8)


def test_colours_mix_where_classes_overlap_and_each_has_its_contour():
    labels = np.zeros((40, 60, 2), np.uint8)
    labels[5:35, 5:40, 0] = 1
    labels[5:35, 20:55, 1] = 1
    labels[:3, :3] = 255
    picture = overlay_labels(GREY, labels, (RED, BLUE), alpha=0.5)
    assert picture[38, 58].tolist() == [100, 100, 100]
    assert picture[20, 12].tolist() == [150, 50, 50]
    assert picture[20, 30].tolist() == [100, 50, 75]
    assert picture[20, 5].tolist() == list(RED)
    assert picture[20, 20].tolist() == picture[20, 54].tolist() == list(BLUE)
    assert picture[1, 1].tolist() == [(100 + one) // 2 for one in IGNORED_COLOR]


def test_errors_are_of_all_classes_of_a_pixel():
    truth = np.array([[[1, 1], [1, 0], [0, 0], [1, 0], [255, 255], [0, 0], [255, 1]]])
    said = np.array([[[1, 1], [0, 0], [0, 1], [0, 1], [1, 0], [0, 0], [0, 1]]])
    kinds = ["hit", "missed", "false alarm", "wrong class", "ignored", None, "hit"]
    expected = [list(ERROR_COLORS.get(kind, (0, 0, 0))) for kind in kinds]
    assert error_map_of_labels(truth, said)[0].tolist() == expected


def test_what_does_not_belong_together_is_refused():
    with pytest.raises(ValueError, match="same height"):
        overlay_labels(GREY, np.zeros((4, 4, 2)), (RED, BLUE))
    with pytest.raises(ValueError, match="colour"):
        overlay_labels(GREY, np.zeros((40, 60, 2)), (RED,))
    with pytest.raises(ValueError, match="one shape"):
        error_map_of_labels(np.zeros((2, 2, 1)), np.zeros((2, 2, 2)))
