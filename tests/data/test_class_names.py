"""Classes of data and model, matched by name."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import segtf
from segtf.comparing.benchmark import benchmark
from segtf.data import LabelMap, Sample, load_source, match_classes, with_classes_of
from segtf.data.masks import read_class_ids

NAMES = st.lists(
    st.sampled_from(["road", "Sky", "bi cycle", "tree-top", "car", "class_1", "3"]),
    min_size=3,
    max_size=6,
    unique=True,
)


@pytest.mark.parametrize(
    ("data", "model", "places"),
    [
        ("sky road car", "road sky car", (1, 0, 2)),
        ("Sky ROAD c-ar", "road sky car", (1, 0, 2)),
        ("traffic_light bike sky", "sky TrafficLight bike", (1, 2, 0)),
        ("car sky", "sky road car tree", (2, 0)),
        ("_background_ cat dog", "background dog cat", (0, 2, 1)),
        ("unlabeled cat dog", "background dog cat", (0, 2, 1)),
        ("skin cat dog", "bg dog cat bird", (0, 2, 1)),
        # Two classes: what is not foreground goes by many names.
        ("skin lesion", "background Lesion", (0, 1)),
        ("healthy lesion", "skin lesion", (0, 1)),
        ("lesion skin", "skin lesion", (1, 0)),
        # Names that are made up.
        ("background foreground", "skin lesion", (0, 1)),
        ("skin lesion", "class_0 class_1", (0, 1)),
        ("1 2 3", "sky road car", (0, 1, 2)),
        ("1 2 3", "0 1 2", (0, 1, 2)),
        ("background class_1 class_2", "background cat dog", (0, 1, 2)),
        ("cat Cat", "Cat cat", (1, 0)),
    ],
)
def test_classes_are_matched_by_name(data, model, places):
    assert match_classes(LabelMap(data.split()), LabelMap(model.split())) == places


@pytest.mark.parametrize(
    ("data", "model"),
    [
        ("sky road tree", "sky road car"),
        ("skin mole", "skin lesion"),
        ("background cell", "background nucleus"),
        ("background foreground", "background cat dog"),
        ("skin lesion hair", "skin lesion"),
        ("class_0 class_1", "sky road car"),
        ("cat Cat CAT", "cat caT dog"),
        ("sky road class_1", "sky road car"),
    ],
)
def test_what_cannot_be_matched_is_refused_with_both_lists(data, model):
    with pytest.raises(ValueError, match=r"Expected .*Received: ") as refused:
        match_classes(LabelMap(data.split()), LabelMap(model.split()))
    for name in (*data.split(), *model.split()):
        assert name in str(refused.value)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(NAMES, st.randoms(use_true_random=False))
def test_another_order_is_undone(names, random):
    data = random.sample(names, len(names))
    places = match_classes(LabelMap(tuple(data)), LabelMap(tuple(names)))
    assert [names[place] for place in places] == data


@pytest.fixture(scope="module")
def grey_steps():
    """Classes 0, 1 and 2 by how bright a pixel is: a model whose answers are known."""
    pixels = keras.Input((16, 16, 3))
    layer = keras.layers.Conv2D(3, 1)
    model = keras.Model(pixels, layer(pixels))
    weights = np.zeros((1, 1, 3, 3))
    weights[0, 0, 0] = [0.0, 1.0, 2.0]
    layer.set_weights([weights, np.array([0.0, -60.0, -240.0])])
    return model


def write_steps(folder, names, values):
    """Images with a dark, a grey and a bright part, and masks that hold `values` for them."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for index in range(3):
        ids = np.zeros((16, 16), np.uint8)
        ids[4 + index : 10], ids[10:] = 1, 2
        grey = np.array([0, 120, 255], np.uint8)[ids]
        Image.fromarray(np.stack([grey] * 3, axis=-1)).save(folder / "images" / f"{index}.png")
        mask = np.array(values, np.uint8)[ids]
        mask[0] = 255
        Image.fromarray(mask).save(folder / "masks" / f"{index}.png")
    (folder / "classes.txt").write_text("\n".join(names) + "\n")
    return load_source("folder", folder)


