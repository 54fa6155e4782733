import os
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segtf.mask_files import plan_masks, write_mask

MASK = np.array([[0, 1], [2, 255]], np.uint8)


@pytest.fixture
def picture(tmp_path):
    (tmp_path / "scans").mkdir()
    path = tmp_path / "scans" / "a.png"
    Image.fromarray(np.full((4, 4, 3), 9, np.uint8)).save(path)
    return path


def test_a_mask_holds_class_ids_and_may_be_replaced(picture, tmp_path):
    for mask in (MASK, MASK[::-1]):
        planned = plan_masks([picture], tmp_path / "masks")
        assert planned == {picture: tmp_path / "masks" / "a.png"}
        write_mask(mask, planned[picture])
        np.testing.assert_array_equal(np.asarray(Image.open(planned[picture])), mask)


def test_nothing_is_planned_in_the_place_of_an_image(picture, tmp_path):
    (tmp_path / "link").symlink_to(picture.parent)
    for folder in (picture.parent, picture.parent / ".." / "scans", tmp_path / "link"):
        with pytest.raises(ValueError, match=r"Expected another folder.*a\.png, which is an image"):
            plan_masks([picture], folder)
    other = tmp_path / "a.jpg"
    with pytest.raises(ValueError, match="which is an image"):
        plan_masks([other.with_name("b.jpg"), picture], picture.parent)


def test_other_files_stay(picture, tmp_path):
    with pytest.raises(ValueError, match=r"a\.png, another file, for the mask of .*a\.jpg"):
        plan_masks([tmp_path / "a.jpg"], picture.parent)
    Image.fromarray(MASK).save(picture)  # a mask that somebody has drawn
    with pytest.raises(ValueError, match="another file"):
        plan_masks([tmp_path / "a.jpg"], picture.parent)
    picture.unlink()
    picture.mkdir()
    with pytest.raises(ValueError, match="another file"):
        plan_masks([tmp_path / "a.jpg"], picture.parent)


def test_a_hard_link_to_an_image_is_the_image(picture, tmp_path):
    (tmp_path / "masks").mkdir()
    os.link(picture, tmp_path / "masks" / "a.png")
    with pytest.raises(ValueError, match="which is an image"):
        plan_masks([picture], tmp_path / "masks")


def test_a_file_is_no_folder(picture, tmp_path):
    with pytest.raises(ValueError, match=r"Expected a folder for the masks.*which is a file"):
        plan_masks([tmp_path / "b.jpg"], picture)


@pytest.mark.parametrize(
    "names",
    [
        ("x/a.jpg", "y/a.jpg"),
        ("a.jpg", "a.png"),
        ("scan.jpg", "SCAN.jpg"),
        ("Straße.jpg", "STRASSE.png"),
        (unicodedata.normalize("NFC", "é.jpg"), unicodedata.normalize("NFD", "é.jpg")),
    ],
)
def test_two_masks_of_one_name_are_refused(names, tmp_path):
    with pytest.raises(ValueError, match="Expected images whose names differ"):
        plan_masks([tmp_path / name for name in names], tmp_path / "masks")
    assert not (tmp_path / "masks").exists()


@given(st.lists(st.from_regex(r"[a-cA-C]{1,2}\.(png|jpg)", fullmatch=True), unique=True))
def test_what_is_planned_never_collides(names):
    try:
        planned = plan_masks(names, "masks-that-are-not-there")
    except ValueError:
        return
    assert len({mask.name.lower() for mask in planned.values()}) == len(names)
