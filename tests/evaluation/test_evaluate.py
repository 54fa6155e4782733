import csv
import json

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import f1_score, jaccard_score

import segtf
from segtf.data import LabelMap, load_source


@pytest.fixture(scope="module")
def red_model():
    """Class 1 wherever red is above 100: a model whose answers are known."""
    pixels = keras.Input((48, 64, 3))
    red = keras.layers.Conv2D(1, 1, kernel_initializer="zeros")
    model = keras.Model(pixels, red(pixels))
    red.set_weights([np.array([1.0, 0.0, 0.0]).reshape(1, 1, 3, 1), np.array([-100.0])])
    return model


@pytest.fixture
def red_folder(tmp_path):
    """Two pictures with a red square; the second's mask is a shifted square."""
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for name, shift in (("exact", 0), ("shifted", 8)):
        image = np.zeros((48, 64, 3), np.uint8)
        image[10:30, 10:40, 0] = 200
        mask = np.zeros((48, 64), np.uint8)
        mask[10:30, 10 + shift : 40 + shift] = 1
        mask[0, :] = 255
        Image.fromarray(image).save(tmp_path / "images" / f"{name}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"{name}.png")
    return tmp_path


def test_figures_are_those_of_scikit_learn(red_model, red_folder, tmp_path):
    found = segtf.evaluate(red_model, load_source("folder", red_folder), out=tmp_path / "report")
    truth = np.zeros((48, 64), bool)
    truth[10:30, 18:48] = True
    predicted = np.zeros((48, 64), bool)
    predicted[10:30, 10:40] = True
    assert found.ids == ("exact", "shifted")
    assert found.image_dice == pytest.approx(
        [1.0, f1_score(truth[1:].ravel(), predicted[1:].ravel())]
    )
    assert found.image_iou[1] == pytest.approx(
        jaccard_score(truth[1:].ravel(), predicted[1:].ravel())
    )
    assert found.matrices[0].sum() == 47 * 64


def test_the_report_holds_the_figures(red_model, red_folder, tmp_path):
    found = segtf.evaluate(red_model, load_source("folder", red_folder), out=tmp_path / "report")
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text())
    with (tmp_path / "report" / "images.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert metrics["mean_dice"] == pytest.approx(found.image_dice.mean())
    assert metrics["mean_iou"] == pytest.approx(found.image_iou.mean())
    assert metrics["per_class"].keys() == {"background", "foreground"}
    assert [row["id"] for row in rows] == ["exact", "shifted"]
    assert float(rows[0]["dice"]) == 1.0
    assert Image.open(tmp_path / "report" / "overlays.png").width > 256


def test_a_run_is_evaluated_on_what_it_did_not_train_on(small_run):
    found = segtf.evaluate(small_run.path)
    assert list(found.ids) == small_run.split()["val"]
    assert (small_run.report / "images.csv").is_file()


def test_several_classes_pool_the_pixels(tmp_path):
    pixels = keras.Input((8, 8, 3))
    model = keras.Model(pixels, keras.layers.Conv2D(3, 1, kernel_initializer="zeros")(pixels))
    model.layers[-1].set_weights([np.zeros((1, 1, 3, 3)), np.array([0.0, 1.0, 0.0])])
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for index in range(2):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "images" / f"{index}.png")
        mask = np.full((8, 8), 1, np.uint8)
        mask[: 4 * index] = 0
        Image.fromarray(mask).save(tmp_path / "masks" / f"{index}.png")
    (tmp_path / "classes.txt").write_text("a\nb\nc\n")
    labels = LabelMap(("a", "b", "c"))
    summary = segtf.evaluate(model, load_source("folder", tmp_path), labels=labels).summary()
    assert summary["per_class"]["c"] == {"dice": None, "iou": None}
    assert summary["mean_iou"] == pytest.approx((0.0 + 96 / 128) / 2)


def test_what_does_not_fit_is_refused(red_model, red_folder, small_run):
    source = load_source("folder", red_folder)
    with pytest.raises(ValueError, match="Expected a source"):
        segtf.evaluate(red_model)
    with pytest.raises(ValueError, match=r"split out of .*Received: 'test'"):
        segtf.evaluate(small_run.path, split="test")
    with pytest.raises(ValueError, match=r"Received: .*3"):
        pixels = keras.Input((8, 8, 3))
        model = keras.Model(pixels, keras.layers.Conv2D(3, 1)(pixels))
        segtf.evaluate(model, source)
