"""Decoded samples in memory and in files: the same pixels, decoded once, killed and resumed."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from segtf.data import (
    AUGMENTATIONS,
    ArrayData,
    DataError,
    FileData,
    LabelMap,
    Sample,
    load_arrays,
    load_data,
    reading,
    training_batches,
)
from segtf.data import cache as cache_module
from segtf.data.cache import load_files
from segtf.geometry import resize_image, resize_mask
from segtf.spec import ModelSpec

SPEC = ModelSpec(LabelMap(("background", "cell")), (16, 24), resize="letterbox")


@pytest.fixture
def samples(tmp_path):
    rng = np.random.default_rng(0)
    listed = []
    for i in range(6):
        image, mask = tmp_path / f"{i}.png", tmp_path / f"{i}-mask.png"
        size = (30 + i, 40)
        Image.fromarray(rng.integers(0, 256, (*size, 3)).astype(np.uint8)).save(image)
        Image.fromarray(rng.integers(0, 2, size).astype(np.uint8)).save(mask)
        listed.append(Sample(f"{i}", image, mask))
    return listed


@pytest.fixture
def decoded(monkeypatch):
    """Names of the image files that are decoded."""
    names = []
    read = reading.read_pixels
    monkeypatch.setattr(
        reading,
        "read_pixels",
        lambda path, *rest: names.append(path.stem) or read(path, *rest),
    )
    return names


def read_all(data):
    images, annotation = data.read(tf.range(len(data)))
    return [images.numpy(), annotation.classes.numpy()]


def test_pixels_are_those_of_the_resize_rule(samples):
    data = load_arrays(samples, SPEC)
    assert data.ids == tuple("012345")
    for i, sample in enumerate(samples):
        image = resize_image(np.asarray(Image.open(sample.image)), SPEC.resize, SPEC.size).numpy()
        mask = resize_mask(np.asarray(Image.open(sample.mask)), SPEC.resize, SPEC.size, 255)
        assert np.abs(data.images[i].astype(int) - image).max() <= 1
        np.testing.assert_array_equal(data.masks[i], mask)


def test_files_hold_the_same_as_memory(samples, tmp_path):
    arrays, files = load_arrays(samples, SPEC), load_files(samples, SPEC, tmp_path / "cache")
    for one, other in zip(read_all(arrays), read_all(files), strict=True):
        np.testing.assert_array_equal(one, other)
    ones, others = (
        training_batches(data, 4, 0, 2, AUGMENTATIONS["light"]) for data in (arrays, files)
    )
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_each_sample_is_decoded_once(samples, tmp_path, decoded):
    load_files(samples, SPEC, tmp_path / "cache")
    assert sorted(decoded) == list("012345")
    load_files(samples[::-1], SPEC, tmp_path / "cache")
    assert len(decoded) == 6


def test_what_has_changed_is_decoded_anew(samples, tmp_path, decoded):
    load_files(samples, SPEC, tmp_path / "cache")
    decoded.clear()
    later = time.time_ns() + 10**9
    os.utime(samples[2].image, ns=(later, later))
    Image.fromarray(np.ones((34, 40), np.uint8)).save(samples[4].mask)
    data = load_files(samples, SPEC, tmp_path / "cache")
    assert sorted(decoded) == ["2", "4"]
    assert set(np.unique(read_all(data)[1][4])) == {1, 255}


def test_another_size_or_meaning_is_another_entry(samples, tmp_path, decoded):
    load_files(samples[:1], SPEC, tmp_path)
    swapped = Sample("0", samples[0].image, samples[0].mask, mask_values={0: 1, 1: 0})
    load_files([swapped], SPEC, tmp_path)
    load_files(samples[:1], ModelSpec(SPEC.labels, (16, 24), resize="crop"), tmp_path)
    load_files(samples[:1], ModelSpec(SPEC.labels, (24, 16), resize="letterbox"), tmp_path)
    assert decoded == ["0"] * 4


def test_a_damaged_entry_is_decoded_anew(samples, tmp_path, decoded):
    data = load_files(samples[:1], SPEC, tmp_path)
    expected = read_all(data)
    data.files[0].write_bytes(data.files[0].read_bytes()[:100])
    again = load_files(samples[:1], SPEC, tmp_path)
    assert decoded == ["0", "0"]
    np.testing.assert_array_equal(read_all(again)[0], expected[0])


def test_a_killed_process_leaves_what_it_has_decoded(samples, tmp_path, decoded):
    script = """
        import pathlib, sys, time
        from segtf.data import LabelMap, Sample
        from segtf.data import cache, reading
        from segtf.spec import ModelSpec

        folder = pathlib.Path(sys.argv[1])
        read = reading.read_pixels

        def stuck(path, channels):
            if path.stem in "345":
                print("stuck", flush=True)
                time.sleep(600)
            return read(path, channels)

        reading.read_pixels = stuck
        cache.usable_cores = lambda: 1
        samples = [Sample(f"{i}", folder / f"{i}.png", folder / f"{i}-mask.png") for i in range(6)]
        spec = ModelSpec(LabelMap(("background", "cell")), (16, 24), resize="letterbox")
        cache.load_files(samples, spec, folder / "cache")
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "stuck\n"
        process.send_signal(signal.SIGKILL)
    data = load_files(samples, SPEC, tmp_path / "cache")
    assert sorted(decoded) == ["3", "4", "5"]
    for one, other in zip(read_all(data), read_all(load_arrays(samples, SPEC)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_memory_or_files_by_size(samples, tmp_path, monkeypatch):
    needed = 6 * 16 * 24 * 4
    monkeypatch.setenv("SEGTF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache_module, "usable_memory", lambda: 2 * needed)
    assert isinstance(load_data(samples, SPEC), ArrayData)
    assert not (tmp_path / "cache").exists()
    monkeypatch.setattr(cache_module, "usable_memory", lambda: 2 * needed - 1)
    assert isinstance(load_data(samples, SPEC), FileData)
    assert (tmp_path / "cache").is_dir()


def test_a_sample_may_be_listed_twice(samples, tmp_path):
    twice = [samples[0], Sample("again", samples[0].image, samples[0].mask)]
    images, _ = read_all(load_files(twice, SPEC, tmp_path))
    np.testing.assert_array_equal(images[0], images[1])


def test_progress_counts_every_sample(samples, tmp_path):
    seen = []
    load_arrays(samples, SPEC, on_sample=lambda: seen.append(1))
    load_files(samples, SPEC, tmp_path, on_sample=lambda: seen.append(1))
    assert len(seen) == 12


@pytest.mark.parametrize("load", [load_arrays, lambda *args: load_files(*args, folder="unused")])
def test_broken_files_are_named(samples, load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    samples[1].image.write_bytes(samples[1].image.read_bytes()[:100])
    samples[3].mask.write_bytes(b"nothing")
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(samples[5].mask)
    with pytest.raises(DataError, match=r"1\.png.*3-mask\.png.*5\.png"):
        load(samples, SPEC)


def test_arrays_become_tensors_without_a_copy(samples):
    data = load_arrays(samples, SPEC)
    data.images[0] = 123
    images, _ = data.read(tf.constant([0]))
    assert (images.numpy() == 123).all()
