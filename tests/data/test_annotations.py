"""Parts of an annotation on their way from files to batches: read, brought to size, stored."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from segtf.data import (
    Annotation,
    Augmentation,
    DataError,
    LabelMap,
    Sample,
    Skeleton,
    load_arrays,
    load_data,
    training_batches,
    validation_batches,
)
from segtf.data import cache as cache_module
from segtf.data.annotations import ordered_parts
from segtf.data.cache import load_files
from segtf.data.fit import fit_mask, fit_points
from segtf.data.masks import CocoMask, InstanceMask, MergedMasks, read_parts
from segtf.labels import IGNORE_CLASS
from segtf.spec import RESIZE_RULES, ModelSpec

LABELS = LabelMap(("background", "cat", "dog"))
SPEC = ModelSpec(LABELS, (16, 24), resize="letterbox")
ALL = ("classes", "instances", "labels", "points")
LEFT_AND_RIGHT = Skeleton(("left", "right"), pairs=(("left", "right"),))


def save(path, pixels):
    Image.fromarray(np.asarray(pixels)).save(path)
    return path


def parts_of(mask, *parts):
    found = read_parts(Sample("a", "a.jpg", mask), parts, LABELS.num_classes)
    return [getattr(found, part).tolist() for part in parts]


def test_numbered_objects_keep_their_numbers(tmp_path):
    path = save(tmp_path / "mask.png", np.uint16([[0, 7, 900, 1000, 2001]]))
    classes, instances = parts_of(InstanceMask(path), "classes", "instances")
    assert classes == [[0, 1, 1, 1, 1]] and instances == [[0, 7, 900, 1000, 2001]]
    # Of class 0, or a class without the number of an object: no object.
    classes, instances = parts_of(InstanceMask(path, divisor=1000), "classes", "instances")
    assert classes == [[0, 0, 0, 1, 2]] and instances == [[0, 0, 0, 0, 2001]]


def test_a_picture_of_each_object_is_an_instance_and_classes_may_overlap(tmp_path):
    first = save(tmp_path / "first.png", np.uint8([[0, 255, 255, 0]]))
    second = save(tmp_path / "second.png", np.uint8([[0, 0, 1, 1]]))
    pictures = ((first, 1), (second, 2))
    classes, instances, labels = parts_of(MergedMasks(pictures, are_objects=True), *ALL[:3])
    assert classes == instances == [[0, 1, 2, 2]]
    assert labels == [[[0, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1]]]
    assert parts_of(MergedMasks(pictures), "labels") == [labels]


def test_labels_are_of_the_classes_that_values_are_translated_to(tmp_path):
    """As those of a data set are whose classes a model has in another order."""
    runs = ((1, (0, 1, 1)), (2, (0, 2)))
    sample = Sample("a", "a.jpg", CocoMask(tmp_path / "a.json", (1, 2), runs))
    swapped = replace(sample, mask_values={0: 0, 1: 2, 2: 1})
    for one, expected in ((sample, [[0, 1, 1], [0, 0, 1]]), (swapped, [[0, 1, 1], [0, 1, 0]])):
        assert read_parts(one, ("labels",), 3).labels.tolist() == [expected]


def test_outlined_objects_are_instances_and_crowds_are_none(tmp_path):
    runs = ((255, (0, 2, 4)), (1, (0, 1, 5)), (1, (4, 2)))
    mask = CocoMask(tmp_path / "a.json", (2, 3), runs)
    classes, instances, labels = parts_of(mask, *ALL[:3])
    assert classes == [[1, 0, 1], [255, 0, 1]]
    assert instances == [[2, 0, 3], [0, 0, 3]]
    assert labels[1][0] == [255, 255, 255] and labels[0][0] == [255, 1, 255]


@dataclass(frozen=True)
class Figures:
    """Some people at known places: a reader that has every part."""

    count: int
    size: tuple = (32, 48)
    files = ()

    def read(self):
        return self.read_parts(("classes",), 3).classes

    def read_parts(self, parts, num_classes):
        instances = np.zeros(self.size, np.uint16)
        for number in range(1, self.count + 1):
            instances[8 * number : 8 * number + 6, 10:30] = 100 * number
        classes = (instances > 0).astype(np.uint8)
        points = [[[10, 8 * n, 2], [29, 8 * n + 5, 1]] for n in range(1, self.count + 1)]
        return Annotation(
            classes,
            instances,
            np.stack([classes] * num_classes, axis=-1),
            np.array(points, float).reshape(self.count, 2, 3),
        )


@pytest.fixture
def samples(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(np.uint8)
    image = save(tmp_path / "image.png", pixels)
    return [Sample(f"{count}", image, Figures(count)) for count in (2, 0, 3)]


def read_all(data):
    return data.read(tf.range(len(data)))


@pytest.mark.parametrize("parts", [ALL, ("instances",), ("points",), ("classes", "labels")])
def test_identities_survive_the_cache(samples, tmp_path, parts, monkeypatch):
    in_memory = load_arrays(samples, SPEC, parts=parts)
    stored = load_files(samples, SPEC, tmp_path / "cache", parts=parts)
    monkeypatch.setattr(cache_module, "fitted_sample", None)  # nothing is decoded again
    found_again = load_files(samples, SPEC, tmp_path / "cache", parts=parts)
    for data in (in_memory, stored, found_again):
        _, annotation = read_all(data)
        assert [part for part in ALL if getattr(annotation, part) is not None] == list(parts)
        if "instances" in parts:
            assert annotation.instances.dtype == tf.int32
            numbers = [sample.mask.read_parts(ALL, 3).instances for sample in samples]
            expected = [fit_mask(one, SPEC.resize, SPEC.size, 0) for one in numbers]
            np.testing.assert_array_equal(annotation.instances, expected)
        for part, same in zip(annotation, read_all(in_memory)[1], strict=True):
            if part is not None:
                np.testing.assert_array_equal(part, same)
    if "points" in parts:
        assert annotation.points.shape == (3, 3, 2, 3)
        assert (annotation.points.numpy()[..., 2] > 0).sum(axis=(1, 2)).tolist() == [4, 0, 6]


def test_other_parts_are_other_entries_and_damaged_points_are_read_again(samples, tmp_path):
    folder = tmp_path / "cache"
    entries = {
        load_files(samples[:1], SPEC, folder, parts=parts).files
        for parts in (("classes",), ("classes", "points"), ("instances", "points"), ("points",))
    }
    assert len(entries) == 4
    data = load_files(samples[:1], SPEC, folder, parts=ALL)
    (path,) = data.files
    path.write_bytes(path.read_bytes()[:-5])
    again = load_files(samples[:1], SPEC, folder, parts=ALL)
    np.testing.assert_array_equal(again.points, data.points)


@pytest.mark.parametrize("rule", RESIZE_RULES)
def test_points_are_brought_to_size_as_maps_are(rule):
    size, image_size = (24, 40), (30, 30)
    row, column = np.indices(image_size)
    points = np.stack([column, row, np.ones(image_size)], axis=-1).reshape(1, -1, 3)
    fitted = fit_points(points.astype(np.float32), rule, image_size, size)[0]
    numbers = fit_mask(row * 30 + column + 1, rule, size, 0)
    is_there = fitted[:, 2] > 0
    x, y = np.floor(fitted[is_there, :2] + 0.5).astype(int).T
    found = numbers[y, x] - 1
    expected = np.arange(900)[is_there]
    assert np.abs(found // 30 - expected // 30).max() <= 1
    assert np.abs(found % 30 - expected % 30).max() <= 1
    assert set(numbers[numbers > 0] - 1) <= set(expected)


def test_parts_that_a_mask_does_not_tell_are_refused(tmp_path, samples):
    path = save(tmp_path / "mask.png", np.zeros((32, 48), np.uint8))
    for mask in (path, MergedMasks(((path, 1),))):
        sample = Sample("a", samples[0].image, mask)
        with pytest.raises(DataError, match=r"tells instances\. Received: .*mask\.png"):
            load_arrays([sample], SPEC, parts=("classes", "instances"))
    with pytest.raises(ValueError, match=r"out of classes, .*Received: depth"):
        load_data(samples, SPEC, parts=("depth",))
    with pytest.raises(ValueError, match="Received: none"):
        ordered_parts(())


def test_targets_are_made_of_what_augmentation_has_moved(samples):
    data = load_arrays(samples, SPEC, parts=ALL)

    def targets(annotation):
        return {"count": tf.reduce_sum(annotation.points[..., 2], axis=(1, 2)), **annotation.maps}

    settings = Augmentation(flip_horizontal=True, rotation=10)
    options = {"targets": targets, "skeleton": LEFT_AND_RIGHT}
    (images, moved), *_ = training_batches(data, 3, 0, 1, settings, **options)
    assert images.shape == (3, 16, 24, 3)
    assert sorted(moved) == ["classes", "count", "instances", "labels"]
    inside = moved["classes"] != IGNORE_CLASS
    np.testing.assert_array_equal(moved["instances"][inside] > 0, moved["classes"][inside] == 1)
    (_, plain), *_ = validation_batches(data, 3, targets)
    assert plain["count"].numpy().tolist() == [6, 0, 9]