def test_figures_are_the_same_in_any_order_of_the_classes(grey_steps, tmp_path):
    labels = LabelMap(("sky", "road", "car"))
    plain = write_steps(tmp_path / "plain", labels.names, (0, 1, 2))
    turned = write_steps(tmp_path / "turned", ("Car", "sky", "ROAD"), (1, 2, 0))
    more = LabelMap(("tree", *labels.names))
    predict = segtf.load(grey_steps, labels=labels)
    first, second = (segtf.evaluate(predict, source) for source in (plain, turned))
    assert first.summary()["mean_dice"] == 1.0
    assert (first.matrix == second.matrix).all()
    assert second.summary()["per_class"].keys() == {"sky", "road", "car"}
    assert with_classes_of(plain, labels).samples == plain.samples
    ids = [read_class_ids(sample, more) for sample in with_classes_of(turned, more).samples]
    assert [np.unique(array).tolist() for array in ids] == [[1, 2, 3, 255]] * 3


def test_an_export_is_compared_by_name(grey_steps, tmp_path):
    labels = LabelMap(("sky", "road", "car"))
    turned = write_steps(tmp_path / "turned", ("car", "sky", "road"), (1, 2, 0))
    exported = segtf.export(
        grey_steps, tmp_path / "out", "tflite-int8", labels, source=turned, speed=False
    )
    assert exported.report.rows[0].mean_iou == 1.0
    assert exported.report.details["calibration"]["classes"] == ["sky", "road", "car"]
    other = replace(turned, labels=LabelMap(("sky", "road", "boat")))
    with pytest.raises(ValueError, match=r"sky, road, car.*Received: sky, road, boat"):
        segtf.export(grey_steps, tmp_path / "other", "tflite", labels, source=other)
    assert not (tmp_path / "other").exists()


def test_models_side_by_side_have_their_classes_in_one_order(grey_steps, tmp_path):
    paths = []
    for names in (("sky", "road", "car"), ("road", "sky", "car")):
        labels = LabelMap(names)
        folder = tmp_path / names[0]
        paths.append(segtf.export(grey_steps, folder, "tflite", labels, speed=False).path)
    with pytest.raises(ValueError, match=r"order of .*sky, road, car.*Received: .*road, sky, car"):
        benchmark(paths, runs=5)


@pytest.mark.parametrize("names", [("skin", "hair"), ("lesion", "skin")])
def test_a_run_goes_on_only_with_its_classes_in_their_order(small_run, synthetic_folder, names):
    source = load_source("synthetic", synthetic_folder)
    other = replace(source, labels=LabelMap(names))
    with pytest.raises(ValueError, match=rf"skin, lesion.*Received: {', '.join(names)}"):
        segtf.resume(small_run.path, other, on_message=lambda line: None)


def test_values_that_are_translated_already_are_translated_on():
    values = {0: 0, 7: 1, 9: 255}
    samples = (Sample("a", "a.png", "a.png", mask_values=values),)
    source = segtf.data.Source("set", samples, LabelMap(("skin", "lesion")))
    labels = LabelMap(("hair", "lesion", "skin"), ignore_class=250)
    assert with_classes_of(source, labels).samples[0].mask_values == {0: 2, 7: 1, 9: 250}


def test_a_model_without_ignore_class_is_measured_without_ignored_pixels(tmp_path, grey_steps):
    labels = LabelMap(("sky", "road", "car"), ignore_class=None)
    source = write_steps(tmp_path / "data", labels.names, (0, 1, 2))
    found = segtf.evaluate(segtf.load(grey_steps, labels=labels), source, out=tmp_path / "out")
    assert found.matrix.sum() == 3 * 15 * 16
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["mean_dice"] == 1.0
