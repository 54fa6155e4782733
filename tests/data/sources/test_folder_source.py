"""A folder of one's own, in every layout that is read."""

import numpy as np
import pytest
from PIL import Image

from segtf.data import load_source, read_class_ids

MASK = np.uint8([[0, 1, 1], [0, 0, 1]])


def save(path, pixels=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((2, 3, 3), np.uint8) if pixels is None else pixels
    Image.fromarray(pixels).save(path)


def masks_of(source):
    return [read_class_ids(sample, source.labels).tolist() for sample in source.samples]


def ids(source):
    return [sample.id for sample in source.samples]


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("images/{}.jpg", "masks/{}.png"),
        ("img/{}.jpeg", "labels/{}_mask.png"),
        ("image/{}.PNG", "label/{}_segmentation.bmp"),
        ("{}.jpg", "{}_mask.png"),
        ("{}.png", "{}-seg.png"),
        ("images/{}.jpg", "images/{}_gt.png"),
    ],
)
def test_layouts(tmp_path, image, mask):
    for name in ("a", "b_1"):
        save(tmp_path / image.format(name))
        save(tmp_path / mask.format(name), MASK)
    source = load_source("folder", tmp_path)
    assert ids(source) == ["a", "b_1"]
    assert masks_of(source) == [MASK.tolist()] * 2
    assert source.labels.names == ("background", "foreground")
    assert not source.strays


def test_an_ending_of_ones_own(tmp_path):
    save(tmp_path / "a.jpg")
    save(tmp_path / "a.truth.png", MASK)
    assert ids(load_source("folder", tmp_path, mask_ending=".truth")) == ["a"]


def test_files_without_a_partner_are_strays(tmp_path):
    for name in ("images/a.jpg", "images/b.jpg", "masks/a.png", "masks/c.png", "images/a.bmp"):
        save(tmp_path / name, MASK)
    source = load_source("folder", tmp_path)
    assert ids(source) == ["a"]
    assert {path.name for path in source.strays} == {"b.jpg", "c.png", "a.jpg"}


def test_a_table_of_pairs(tmp_path):
    for name in ("x/one.jpg", "x/two.jpg"):
        save(tmp_path / name)
    for name in ("y/1.png", "y/2.png"):
        save(tmp_path / name, MASK)
    (tmp_path / "pairs.csv").write_text(
        "image,mask,group,stratum,split\nx/one.jpg,y/1.png,p,k,train\nx/two.jpg,y/2.png,q,,val\n"
    )
    source = load_source("folder", tmp_path, pairs="pairs.csv")
    assert ids(source) == ["x/one", "x/two"]
    assert [sample.group for sample in source.samples] == ["p", "q"]
    assert [sample.stratum for sample in source.samples] == ["k", None]
    assert source.splits == {"train": ("x/one",), "val": ("x/two",)}
    assert masks_of(source) == [MASK.tolist()] * 2


@pytest.mark.parametrize(
    "table",
    [
        "name,r,g,b\nsky,0,0,255\ncar,255,0,0\nvan,255,0,9\nvoid,0,0,0\n",
        "0 0 255\tsky\n255 0 0 car\n255 0 9 van\n0 0 0 Void\n",
        "name;rgb\nsky;0 0 255\ncar;255 0 0\nvan;255 0 9\nvoid;0 0 0\n",
        'sky,"(0, 0, 255)"\ncar,"(255, 0, 0)"\nvan,[255 0 9]\nvoid,"0,0,0"\n',
    ],
)
def test_colors_from_a_table(tmp_path, table):
    save(tmp_path / "images/a.jpg")
    colors = np.uint8([[[0, 0, 255], [255, 0, 0], [255, 0, 9]], [[0, 0, 0]] * 3])
    save(tmp_path / "masks/a.png", colors)
    (tmp_path / "colors.csv").write_text(table)
    source = load_source("folder", tmp_path)
    assert source.labels.names == ("sky", "car", "van")
    assert source.labels.colors[0] == (0, 0, 255)
    assert masks_of(source) == [[[0, 1, 2], [255] * 3]]


