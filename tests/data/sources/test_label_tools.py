"""Sets as label tools write them: small files of each tool's own form."""

import base64
import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image

from segtf.data import load_source, read_class_ids
from segtf.data.check import check_source
from segtf.data.masks import read_parts
from segtf.data.sources.recognise import recognise

SIZE = (6, 8)


def save(path, size=SIZE):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(sum(path.name.encode()))
    Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(path)


def box(top, left, bottom, right, value=1, under=None):
    mask = np.zeros(SIZE, np.uint8) if under is None else under
    mask[top:bottom, left:right] = value
    return mask


def ids(source, index=0):
    return read_class_ids(source.samples[index], source.labels)


def instances(source, index=0):
    return read_parts(source.samples[index], ("classes", "instances"), 9).instances


def png(pixels, mode="L"):
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def text(content):
    return base64.b64encode(content).decode()


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


# LabelMe


def shape(label, points, kind="polygon", **more):
    return {
        **{"label": label, "points": points, "group_id": None, "description": ""},
        **{"shape_type": kind, "flags": {}, "mask": None, **more},
    }


def labelme_file(image, shapes, size=SIZE):
    return {
        **{"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": image},
        **{"imageData": None, "imageHeight": size[0], "imageWidth": size[1]},
    }


def labelme(folder):
    save(folder / "a.png")
    save(folder / "b.png")
    shapes = [
        shape("dog", [[1, 1], [5, 1], [5, 4], [1, 4]]),
        shape("cat", [[3, 2], [8, 5]], "rectangle"),
        shape("dog", [[0, 5], [1, 6]], "rectangle", group_id=7),
        shape("dog", [[7, 0], [8, 1]], "rectangle", group_id=7),
        shape("cat", [[5, 5], [5.9, 6]], "mask", mask=text(png([[1]]))),
        shape("__ignore__", [[0, 0], [2, 1]], "rectangle"),
        shape("dog", [[1, 1], [5, 1]], "line"),
    ]
    write(folder / "a.json", labelme_file("..\\photos\\a.png", shapes))
    write(folder / "b.json", labelme_file("b.png", []))
    expected = box(1, 1, 4, 5, 2)
    expected = box(2, 3, 5, 8, 1, expected)
    expected[5, 0] = expected[0, 7] = 2
    expected[5, 5] = 1
    expected[0, :2] = 255
    return expected, ("background", "cat", "dog"), 4


# Label Studio

BRUSH = bytes.fromhex("000000c0391bfe2700c27ff6c0309ffdb00c27ff7c023ffc5e00")
"""What the library of the tool makes of rows 1 to 3, columns 2 to 6, and of row 4, column 3."""


def region(kind, label, **value):
    return {
        **{"original_width": SIZE[1], "original_height": SIZE[0], "image_rotation": 0, "id": "x"},
        **{"from_name": "label", "to_name": "image", "type": kind, "origin": "manual"},
        "value": {**value, kind: [label]},
    }


def label_studio(folder):
    save(folder / "images" / "a.png")
    save(folder / "images" / "b c.png")
    brush = region("brushlabels", "dog", format="rle", rle=list(BRUSH))
    corner = region("rectanglelabels", "cat", x=0, y=0, width=25, height=50, rotation=0)
    points = [[50, 50], [100, 50], [100, 100], [50, 100]]
    outline = region("polygonlabels", "cat", points=points, closed=True)
    tasks = [
        {
            "id": 1,
            "annotations": [
                {"id": 1, "was_cancelled": True, "result": [outline]},
                {"id": 2, "was_cancelled": False, "result": [corner]},
                {"id": 3, "was_cancelled": False, "result": [brush, outline, corner]},
            ],
            "file_upload": "0123abcd-a.png",
            "data": {"image": "/data/upload/1/0123abcd-a.png"},
        },
        {
            "id": 2,
            "annotations": [{"id": 4, "was_cancelled": False, "result": [corner]}],
            "data": {"image": "/data/local-files/?d=images/b%20c.png"},
        },
    ]
    write(folder / "project-1-at-2024.json", tasks)
    expected = box(1, 2, 4, 7, 2)
    expected[4, 3] = 2
    return box(0, 0, 3, 2, 1, box(3, 4, 6, 8, 1, expected)), ("background", "cat", "dog"), 3


# YOLO


