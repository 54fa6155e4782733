"""COCO files as tools write them, and as nobody should: right, left out and named, or refused."""

import json
import unicodedata
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco_mask

from segtf.data import ImageError, check_source, inspect_source, load_source, read_class_ids
from segtf.data.coco_outlines import decode_runs
from segtf.data.masks import CocoMask

SQUARE = [10, 10, 40, 10, 40, 30, 10, 30]
RUNS = np.zeros((64, 80), np.uint8)
RUNS[10:30, 10:40] = 1
COUNTS = np.diff(np.flatnonzero(np.diff(RUNS.T.ravel(), prepend=0, append=0)), prepend=0)
COUNTS = [*COUNTS.tolist(), RUNS.size - int(COUNTS.sum())]
COMPRESSED = coco_mask.encode(np.asfortranarray(RUNS))["counts"].decode()


def content():
    item = {
        "id": 7,
        "image_id": 1,
        "category_id": 1,
        "bbox": [10, 10, 30, 20],
        "area": 600,
        "iscrowd": 0,
        "segmentation": [list(SQUARE)],
    }
    return {
        "images": [{"id": 1, "file_name": "a.png", "width": 80, "height": 64}],
        "annotations": [item],
        "categories": [{"id": 1, "name": "box"}, {"id": 2, "name": "ball"}],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coco")
    for part in ("images", "annotations"):
        (folder / part).mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    for name in ("a.png", "b.png", "b.bmp"):
        Image.fromarray(pixels).save(folder / "images" / name)
    return folder


def load(folder, values):
    text = values if isinstance(values, bytes) else json.dumps(values).encode()
    (folder / "annotations" / "instances.json").write_bytes(text)
    return load_source("coco", folder)


def pixels(source, class_id=1, index=0):
    ids = read_class_ids(source.samples[index], source.labels)
    assert set(np.unique(ids)) <= {0, 1, 2, 255}
    return int((ids == class_id).sum())


def changed(**entries):
    values = content()
    values["annotations"][0].update(entries)
    return values


def without(part, key):
    values = content()
    del values[part][0][key]
    return values


def image(**entries):
    values = content()
    values["images"][0].update(entries)
    return values


RIGHT = {
    "as published": content(),
    "no iscrowd": without("annotations", "iscrowd"),
    "iscrowd null": changed(iscrowd=None),
    "iscrowd false": changed(iscrowd=False),
    "no area": without("annotations", "area"),
    "area NaN": changed(area=float("nan")),
    "area 1e308": changed(area=1e308),
    "area as text": changed(area="large"),
    "no id": without("annotations", "id"),
    "no box": without("annotations", "bbox"),
    "flat outline": changed(segmentation=SQUARE),
    "outline of points": changed(segmentation=[[10, 10], [40, 10], [40, 30], [10, 30]]),
    "nested points": changed(segmentation=[[[10, 10], [40, 10], [40, 30], [10, 30]]]),
    "one point first": changed(segmentation=[[50, 50], SQUARE]),
    "two points first": changed(segmentation=[[50, 50, 52, 52], SQUARE]),
    "two points last": changed(segmentation=[SQUARE, [50, 50, 52, 52]]),
    "an empty outline beside": changed(segmentation=[SQUARE, []]),
    "runs": changed(segmentation={"size": [64, 80], "counts": COUNTS}),
    "runs without a size": changed(segmentation={"counts": COUNTS}),
    "runs as floats": changed(segmentation={"counts": list(map(float, COUNTS))}),
    "compressed runs": changed(segmentation={"size": [64, 80], "counts": COMPRESSED}),
    "width -1": image(width=-1, height=-1),
    "no width": without("images", "width"),
    "width null": image(width=None),
    "height 0": image(height=0),
    "width as text": image(width="80", height="64"),
    "width NaN": image(width=float("nan")),
    "width as float": image(width=80.0, height=64.0),
    "image id as text": changed(image_id="1"),
    "image id as float": changed(image_id=1.0),
    "category id as text": changed(category_id="1"),
    "a name as number": {**content(), "categories": [{"id": 1, "name": 5}, {"id": 2, "name": "x"}]},
    "two categories of one name": {
        **content(),
        "categories": [{"id": 1, "name": "box"}, {"id": 2, "name": "box"}],
    },
    "a category twice": {**content(), "categories": [{"id": 1, "name": "box"}] * 2},
    "an image twice": {**content(), "images": content()["images"] * 2},
    "an image of two ids": {
        **content(),
        "images": [{**content()["images"][0], "id": id_} for id_ in (5, 1)],
    },
    "an annotation twice": {**content(), "annotations": content()["annotations"] * 2},
    "other entries": {**content(), "info": None, "licenses": "none"},
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(content()).encode(),
    "UTF-16": json.dumps(content()).encode("utf-16"),
}


@pytest.mark.parametrize("values", RIGHT.values(), ids=RIGHT)
def test_what_is_clear_is_read_right(folder, values):
    source = load(folder, values)
    assert len(source.samples) == 1
    assert pixels(source) == 600


LEFT_OUT = {
    "no outline": (changed(segmentation=[]), "has no outline"),
    "outline null": (changed(segmentation=None), "has no outline"),
    "outline missing": (without("annotations", "segmentation"), "has no outline"),
    "outline {}": (changed(segmentation={}), "has no outline"),
    "two points": (changed(segmentation=[[1, 1, 5, 5]]), "fewer than three points"),
    "empty polygon": (changed(segmentation=[[]]), "fewer than three points"),
    "a line": (changed(segmentation=[[10, 10, 20, 10, 30, 10]]), "covers nothing in its image"),
    "one point three times": (changed(segmentation=[[9] * 6]), "covers nothing in its image"),
    "beside the image": (
        changed(segmentation=[[-30, -30, -10, -30, -10, -10]]),
        "covers nothing in its image",
    ),
    "shares of the image": (
        changed(segmentation=[[0.1, 0.1, 0.5, 0.1, 0.5, 0.5, 0.1, 0.5]]),
        "within a pixel, as shares of 0..1 would be",
    ),
    "smaller than a pixel": (
        changed(segmentation=[[10, 10, 10.2, 10, 10.2, 10.2]]),
        "within a pixel",
    ),
    "odd": (changed(segmentation=[SQUARE[:-1]]), "an odd number of coordinates"),
    "text": (changed(segmentation=[["10"] * 8]), "coordinates are no numbers"),
    "truth values": (changed(segmentation=[[True] * 8]), "coordinates are no numbers"),
    "NaN": (changed(segmentation=[[float("nan"), *SQUARE[1:]]]), "coordinates are no numbers"),
    "infinite": (changed(segmentation=[[float("inf"), *SQUARE[1:]]]), "coordinates are no numbers"),
    "1e308": (changed(segmentation=[[1e308, *SQUARE[1:]]]), "far outside of its image"),
    "1e9": (changed(segmentation=[[1e9, *SQUARE[1:]]]), "far outside of its image"),
    "a huge whole number": (changed(segmentation=[[10**400, *SQUARE[1:]]]), "are no numbers"),
    "a number": (changed(segmentation=5), "neither polygons nor run lengths"),
    "a text": (changed(segmentation="outline"), "neither polygons nor run lengths"),
    "runs of another size": (
        changed(segmentation={"size": [32, 40], "counts": [330, 20, 930]}),
        "run lengths of another size",
    ),
    "runs of swapped sides": (
        changed(segmentation={"size": [80, 64], "counts": COUNTS}),
        "run lengths of another size",
    ),
    "too few runs": (changed(segmentation={"counts": COUNTS[:-1]}), "run lengths of another size"),
    "negative runs": (
        changed(segmentation={"counts": [-10, 64 * 80 + 10]}),
        "no numbers of pixels",
    ),
    "absurd runs": (changed(segmentation={"counts": [10**30, 5]}), "run lengths of another size"),
    "NaN runs": (changed(segmentation={"counts": [float("nan")]}), "no numbers of pixels"),
    "no counts": (changed(segmentation={"size": [64, 80]}), "run lengths without counts"),
    "truncated text": (changed(segmentation={"counts": COMPRESSED[:-3]}), "run lengths"),
    "text of other letters": (changed(segmentation={"counts": "~~~"}), "that are damaged"),
    "text without end": (changed(segmentation={"counts": "o" * 50}), "that are damaged"),
    "no ASCII": (changed(segmentation={"counts": "höhe"}), "that are damaged"),
    "empty text": (changed(segmentation={"counts": ""}), "that are damaged"),
    "unknown image": (changed(image_id=99), "an image that is not in the file"),
    "image null": (changed(image_id=None), "an image that is not in the file"),
    "image list": (changed(image_id=[1]), "an image that is not in the file"),
    "unknown category": (changed(category_id=99), "a category that is not in the file"),
    "category true": (changed(category_id=True), "a category that is not in the file"),
    "iscrowd as text": (changed(iscrowd="0"), "neither 0 nor 1"),
    "iscrowd 2": (changed(iscrowd=2), "neither 0 nor 1"),
}


@pytest.mark.parametrize(("values", "reason"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_cannot_be_drawn_is_left_out_with_a_notice(folder, values, reason):
    # A second object keeps the set trainable.
    values = deepcopy(values)
    other = content()["annotations"][0] | {"id": 8, "category_id": 2}
    values["annotations"].append({**other, "segmentation": [[50, 40, 60, 40, 60, 50, 50, 50]]})
    source = load(folder, values)
    assert (pixels(source), pixels(source, 2)) == (0, 100)
    (notice,) = source.notices
    assert notice.startswith("1 annotations left out (") and reason in notice
    assert "annotation 7" in notice
    _, told = inspect_source(source)
    assert [notice in line for line in told] == [True]
    assert [found.cause for found in check_source(source).warnings if found.kind == "listing"] == [
        notice
    ]


REFUSED = {
    "no JSON": (b"{", "no JSON"),
    "truncated": (json.dumps(content()).encode()[:200], "no JSON"),
    "empty": (b"", "no JSON"),
    "no text": (b"\xff\x00\xfe\x81", "no JSON"),
    "nested": (b"[" * 100_000, "no JSON"),
    "a list": ([content()], "of a list"),
    "null": (None, "of a NoneType"),
    "no images": ({**content(), "images": None}, "list of images. Received: NoneType"),
    "images a dict": ({**content(), "images": {}}, "list of images. Received: dict"),
    "images empty": ({**content(), "images": []}, "Expected images"),
    "no file name": (without("images", "file_name"), "Expected images"),
    "an unusable file name": (image(file_name="a\0.png"), "Expected images"),
    "a lone surrogate": (image(file_name="\ud800.png"), "Expected images"),
    "image id a list": (image(id=[1]), "Expected images"),
    "one id for two images": (
        {**content(), "images": [*content()["images"], {"id": 1, "file_name": "b.png"}]},
        "Expected images",
    ),
    "no annotations": (
        {"images": [], "categories": []},
        "list of annotations. Received: none",
    ),
    "no categories": ({**content(), "categories": []}, "Expected categories"),
    "category without name": ({**content(), "categories": [{"id": 1}]}, "an id and a name"),
    "category without id": ({**content(), "categories": [{"name": "box"}]}, "an id and a name"),
    "category as text": ({**content(), "categories": ["box"]}, "an id and a name"),
    "one id for two categories": (
        {**content(), "categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]},
        "different ids",
    ),
}


@pytest.mark.parametrize(("values", "cause"), REFUSED.values(), ids=REFUSED)
def test_files_that_say_nothing_are_refused(folder, values, cause):
    with pytest.raises(ValueError, match=r"(?s)^Expected .*Received: ") as refused:
        load(folder, values)
    assert cause in str(refused.value)


@pytest.mark.parametrize("side", [10**9, 1e308, 10**400])
def test_absurd_sizes_are_refused_before_memory_is_taken(folder, side):
    source = load(folder, image(width=side, height=side))
    with pytest.raises(ImageError, match="Expected an image of 1 to"):
        pixels(source)


def test_a_category_called_background_is_class_0(folder):
    values = content()
    values["categories"] = [{"id": 1, "name": "box"}, {"id": 2, "name": "_background_"}]
    small = [[10, 10, 20, 10, 20, 20, 10, 20]]
    values["annotations"].append(
        {**values["annotations"][0], "category_id": 2, "area": 100, "segmentation": small}
    )
    source = load(folder, values)
    assert source.labels.names == ("background", "box")
    assert pixels(source) == 500
    assert "are the background, as class 0" in source.notices[0]


@pytest.mark.parametrize(("said", "things"), [({}, (1, 2)), ({"isthing": 0}, (1,))])
def test_categories_are_things_unless_the_file_says_they_are_stuff(folder, said, things):
    values = {
        **content(),
        "categories": [{"id": 1, "name": "box"}, {"id": 2, "name": "sky", **said}],
    }
    labels = load(folder, values).labels
    assert (labels.background, labels.things) == (0, things)


def test_an_image_that_is_nowhere_has_no_size(folder):
    source = load(folder, image(file_name="gone.png", width=-1))
    assert {found.kind for found in check_source(source).errors} >= {"missing file"}


def test_crowds_stay_ignored_and_objects_lie_by_their_size(folder):
    values = content()
    crowd = {**values["annotations"][0], "iscrowd": 1, "area": 5}
    small = {**values["annotations"][0], "category_id": 2}
    small["segmentation"] = [[10, 10, 20, 10, 20, 20, 10, 20]]
    del small["area"], values["annotations"][0]["area"]
    values["annotations"] = [small, values["annotations"][0], crowd]
    source = load(folder, values)
    assert (pixels(source), pixels(source, 2), pixels(source, 255)) == (500, 100, 0)


def test_objects_of_an_image_that_is_listed_twice_are_joined(folder):
    values = content()
    values["images"].append({**values["images"][0], "id": 9})
    other = {**values["annotations"][0], "image_id": 9, "category_id": 2}
    other["segmentation"] = [[50, 40, 60, 40, 60, 50, 50, 50]]
    values["annotations"].append(other)
    source = load(folder, values)
    assert (len(source.samples), pixels(source), pixels(source, 2)) == (1, 600, 100)
    assert "listed again under another id" in source.notices[0]


def test_files_of_one_stem_are_two_samples(folder):
    values = content()
    values["images"] += [{"id": 2, "file_name": "b.png"}, {"id": 3, "file_name": "b.bmp"}]
    assert [sample.id for sample in load(folder, values).samples] == ["a", "b.bmp", "b.png"]


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32 - 1), st.booleans())
def test_compressed_runs_are_those_of_pycocotools(height, width, seed, is_coarse):
    mask = (np.random.default_rng(seed).random((height, width)) < 0.4).astype(np.uint8)
    if is_coarse:
        mask = np.kron(mask, np.ones((37, 29), np.uint8))
    text = coco_mask.encode(np.asfortranarray(mask))["counts"].decode()
    read = CocoMask("a.json", mask.shape, ((1, decode_runs(text)),)).read()
    np.testing.assert_array_equal(read, mask)


NUMBERS = [True, -1, 0, 2, 1.5, 1e308, 10**30, float("nan"), [1], [[1, 2]], [[1, 2, 3, 4, 5, 6]]]
OTHERS = [
    None,
    "",
    "1",
    "x",
    "\0",
    [],
    {},
    [[]],
    [None],
    {"counts": []},
    {"counts": "1", "size": 3},
]
JUNK = st.sampled_from([*NUMBERS, *OTHERS])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_value_anywhere_is_read_or_refused_the_same_twice(folder, data):
    values = content()
    for _ in range(data.draw(st.integers(1, 3))):
        place, key = values, data.draw(st.sampled_from(sorted(values)))
        while data.draw(st.booleans()) and isinstance(place[key], dict | list) and place[key]:
            place = place[key]
            keys = sorted(place) if isinstance(place, dict) else range(len(place))
            key = data.draw(st.sampled_from(list(keys)))
        place[key] = deepcopy(data.draw(JUNK))  # the next turn may change it

    def answer():
        try:
            source = load(folder, values)
            return [read_class_ids(one, source.labels).tobytes() for one in source.samples]
        except ValueError as error:
            return str(error)

    assert answer() == answer()


@pytest.mark.parametrize("name", ["Images\\{}.PNG", "images/{}.png", "{}.png"])
def test_files_are_found_as_other_systems_name_them(tmp_path, name):
    listed, stored = (unicodedata.normalize(form, "bl\u00e4") for form in ("NFC", "NFD"))
    for part in ("images", "annotations"):
        (tmp_path / part).mkdir()
    Image.fromarray(RUNS).save(tmp_path / "images" / f"{stored}.png")
    values = content()
    values["images"][0]["file_name"] = name.format(listed)
    source = load(tmp_path, values)
    assert source.samples[0].image == tmp_path / "images" / f"{stored}.png"
    assert pixels(source) == 600
