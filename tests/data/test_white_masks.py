"""What 255 means in the masks of a binary task: one answer for a whole set and all its parts."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from segtf.data import (
    DataError,
    Sample,
    Source,
    check_source,
    inspect_source,
    load_source,
    read_class_ids,
)
from segtf.data.masks import CocoMask, InstanceMask, MergedMasks
from segtf.labels import LabelMap

SIZE = (40, 48)


def mask(*values):
    """Rows of 0, and ten of each value."""
    pixels = np.zeros(SIZE, np.uint8)
    for place, value in enumerate(values):
        pixels[10 * place : 10 * place + 10] = value
    return pixels


def write_set(folder, masks):
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for index, pixels in enumerate(masks):
        rng = np.random.default_rng(index)
        Image.fromarray(rng.integers(0, 256, (*SIZE, 3), np.uint8)).save(
            folder / f"images/{index}.png"
        )
        Image.fromarray(pixels).save(folder / f"masks/{index}.png")
    return load_source("folder", folder)


def part(source, *indices):
    return replace(source, samples=tuple(source.samples[index] for index in indices))


def ones(source):
    """Pixels of class 1 in each mask."""
    return [int((read_class_ids(one, source.labels) == 1).sum()) for one in source.samples]


MIXED = (mask(1, 255), mask(1), mask(255), mask(255), mask(255))
WHITE = (mask(255), mask(255), mask(0))


@pytest.mark.parametrize("indices", [(2,), (2, 3, 4), (0, 2), (1, 4)])
@pytest.mark.parametrize("order", [1, -1])
def test_255_is_ignored_in_every_part_of_a_set_that_shows_it_beside_1(tmp_path, indices, order):
    source = write_set(tmp_path, MIXED[::order])
    whole, _ = inspect_source(source)
    expected = dict(zip([one.id for one in whole.samples], ones(whole), strict=True))
    assert sorted(expected.values()) == [0, 0, 0, 480, 480]
    some, _ = inspect_source(part(source, *indices), to_train=False)
    assert ones(some) == [expected[one.id] for one in some.samples]


def test_a_part_says_that_it_has_nothing_to_learn(tmp_path):
    _, notices = inspect_source(part(write_set(tmp_path, MIXED), 2, 3))
    assert any("holds background at most" in notice for notice in notices)


def test_the_larger_part_of_the_set_decides_for_its_smaller_one(tmp_path):
    source = write_set(tmp_path, [mask(1), mask(1), mask(255)])
    with pytest.raises(DataError, match=r"2\.png holds 0 and 255; the other masks hold 0 and 1"):
        inspect_source(part(source, 2), to_train=False)


def test_masks_that_cannot_be_read_say_nothing(tmp_path):
    source = write_set(tmp_path, [mask(255), mask(255), mask(1, 255)])
    (tmp_path / "masks/2.png").write_bytes(b"no picture")
    ready, _ = inspect_source(part(source, 0, 1))
    assert ones(ready) == [480, 480]


@pytest.mark.parametrize(("masks", "values"), [(MIXED, [0, 1, 255]), (WHITE, [0, 255])])
def test_the_decision_is_written_down_and_read_again(tmp_path, masks, values):
    source = write_set(tmp_path / "data", masks)
    ready, _ = inspect_source(source)
    origin = json.loads(json.dumps(ready.origin))
    assert [int(value) for value in origin["mask_values"]] == values
    again = load_source(**origin)
    assert ones(again) == ones(ready)
    assert dict(again.origin) == origin
    # What the set holds later changes nothing.
    Image.fromarray(mask(1)).save(tmp_path / "data/masks/3.png")
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / "data/images/3.png")
    later = part(load_source(**origin), 2)
    assert ones(inspect_source(later, to_train=False)[0]) == ones(part(ready, 2))


def test_nothing_is_written_down_where_nothing_was_asked(tmp_path):
    source = write_set(tmp_path, [mask(1), mask(0)])
    ready, notices = inspect_source(source)
    assert ready == source and not notices
    assert all(sample.mask_values is None for sample in ready.samples)


def test_check_reads_as_training_does(tmp_path):
    for name, masks in (("mixed", MIXED), ("white", WHITE)):
        source = write_set(tmp_path / name, masks)
        assert check_source(source).source.samples == inspect_source(source)[0].samples


def test_the_meaning_can_be_given(tmp_path):
    write_set(tmp_path, WHITE)
    ignored = load_source("folder", tmp_path, mask_values={"0": 0, "1": 1, "255": 255})
    assert ones(inspect_source(ignored, to_train=False)[0]) == [0, 0, 0]
    turned = load_source("folder", tmp_path, mask_values={0: 1, 255: 0})
    assert ones(turned) == [1440, 1440, 1920]


@pytest.mark.parametrize("values", [{}, {"a": 1}, {0: 7}, "0=0", {1: None}, [0, 1]])
def test_a_meaning_that_is_none_is_refused(tmp_path, values):
    write_set(tmp_path, WHITE)
    with pytest.raises(ValueError, match="Expected mask_values as value to class id"):
        load_source("folder", tmp_path, mask_values=values)


def test_a_meaning_for_masks_that_need_none_is_refused(tmp_path):
    write_set(tmp_path, WHITE)
    with pytest.raises(ValueError, match="Expected mask_values for grey or palette masks"):
        load_source("folder", tmp_path, instances=True, mask_values={0: 0, 255: 1})


def objects(folder, count):
    """Masks of class ids by construction: a crowd alone, one numbered object, merged pictures."""
    source = write_set(folder, [mask(255)] * count)
    image, path = source.samples[0].image, source.samples[0].mask
    crowd = CocoMask(path, SIZE, ((255, (100, 400, SIZE[0] * SIZE[1] - 500)),))
    numbered, merged = InstanceMask(path), MergedMasks(((path, 1),))
    return image, {"crowd": crowd, "numbered": numbered, "merged": merged}


@pytest.mark.parametrize("kind", ["crowd", "numbered", "merged"])
def test_class_ids_of_readers_are_never_guessed_at(tmp_path, kind):
    image, readers = objects(tmp_path, 2)
    samples = tuple(Sample(str(index), image, readers[kind]) for index in range(3))
    source = Source("set", samples, LabelMap(("background", "object")))
    ready, _ = inspect_source(source, to_train=False)
    assert ready.samples == samples
    assert ones(ready) == [0 if kind == "crowd" else 480] * 3


@pytest.mark.parametrize(
    ("value", "cause"), [(0, "holds background at most"), (1, "holds foreground at every pixel")]
)
def test_a_binary_set_of_one_class_cannot_be_learned_but_measured(tmp_path, value, cause):
    source = write_set(tmp_path, [np.full(SIZE, value, np.uint8)] * 2)
    assert not check_source(source).is_safe
    with pytest.raises(DataError, match=cause):
        inspect_source(source)
    assert inspect_source(source, to_train=False)[0].samples == source.samples


def test_a_part_of_many_classes_may_be_ignored_where_it_is_labelled(tmp_path):
    (tmp_path / "classes.txt").write_text("ground\nhouse\ntree")
    source = write_set(tmp_path, [mask(1, 2, 255), mask(255), mask(255)])
    some, _ = inspect_source(part(source, 1, 2), to_train=False)
    assert ones(some) == [0, 0]
    assert (read_class_ids(some.samples[0], some.labels) == 255).sum() == 480


def test_a_part_with_three_objects_is_no_trimap(tmp_path):
    numbered = np.repeat(np.uint8([[1, 2, 3]]), 16, axis=1).repeat(SIZE[0], axis=0)
    write_set(tmp_path, [numbered, mask(1, 2, 3, 4)])
    source = load_source("folder", tmp_path, instances=True)
    some, _ = inspect_source(part(source, 0), to_train=False)
    assert ones(some) == [SIZE[0] * SIZE[1]]
