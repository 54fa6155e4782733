"""Masks in every form come out as class ids."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from skimage.draw import polygon2mask

from segtf.data import ImageError, Sample, read_class_ids
from segtf.data.masks import (
    CocoMask,
    ColorMask,
    InstanceMask,
    MergedMasks,
    color_values,
    mask_files,
)
from segtf.labels import LabelMap

LABELS = LabelMap(("background", "cat", "dog"))


def save(folder, pixels, name="mask.png"):
    Image.fromarray(np.asarray(pixels)).save(folder / name)
    return folder / name


def read(mask, values=None, labels=LABELS):
    ids = read_class_ids(Sample("a", Path("a.jpg"), mask, mask_values=values), labels)
    assert ids.dtype == np.uint8
    return ids.tolist()


def test_ids_are_read_as_they_are(tmp_path):
    assert read(save(tmp_path, np.uint8([[0, 1, 2, 255]]))) == [[0, 1, 2, 255]]
    assert read(save(tmp_path, np.uint16([[0, 1, 2, 255]]))) == [[0, 1, 2, 255]]


def test_ids_that_do_not_fit_a_byte_are_refused(tmp_path):
    with pytest.raises(ImageError, match=r"0\.\.255\. Received: 1\.\.300 in .*mask\.png"):
        read(save(tmp_path, np.uint16([[1, 300]])))


@settings(max_examples=30, deadline=None)
@given(
    values=arrays.arrays(np.uint16, (3, 4), elements=st.integers(0, 1000)),
    meaning=st.dictionaries(st.integers(0, 1000), st.integers(0, 2), min_size=1),
)
def test_values_are_translated_and_others_ignored(tmp_path_factory, values, meaning):
    path = save(tmp_path_factory.mktemp("mask"), values)
    expected = np.vectorize(lambda value: meaning.get(value, 255))(values)
    assert read(path, meaning) == expected.tolist()


def test_without_an_ignore_class_unknown_values_are_class_0(tmp_path):
    labels = LabelMap(("a", "b"), ignore_class=None)
    assert read(save(tmp_path, np.uint8([[7, 9]])), {7: 1}, labels) == [[1, 0]]


@pytest.mark.parametrize("palette", [False, True])
def test_colors_are_classes(tmp_path, palette):
    pixels = np.uint8([[[0, 0, 0], [255, 0, 0], [0, 0, 255], [9, 9, 9]]])
    image = Image.fromarray(pixels)
    image = image.quantize(4) if palette else image
    image.save(tmp_path / "mask.png")
    values = color_values([((0, 0, 0), 0), ((255, 0, 0), 1), ((0, 0, 255), 2)])
    assert read(ColorMask(tmp_path / "mask.png"), values) == [[0, 1, 2, 255]]


def test_numbered_objects_become_classes(tmp_path):
    assert read(InstanceMask(save(tmp_path, np.uint16([[0, 1, 7, 900]])))) == [[0, 1, 1, 1]]
    cityscapes = save(tmp_path, np.uint16([[0, 1000, 1007, 2001]]))
    assert read(InstanceMask(cityscapes, divisor=1000)) == [[0, 1, 1, 2]]


def test_masks_of_two_values_are_merged(tmp_path):
    first = save(tmp_path, np.uint8([[0, 255, 255]]), "first.png")
    second = save(tmp_path, np.uint8([[0, 0, 1]]), "second.png")
    merged = MergedMasks(((first, 1), (second, 2)))
    assert read(merged) == [[0, 1, 2]]
    assert mask_files(Sample("a", Path("a.jpg"), merged)) == (first, second)


def test_merged_masks_of_many_values_or_other_sizes_are_refused(tmp_path):
    first = save(tmp_path, np.uint8([[0, 3, 255]]), "first.png")
    second = save(tmp_path, np.uint8([[0, 1]]), "second.png")
    with pytest.raises(ImageError, match=r"two values, 0 and another.*first\.png with 3"):
        read(MergedMasks(((first, 1),)))
    with pytest.raises(ImageError, match=r"one size.*first\.png of 3 x 1 beside second\.png"):
        read(MergedMasks(((second, 1), (first, 2))))


def test_coco_outlines_agree_with_another_rasteriser(tmp_path):
    triangle = (10.0, 10.0, 50.0, 12.0, 30.0, 44.0)
    ids = np.array(read(CocoMask(tmp_path / "a.json", (60, 64), ((1, (triangle,)),))))
    corners = np.array(triangle).reshape(3, 2)[:, ::-1] - 0.5
    reference = polygon2mask((60, 64), corners)
    assert ((ids == 1) & reference).sum() / ((ids == 1) | reference).sum() > 0.95


def test_coco_runs_are_read_by_column_and_later_objects_lie_on_top(tmp_path):
    runs = (1, 3, 2)  # down the columns of a 2 x 3 image: one outside, three inside, two outside
    objects = ((255, runs), (2, (0, 2, 4)))
    assert read(CocoMask(tmp_path / "a.json", (2, 3), objects)) == [[2, 255, 0], [2, 255, 0]]


def test_a_sample_without_a_mask_is_refused():
    with pytest.raises(ImageError, match="Expected a mask"):
        read(None)


def test_a_reader_of_ones_own_needs_no_registration(tmp_path):
    class Stripes:
        files = (tmp_path / "stripes.txt",)

        def read(self):
            return np.array([[0, 1], [1, 0]])

    assert read(Stripes()) == [[0, 1], [1, 0]]