def yolo(folder):
    save(folder / "train" / "images" / "a.png")
    save(folder / "valid" / "images" / "b.png")
    lines = ["1 0.125 0.5 0.5 0.5 0.5 1 0.125 1", "0 0.375 0.5 0.75 0.5 0.75 1.0 0.375 1.0"]
    write(folder / "train" / "labels" / "a.txt", "\n".join(lines))
    write(folder / "data.yaml", "train: ../train/images\nnc: 2\nnames: ['dog', 'cat']\n")
    expected = box(3, 3, 6, 6, 1, box(3, 1, 6, 4, 2))
    return expected, ("background", "dog", "cat"), 2


# CVAT

CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><labels>
    <label><name>dog</name><color>#ff0010</color><type>any</type><attributes></attributes></label>
    <label><name>cat</name><color>#00ff00</color><type>any</type><attributes></attributes></label>
  </labels></task></meta>
  <image id="0" name="a.png" width="8" height="6">
    <polygon label="cat" source="manual" occluded="0" points="1.00,1.00;5.00,1.00;5.00,4.00;1.0,4.0"
      z_order="2"></polygon>
    <box label="dog" source="manual" occluded="0" xtl="3" ytl="2" xbr="8" ybr="5" z_order="0">
      <attribute name="age">3</attribute></box>
    <mask label="dog" source="semi-auto" occluded="0" rle="1, 2, 1" left="0" top="4" width="2"
      height="2" z_order="1"></mask>
    <polyline label="dog" points="1,1;2,2" z_order="3"></polyline>
  </image>
  <image id="1" name="b.png" width="8" height="6"></image>