def test_numbered_objects(tmp_path):
    save(tmp_path / "images/a.jpg")
    save(tmp_path / "masks/a.png", np.uint16([[0, 5, 700], [0, 0, 1]]))
    assert masks_of(load_source("folder", tmp_path, instances=True)) == [MASK.tolist()]


def test_a_subfolder_of_masks_for_each_class(tmp_path):
    for name in ("a", "b", "c"):
        save(tmp_path / f"images/{name}.jpg")
    save(tmp_path / "masks/hair/a.png", MASK * 255)
    save(tmp_path / "masks/lesion/a.png", MASK[:, ::-1] * 255)
    save(tmp_path / "masks/lesion/b.png", MASK)
    source = load_source("folder", tmp_path)
    assert source.labels.names == ("background", "hair", "lesion")
    assert masks_of(source) == [[[2, 2, 1], [2, 0, 1]], (MASK * 2).tolist()]
    assert [path.name for path in source.strays] == ["c.jpg"]
    (tmp_path / "classes.txt").write_text("skin\nlesion\nhair\n")
    assert masks_of(load_source("folder", tmp_path))[0] == [[1, 2, 2], [1, 0, 2]]


def test_grey_images_by_option(tmp_path):
    save(tmp_path / "images/a.png", MASK)
    save(tmp_path / "masks/a.png", MASK)
    assert load_source("folder", tmp_path).channels == 3
    assert load_source("folder", tmp_path, channels=1).channels == 1


def test_the_origin_lists_the_set_again_from_anywhere(tmp_path, monkeypatch):
    save(tmp_path / "images/a.png", MASK)
    save(tmp_path / "masks/a.png", MASK)
    (tmp_path / "names.txt").write_text("skin\nmole\n")
    monkeypatch.chdir(tmp_path)
    source = load_source("folder", tmp_path, channels=1, classes="names.txt")
    monkeypatch.chdir("/")
    again = load_source(**source.origin)
    assert (again.samples, again.labels) == (source.samples, source.labels)


def _nothing(folder):
    pass


def _no_masks(folder):
    save(folder / "images/a.png")


def _no_match(folder):
    save(folder / "images/a.png")
    save(folder / "masks/b.png")


def _no_images(folder):
    save(folder / "masks/a.png")


def _unknown_class(folder):
    save(folder / "images/a.png")
    save(folder / "masks/moon/a.png")
    (folder / "classes.txt").write_text("sky\nsun\n")


def _empty_colors(folder):
    save(folder / "images/a.png")
    save(folder / "masks/a.png")
    (folder / "colors.csv").write_text("name,r,g,b\n")


@pytest.mark.parametrize(
    ("write", "options", "message"),
    [
        (_nothing, {}, "Expected a folder of masks"),
        (_no_masks, {}, "Expected a folder of masks"),
        (_no_images, {}, "Expected a folder of images"),
        (_no_match, {}, "no match among 1 images"),
        (_no_match, {"masks": "truth"}, "a folder named truth"),
        (_no_match, {"pairs": "pairs.csv"}, "does not exist"),
        (_no_match, {"classes": "nowhere.txt"}, "nowhere.txt"),
        (_no_match, {"seed": 3}, "Expected options of the source 'folder'"),
        (_unknown_class, {}, "Received: moon"),
        (_empty_colors, {}, "at least two classes"),
    ],
)
def test_mistakes_are_explained(tmp_path, write, options, message):
    write(tmp_path)
    with pytest.raises(ValueError, match=message):
        load_source("folder", tmp_path, **options)


def test_a_file_in_place_of_the_folder_is_called_one(tmp_path):
    save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"a\.png, which is a file"):
        load_source("folder", tmp_path / "a.png")
