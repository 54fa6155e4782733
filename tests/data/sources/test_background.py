"""In a set of two classes the background is class 0, whatever the source."""

import json

import numpy as np
import pytest
from PIL import Image

from segtf.data import LabelMap, Sample, Source, load_source, read_class_ids
from segtf.data.sources.tables import read_color_table

MASK = np.zeros((40, 40), np.uint8)
MASK[10:20, 10:20] = 1


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "images" / "a.png", np.zeros((40, 40, 3), np.uint8))
    save(tmp_path / "masks" / "a.png", MASK)
    return tmp_path


@pytest.mark.parametrize("name", ["background", "_background_", "BG", "unlabeled", "Unlabelled"])
def test_a_table_of_colors_in_any_order(tmp_path, name):
    path = tmp_path / "colors.csv"
    path.write_text(f"cat,48,112,32\n{name},0,0,0\n")
    table = read_color_table(path)
    assert table.labels.names[1] == "cat"
    assert table.mask_values == {0: 0, 0x307020: 1}
    assert table.labels.colors == ((0, 0, 0), (48, 112, 32))
    assert table.notices


def test_a_table_of_more_classes_keeps_its_order(tmp_path):
    path = tmp_path / "colors.csv"
    path.write_text("cat,48,112,32\ndog,1,2,3\nbackground,0,0,0\nvoid,9,9,9\n")
    table = read_color_table(path)
    assert table.labels.names == ("cat", "dog", "background")
    assert table.labels.background == 2
    assert not table.notices


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("car,0,0,342\nroad,1,2,3\n", "line 1"),
        ("car,0,0,142,13\nroad,1,2,3,4\n", "line 1.*three numbers"),
        ("7 0 0 142 car\n8 1 1 1 road\n", "line 1.*three numbers"),
        ("car,0,0,142\nroad,0,0,142\n", "line 2.*as car in line 1"),
        ("car,0,0,142\n", "at least two classes"),
    ],
)
def test_colors_that_are_not_clear_are_refused_by_line(tmp_path, table, message):
    path = tmp_path / "colors.csv"
    path.write_text(table)
    with pytest.raises(ValueError, match=message):
        read_color_table(path)


def test_a_line_of_a_table_of_colors_that_is_no_class_is_said(tmp_path):
    path = tmp_path / "colors.csv"
    path.write_text("heading\ncar,0,0,142\nroad,1,2,3\nmore to come\n")
    assert read_color_table(path).notices == ("line 4 of colors.csv is no class: 'more to come'",)


CVAT = "background:0,0,0::\ncat:48,112,32::\n"


@pytest.mark.parametrize(
    ("file", "content", "left_out"),
    [
        ("labelmap.txt", CVAT, True),
        ("labelmap.txt", "background\ncat\n", True),
        ("classes.csv", "sky\nroad\n", True),
        ("class_names.txt", "sky\nroad\n", True),
        ("Classes.txt", "background\nforeground\n", False),
    ],
)
def test_lists_beside_masks_of_ids(folder, file, content, left_out):
    (folder / file).write_text(content)
    source = load_source("folder", folder)
    assert source.labels.names == ("background", "foreground")
    assert np.array_equal(read_class_ids(source.samples[0], source.labels), MASK)
    assert [notice.split()[0] for notice in source.notices] == [file] * left_out


def test_a_given_list_orders_the_colors_of_a_table(folder):
    colors = np.zeros((40, 40, 3), np.uint8)
    colors[MASK == 1] = (48, 112, 32)
    save(folder / "masks" / "a.png", colors)
    (folder / "colors.csv").write_text("cat,48,112,32\nsky,0,0,0\nroad,1,1,1\nvoid,9,9,9\n")
    (folder / "names.txt").write_text("sky\nroad\ncat\n")
    source = load_source("folder", folder, classes="names.txt")
    assert source.labels.names == ("sky", "road", "cat")
    assert source.labels.colors[2] == (48, 112, 32)
    assert np.array_equal(read_class_ids(source.samples[0], source.labels), MASK * 2)
    (folder / "names.txt").write_text("sky\ncat\n")
    with pytest.raises(ValueError, match=r"Expected the classes sky, cat in the table"):
        load_source("folder", folder, classes="names.txt")


@pytest.mark.parametrize("name", ["background", "_background_", "bg", "unlabeled"])
def test_a_list_of_classes_for_masks_of_ids_is_refused(folder, name):
    (folder / "classes.txt").write_text(f"cat\n{name}\n")
    with pytest.raises(ValueError, match="background as class 0 of two classes"):
        load_source("folder", folder)


def test_the_remedy_exchanges_the_values(folder):
    save(folder / "masks" / "a.png", 1 - MASK)
    (folder / "classes.txt").write_text("background\ncat\n")
    source = load_source("folder", folder, mask_values={"0": 1, "1": 0})
    assert np.array_equal(read_class_ids(source.samples[0], source.labels), MASK)


def test_subfolders_of_classes_in_any_order(tmp_path):
    save(tmp_path / "images" / "a.png", np.zeros((40, 40, 3), np.uint8))
    save(tmp_path / "masks" / "cat" / "a.png", MASK)
    (tmp_path / "classes.txt").write_text("cat\nbackground\n")
    for _ in range(2):
        source = load_source("folder", tmp_path)
        assert source.labels.names == ("background", "cat")
        assert np.array_equal(read_class_ids(source.samples[0], source.labels), MASK)
        save(tmp_path / "masks" / "background" / "a.png", 1 - MASK)
        (tmp_path / "classes.txt").unlink(missing_ok=True)


def test_a_category_of_coco(tmp_path):
    square = [[0, 0, 10, 0, 10, 10, 0, 10]]
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": 40, "width": 40}],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "Background"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": square}],
    }
    save(tmp_path / "images" / "a.png", np.zeros((40, 40, 3), np.uint8))
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances.json").write_text(json.dumps(content))
    for options in ({}, {"categories": "background,cat"}):
        source = load_source("coco", tmp_path, **options)
        assert source.labels.names == ("background", "cat")
        assert read_class_ids(source.samples[0], source.labels).sum() == 100


def test_a_source_of_ones_own_is_refused(tmp_path):
    sample = Sample("a", tmp_path / "a.png", tmp_path / "b.png")
    with pytest.raises(ValueError, match="Received: 0 cat, 1 background"):
        Source("mine", (sample,), LabelMap(("cat", "background")))
    assert Source("mine", (sample,), LabelMap(("cat", "dog", "background"))).samples