</annotations>
"""


def cvat(folder):
    save(folder / "images" / "a.png")
    save(folder / "images" / "b.png")
    write(folder / "annotations.xml", CVAT)
    expected = box(2, 3, 5, 8, 1)
    expected[4, 1] = expected[5, 0] = 1
    return box(1, 1, 4, 5, 2, expected), ("background", "dog", "cat"), 3


# Supervisely


def supervisely(folder):
    save(folder / "train" / "img" / "a.png")
    save(folder / "val" / "img" / "a.png")
    packed = text(zlib.compress(png([[0, 255], [255, 0]], "P")))
    clear = np.zeros((1, 2, 4), np.uint8)
    clear[0, 1] = 255
    alpha = text(zlib.compress(png(clear, "RGBA")))
    objects = [
        {
            **{"classTitle": "dog", "geometryType": "polygon"},
            "points": {
                "exterior": [[0.0, 0.5], [6.0, 0.5], [6.0, 5.5], [0.0, 5.5]],
                "interior": [[[2.0, 1.5], [4.0, 1.5], [4.0, 3.5], [2.0, 3.5]]],
            },
        },
        {
            **{"classTitle": "cat", "geometryType": "bitmap"},
            "bitmap": {"origin": [6, 4], "data": packed},
        },
        {
            "classTitle": "cat",
            "geometryType": "bitmap",
            "bitmap": {"origin": [0, 0], "data": alpha},
        },
        {
            **{"classTitle": "cat", "geometryType": "rectangle"},
            "points": {"exterior": [[7, 0], [7, 1]], "interior": []},
        },
    ]
    ann = {"description": "", "tags": [], "size": {"height": 6, "width": 8}}
    write(folder / "train" / "ann" / "a.png.json", {**ann, "objects": objects})
    write(folder / "val" / "ann" / "a.png.json", {**ann, "objects": objects[:1]})
    classes = [
        {"title": "dog", "shape": "any", "color": "#0A0B0C", "id": 4},
        {"title": "cat", "shape": "bitmap", "color": "#FF0000", "id": 5},
    ]
    write(folder / "meta.json", {"classes": classes, "tags": []})
    expected = box(1, 2, 3, 4, 0, box(0, 0, 5, 6, 1))
    expected[4, 7] = expected[5, 6] = expected[0, 1] = 2
    expected[0:2, 7] = 2
    return expected, ("background", "dog", "cat"), 4


# Data Science Bowl 2018


def nuclei(folder):
    save(folder / "stage1_train" / "a" / "images" / "a.png")
    save(folder / "stage1_train" / "b" / "images" / "b.png")
    # Down the columns, from 1 on.
    rows = ["ImageId,EncodedPixels", "a,8 2 14 2", "a,44 3", "b,1 6"]
    write(folder / "stage1_train_labels.csv", "\n".join(rows))
    expected = box(1, 1, 3, 3, 1)
    return box(1, 7, 4, 8, 1, expected), ("background", "nucleus"), 2


TOOLS = {
    "labelme": labelme,
    "label-studio": label_studio,
    "yolo": yolo,
    "cvat": cvat,
    "supervisely": supervisely,
    "nuclei": nuclei,
}


@pytest.mark.parametrize("name", TOOLS)
def test_a_set_as_the_tool_writes_it(name, tmp_path):
    expected, names, objects = TOOLS[name](tmp_path)
    source = load_source("auto", tmp_path)
    assert source.origin["name"] == name
    assert source.notices[0].startswith("looks like ")
    assert f"--data {name}" in source.notices[0]
    assert source.labels.names == names
    assert source.labels.things == tuple(range(1, len(names)))
    np.testing.assert_array_equal(ids(source), expected)
    np.testing.assert_array_equal(np.unique(instances(source)), range(objects + 1))
    assert ids(source, 1).shape == SIZE
    assert load_source(**source.origin).samples == source.samples
    assert check_source(source).is_safe


def test_the_lines_say_what_was_left_out_and_where_the_order_comes_from(tmp_path):
    labelme(tmp_path / "l")
    cvat(tmp_path / "c")
    lines = " ".join(load_source("labelme", tmp_path / "l").notices)
    assert "alphabetical order, since no list gives one (see --classes): background, cat" in lines
    assert "lines and points" in lines
    assert "pixels of __ignore__ count nowhere" in lines
    assert "1 images without objects, all background, the first: b.png" in lines
    assert "in the order of the cvat project: background, dog, cat" in " ".join(
        load_source("cvat", tmp_path / "c").notices
    )


def test_a_list_of_classes_gives_the_order_and_leaves_out_what_it_lacks(tmp_path):
    labelme(tmp_path)
    write(tmp_path / "labels.txt", "__ignore__\n_background_\ndog\nhorse\n")
    source = load_source("labelme", tmp_path)
    assert source.labels.names == ("background", "dog", "horse")
    assert ids(source)[2, 2] == 1  # of the dog
    assert ids(source)[2, 6] == 0  # of the cat
    assert any("labels that are no class" in line for line in source.notices)


def test_folders_of_splits_and_colours_of_the_project_are_kept(tmp_path):
    supervisely(tmp_path / "s")
    yolo(tmp_path / "y")
    source = load_source("supervisely", tmp_path / "s")
    assert source.splits == {"train": ("train/a",), "val": ("val/a",)}
    assert source.labels.colors[1:] == ((10, 11, 12), (255, 0, 0))
    assert load_source("yolo", tmp_path / "y").splits == {
        "train": ("train/images/a",),
        "val": ("valid/images/b",),
    }


def test_whole_numbers_of_supervisely_are_pixels(tmp_path):
    supervisely(tmp_path)
    points = {"exterior": [[1, 1], [4, 1], [4, 3], [1, 3]], "interior": []}
    item = {"classTitle": "dog", "geometryType": "polygon", "points": points}
    ann = {"size": {"height": 6, "width": 8}, "objects": [item]}
    write(tmp_path / "train" / "ann" / "a.png.json", ann)
    np.testing.assert_array_equal(ids(load_source("supervisely", tmp_path)), box(1, 1, 4, 5))


HOSTILE_XML = {
    "entities": '<!DOCTYPE a [<!ENTITY b "bbbb">]><annotations>&b;</annotations>',
    "nesting": "<annotations>" + "<a>" * 100 + "</a>" * 100 + "</annotations>",
    "encoding": '<?xml version="1.0" encoding="utf-I"?><annotations></annotations>',
    "truncated": "<annotations><image",
    "video": '<annotations><track id="0"></track></annotations>',
    "other": "<html></html>",
    "nothing": "<annotations></annotations>",
}


@pytest.mark.parametrize("kind", HOSTILE_XML)
def test_a_hostile_file_of_cvat_is_refused_in_a_line(kind, tmp_path):
    write(tmp_path / "annotations.xml", HOSTILE_XML[kind])
    with pytest.raises(ValueError, match="Received: ") as error:
        load_source("cvat", tmp_path)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["labelme", "label-studio", "supervisely"])
@pytest.mark.parametrize("content", ["{", "[" * 100_000, "[]", "[1, null, {}]", '{"shapes": 3}'])
def test_a_damaged_json_file_is_refused_in_a_line(name, content, tmp_path):
    TOOLS[name](tmp_path)
    for path in tmp_path.rglob("*.json"):
        path.write_text(content)
    options = {"file": "project-1-at-2024.json"} if name == "label-studio" else {}
    with pytest.raises(ValueError, match="Received: ") as error:
        load_source(name, tmp_path, **options)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "line", ["x 1 2", "2 0 0 1 0 1 1", "0 40 20 80 20 80 60", "nan 0 0 1 0 1 1"]
)
def test_a_damaged_line_of_yolo_is_named(line, tmp_path):
    yolo(tmp_path)
    write(tmp_path / "train" / "labels" / "a.txt", line)
    with pytest.raises(ValueError, match=r"Received: .*a\.txt, line 1"):
        load_source("yolo", tmp_path)


@pytest.mark.parametrize("runs", ["1 2 2 2", "0 3", "1", "a b"])
def test_damaged_run_lengths_are_named(runs, tmp_path):
    nuclei(tmp_path)
    write(tmp_path / "stage1_train_labels.csv", f"ImageId,EncodedPixels\na,{runs}\nb,1 1\n")
    with pytest.raises(ValueError, match=r"labels\.csv, line 2"):
        load_source("nuclei", tmp_path)


LYING = {
    "size": labelme_file("a.png", [shape("dog", [[0, 0], [2, 2]], "rectangle")], (60, 80)),
    "large": labelme_file("a.png", [shape("dog", [[0, 0], [2, 2]], "rectangle")], (10**6, 10**6)),
    "picture": labelme_file("a.png", [shape("dog", [[0, 0], [2, 2]], "mask", mask="AAAA")]),
    "outside": labelme_file(
        "a.png", [shape("dog", [[7, 5], [8, 6]], "mask", mask=text(png(np.ones((3, 3)))))]
    ),
}


@pytest.mark.parametrize("kind", LYING)
def test_what_lies_about_sizes_is_found_by_the_check(kind, tmp_path):
    labelme(tmp_path)
    write(tmp_path / "a.json", LYING[kind])
    assert not check_source(load_source("labelme", tmp_path)).is_safe


@pytest.mark.parametrize(
    "points",
    [
        [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]],
        [[1, 1], [2, 2]],
        [[1e9, 1], [2, 2], [3, 3]],
        [["a", 1], [2, 2], [3, 3]],
        [[10**400, 1], [2, 2], [3, 3]],
        [[20, 20], [30, 20], [30, 30]],
        {"x": 1},
        None,
    ],
)
def test_outlines_that_cannot_be_drawn_are_left_out_and_counted(points, tmp_path):
    labelme(tmp_path)
    shapes = [shape("cat", points), shape("dog", [[0, 0], [2, 2]], "rectangle")]
    write(tmp_path / "a.json", labelme_file("a.png", shapes))
    source = load_source("labelme", tmp_path)
    assert any("objects left out" in line for line in source.notices)
    assert ids(source).sum() == 4


def test_masks_in_folders_come_before_files_of_label_tools(tmp_path):
    labelme(tmp_path / "images")
    for name in ("a", "b"):
        save(tmp_path / "masks" / f"{name}.png")
        Image.fromarray(box(0, 0, 2, 2)).save(tmp_path / "masks" / f"{name}.png")
    assert load_source("auto", tmp_path).origin["name"] == "folder"


LAYOUTS = {
    "ph2": ("PH2Dataset/PH2 Dataset images/IMD001",),
    "camvid": ("trainannot", "train.txt"),
    "pets": ("images", "annotations/trimaps"),
    "mads": ("segmentation_full_body_mads_dataset_1192_img",),
    "coco": ("images", "annotations/instances.json"),
    "folder": ("JPEGImages", "SegmentationClass"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_published_layouts_are_recognised_and_said(name, tmp_path):
    for part in LAYOUTS[name]:
        path = tmp_path / part
        if path.suffix:
            write(path, "")
        else:
            path.mkdir(parents=True)
    likeness = recognise(tmp_path)
    assert likeness.name == name
    assert likeness.line().startswith("looks like ")


def test_options_of_folders_are_of_folders(tmp_path):
    save(tmp_path / "images" / "a.png")
    (tmp_path / "trimaps").mkdir()
    Image.fromarray(box(0, 0, 2, 2, 2, box(0, 0, 6, 8, 1))).save(tmp_path / "trimaps" / "a.png")
    source = load_source("auto", tmp_path, masks="trimaps", mask_values={1: 0, 2: 1})
    assert source.origin["name"] == "folder"
    assert ids(source).sum() == 4
