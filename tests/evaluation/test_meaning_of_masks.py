"""Evaluating a part of a set, or a run's data, reads the masks as the whole set or the run does."""

import keras
import numpy as np
import pytest
from PIL import Image

import segtf
from segtf.data import fingerprint, inspect_source, load_source
from segtf.runs import Run
from segtf.spec import ModelSpec

SIZE = (24, 24)


@pytest.fixture(scope="module")
def nothing():
    """A model that finds nothing."""
    image = keras.Input((*SIZE, 3))
    never = keras.initializers.Constant(-9.0)
    layer = keras.layers.Conv2D(1, 1, kernel_initializer="zeros", bias_initializer=never)
    return keras.Model(image, layer(image))


def write_set(folder, with_ones):
    """Three images to train on and two held out; the latter show 255 alone, beside 0."""
    lines = ["image,mask,split"]
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for index in range(5):
        mask = np.zeros(SIZE, np.uint8)
        mask[:6] = 255
        if index < 3 and with_ones:
            mask[12:18, 12:18] = 1
        rng = np.random.default_rng(index)
        pixels = rng.integers(0, 256, (*SIZE, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"images/{index}.png")
        Image.fromarray(mask).save(folder / f"masks/{index}.png")
        split = "train" if index < 3 else "val"
        lines.append(f"images/{index}.png,masks/{index}.png,{split}")
    (folder / "pairs.csv").write_text("\n".join(lines) + "\n")
    return load_source("folder", folder, pairs="pairs.csv")


@pytest.mark.parametrize(("with_ones", "objects"), [(True, 0), (False, 2 * 6 * 24)])
def test_a_split_is_read_as_the_whole_set_says(tmp_path, nothing, with_ones, objects):
    source = write_set(tmp_path, with_ones)
    held_out = segtf.evaluate(nothing, source, split="val")
    assert held_out.matrix[1].sum() == objects
    assert (held_out.summary()["mean_dice"] == 1.0) == with_ones
    everything = segtf.evaluate(nothing, source)
    assert everything.matrix[1].sum() == (3 * 36 if with_ones else 5 * 6 * 24)


def test_the_data_of_a_run_is_read_as_the_run_read_it(tmp_path, nothing):
    source, _ = inspect_source(write_set(tmp_path / "data", with_ones=True))
    spec = ModelSpec(source.labels, SIZE)
    splits = {name: list(ids) for name, ids in source.splits.items()}
    settings = {"data": dict(source.origin), "data_fingerprint": fingerprint(source)}
    run = Run.create(tmp_path / "run", settings, spec, splits)
    nothing.save(run.best_model)
    # By now the masks say nothing of class 1; the run knows what it was trained on.
    write_set(tmp_path / "data", with_ones=False)
    given = load_source("folder", tmp_path / "data", pairs="pairs.csv")
    for data in (None, given):
        assert segtf.evaluate(run.path, data, split="val").matrix[1].sum() == 0
        assert segtf.evaluate(run.path, data, split="all").matrix[1].sum() == 0
