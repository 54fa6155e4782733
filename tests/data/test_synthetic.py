"""The made-up set of lesions."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from segtf.data import synthetic
from segtf.data.synthetic import draw_synthetic, write_synthetic
from segtf.labels import LabelMap

SMALL = (48, 64)


def _contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def pictures():
    return [draw_synthetic(index, SMALL) for index in range(120)]


def test_files_are_images_masks_and_class_names(tmp_path):
    folder = write_synthetic(tmp_path / "set", count=3, size=SMALL)
    assert sorted(_contents(folder)) == [
        "classes.txt",
        *(f"images/{index:04d}.jpg" for index in range(3)),
        *(f"masks/{index:04d}.png" for index in range(3)),
    ]
    assert LabelMap.from_file(folder / "classes.txt").names == ("skin", "lesion")
    for index in range(3):
        image, mask = draw_synthetic(index, SMALL)
        with Image.open(folder / f"images/{index:04d}.jpg") as file:
            assert (file.format, file.mode, file.size) == ("JPEG", "RGB", SMALL[::-1])
            assert np.abs(np.asarray(file, np.float32) - image).mean() < 10
        with Image.open(folder / f"masks/{index:04d}.png") as file:
            assert file.format == "PNG"
            np.testing.assert_array_equal(np.asarray(file), mask)


def test_same_seed_same_bytes_and_a_longer_set_begins_with_the_shorter(tmp_path):
    short = _contents(write_synthetic(tmp_path / "short", count=2, size=SMALL, seed=7))
    again = _contents(write_synthetic(tmp_path / "again", count=2, size=SMALL, seed=7))
    longer = _contents(write_synthetic(tmp_path / "longer", count=4, size=SMALL, seed=7))
    other = _contents(write_synthetic(tmp_path / "other", count=2, size=SMALL, seed=8))
    assert short == again
    assert short.items() <= longer.items()
    assert short["images/0000.jpg"] != other["images/0000.jpg"]


def test_types_and_ids(pictures):
    for image, mask in pictures:
        assert image.shape == (*SMALL, 3) and image.dtype == np.uint8
        assert mask.shape == SMALL and mask.dtype == np.uint8
        assert np.unique(mask).tolist() == [0, 1]


def test_lesions_are_of_many_sizes_and_some_reach_the_border(pictures):
    areas = np.array([mask.mean() for _, mask in pictures])
    assert areas.min() > 0.01 and areas.max() < 0.95
    assert (areas < 0.1).mean() > 0.05 and (areas > 0.45).mean() > 0.05
    assert 0.15 < np.median(areas) < 0.3
    at_border = [
        mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        for _, mask in pictures
    ]
    assert 0.1 < np.mean(at_border) < 0.7


def test_a_mask_is_one_lesion(pictures):
    whole = [ndimage.label(mask, np.ones((3, 3)))[1] == 1 for _, mask in pictures]
    assert np.mean(whole) > 0.95  # the frame of an aperture may cut one in two


def test_mostly_darker_than_the_skin_around_but_no_threshold_finds_them_all(pictures):
    darker, dice = [], []
    for image, mask in pictures:
        grey, inside = image.mean(-1), mask == 1
        around = ndimage.binary_dilation(inside, iterations=4) & ~inside
        darker.append(grey[around].mean() > grey[inside].mean())
        # the best that one threshold chosen for this very picture can do
        dice.append(
            max(
                2 * (inside & (grey < level)).sum() / (inside.sum() + (grey < level).sum())
                for level in range(20, 240, 10)
            )
        )
    assert np.mean(darker) > 0.9
    assert 0.6 < np.median(dice) < 0.95
    assert np.mean(np.array(dice) < 0.8) > 0.15


@pytest.mark.parametrize("size", [(32, 32), (33, 97), (128, 40)])
def test_any_size(size):
    image, mask = draw_synthetic(0, size)
    assert image.shape == (*size, 3) and mask.shape == size


def test_progress_is_reported(tmp_path):
    seen = []
    write_synthetic(
        tmp_path / "set", count=2, size=SMALL, on_progress=lambda *args: seen.append(args)
    )
    assert seen == [(1, 2), (2, 2)]


def test_an_existing_set_is_refused_and_left_alone(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"new or empty folder.*Received: .*set, which exists"):
        write_synthetic(tmp_path / "set", count=1, size=SMALL)
    assert _contents(tmp_path) == {"set/mine.txt": b"mine"}


def test_an_empty_folder_is_filled(tmp_path):
    write_synthetic(tmp_path, count=1, size=SMALL)
    assert (tmp_path / "masks" / "0000.png").is_file()


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail_at_two(index, size, seed):
        if index == 2:
            raise RuntimeError("out of ink")
        return draw_synthetic(index, size, seed)

    monkeypatch.setattr(synthetic, "draw_synthetic", fail_at_two)
    with pytest.raises(RuntimeError, match="out of ink"):
        write_synthetic(tmp_path / "set", count=3, size=SMALL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"count": 0}, {"size": (16, 64)}, {"size": (64,)}, {"seed": -1}])
def test_values_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match="Received: "):
        write_synthetic(tmp_path / "set", **{"count": 1, **wrong})
    assert not (tmp_path / "set").exists()


def test_an_index_below_zero_is_refused():
    with pytest.raises(ValueError, match="Received: -1"):
        draw_synthetic(-1, SMALL)


def test_shapes_overlap_each_with_a_mask_of_its_own(tmp_path):
    folder = write_synthetic(tmp_path / "set", count=12, size=SMALL, kind="shapes")
    names = LabelMap.from_file(folder / "classes.txt").names
    assert names == ("background", "disc", "ring", "bar")
    masks = np.array(
        [
            [np.asarray(Image.open(folder / f"masks/{name}/{index:04d}.png")) for name in names[1:]]
            for index in range(12)
        ]
    )
    assert set(np.unique(masks)) == {0, 255}
    there = masks.any(axis=(2, 3))
    assert there.any(axis=1).all() and not there.all(axis=0).any()
    assert ((masks > 0).sum(axis=1) > 1).any(axis=(1, 2)).sum() > 6
    with pytest.raises(ValueError, match="kind"):
        write_synthetic(tmp_path / "other", kind="cells")
