"""What has changed in a data set since a training began."""

import json
import shutil
from dataclasses import replace

import pytest

from segtf.data import Sample, Source, load_source, write_synthetic
from segtf.data.changes import find_changes, record_contents
from segtf.data.contents import read_contents
from segtf.data.masks import CocoMask
from segtf.labels import LabelMap

SPLIT = {"train": ["0000", "0001"], "val": ["0002"], "test": ["0003"]}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("changes") / "data"
    return write_synthetic(folder, count=4, size=(32, 32))


@pytest.fixture
def data(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "data")


def exchange(one, other):
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def change_mask(data):
    (data / "masks" / "0001.png").write_bytes((data / "masks" / "0003.png").read_bytes())


def exchange_pair(data):
    for name in ("images/{}.jpg", "masks/{}.png"):
        exchange(data / name.format("0000"), data / name.format("0002"))


def exchange_within_train(data):
    for name in ("images/{}.jpg", "masks/{}.png"):
        exchange(data / name.format("0000"), data / name.format("0001"))


def remove(data, stem="0002"):
    (data / "images" / f"{stem}.jpg").unlink()
    (data / "masks" / f"{stem}.png").unlink()


def add(data):
    shutil.copy(data / "images" / "0000.jpg", data / "images" / "0004.jpg")
    shutil.copy(data / "masks" / "0000.png", data / "masks" / "0004.png")


@pytest.mark.parametrize(
    ("change", "serious", "harmless"),
    [
        (lambda data: None, [], []),
        (change_mask, ["1 altered: 0001 (mask, train)"], []),
        (
            exchange_pair,
            [
                "2 exchanged between splits: 0000 (train) holds what 0002 (val) held, "
                "0002 (val) holds what 0000 (train) held"
            ],
            [],
        ),
        (
            exchange_within_train,
            ["2 altered: 0000 (image and mask, train), 0001 (image and mask, train)"],
            [],
        ),
        (remove, ["1 removed: 0002 (val)"], []),
        (lambda data: remove(data, "0003"), [], ["1 removed, which took no part: 0003"]),
        (add, [], ["1 added, which take no part: 0004"]),
    ],
)
def test_what_changed_is_named(data, change, serious, harmless):
    before = record_contents(read_contents(load_source("folder", data)), SPLIT)
    before = json.loads(json.dumps(before))
    change(data)
    contents = read_contents(load_source("folder", data))
    assert find_changes(before, contents, SPLIT) == (serious, harmless)


def test_samples_that_changed_sides_are_named(data):
    contents = read_contents(load_source("folder", data))
    before = record_contents(contents, SPLIT)
    swapped = {"train": ["0002", "0001"], "val": ["0000"], "test": ["0003"]}
    assert find_changes(before, contents, swapped)[0] == [
        "2 moved: 0000 from train to val, 0002 from val to train"
    ]
    published = {"train": ("0000", "0001", "0002"), "test": ("0003",)}
    assert find_changes(before, contents, SPLIT, published) == ([], [])
    published = {"train": ("0001",), "val": ("0002",), "test": ("0000", "0003")}
    assert find_changes(before, contents, SPLIT, published)[0] == [
        "1 moved: 0000 from train to test of the data set"
    ]


def test_an_annotation_file_of_all_samples_tells_them_apart(data):
    """A file that was only written anew, or whose other images changed, changes no sample."""
    annotations = data / "instances.json"
    annotations.write_text("{}")
    samples = tuple(
        Sample(str(index), data / "images" / f"000{index}.jpg", CocoMask(annotations, (32, 32), ()))
        for index in range(2)
    )
    source = Source("coco", samples, LabelMap(("background", "cat")))
    split = {"train": ["0", "1"]}
    before = record_contents(read_contents(source), split)
    annotations.write_text("{ }")
    outlined = replace(samples[1].mask, objects=((1, ((1, 1, 9, 1, 9, 9),)),))
    source = replace(source, samples=(samples[0], replace(samples[1], mask=outlined)))
    assert find_changes(before, read_contents(source), split) == (
        ["1 altered: 1 (mask, train)"],
        [],
    )
