"""The whole way of a multi-label model: trained, exported, asked by every client."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import segtf
from segtf.cli import cli
from segtf.data import load_source
from segtf.inference.truth import read_truth
from segtf.spec import ModelSpec
from segtf.task_settings import MultilabelSettings, task_settings
from segtf.training.config import TrainConfig
from segtf.training.train import train

THRESHOLDS = (0.4, 0.55, 0.3)


@pytest.fixture(scope="module")
def predict(shapes_run):
    return segtf.load(shapes_run)


@pytest.fixture(scope="module")
def images(shapes):
    return sorted(shapes.glob("images/*.jpg"))[:3]


def test_a_run_names_its_task_and_a_threshold_for_each_class(shapes_run):
    written = json.loads((shapes_run.path / "spec.json").read_text())
    assert written["task"]["name"] == "multilabel" and len(written["task"]["thresholds"]) == 3
    assert shapes_run.config()["training"]["task"] == "multilabel"
    assert {"mean_dice", "val_mean_iou"} <= set(shapes_run.history()[-1])
    spec = shapes_run.spec()
    assert task_settings(spec.task.to_dict()) == spec.task
    with pytest.raises(ValueError, match="3 thresholds"):
        ModelSpec(spec.labels, (32, 32), task=MultilabelSettings((0.5,)))
    mean = MultilabelSettings.mean([MultilabelSettings((0.2,)), MultilabelSettings((0.6,))])
    assert mean.thresholds == pytest.approx((0.4,))


def test_an_answer_has_a_mask_for_each_class_that_fits_the_truth(predict, images, shapes):
    prediction = predict(images[0])
    assert prediction.names == tuple(prediction.masks) == ("disc", "ring", "bar")
    assert prediction.mask.shape == (48, 64, 3)
    chances = prediction.probabilities
    np.testing.assert_array_equal(prediction.mask, chances >= np.float32(THRESHOLDS))
    sample = load_source("folder", shapes).samples[0]
    _, truth = read_truth(sample, predict.spec)
    assert truth.shape == prediction.mask.shape
    assert not np.array_equal(truth[..., 0], truth[..., 1])


@pytest.mark.parametrize("format", ["tflite", "tflite-int8", "onnx"])
def test_files_for_devices_say_the_same(predict, shapes_run, images, tmp_path, format):
    exported = segtf.export(shapes_run, tmp_path, format, speed=False)
    assert exported.agreement > 0.95
    (spec,) = tmp_path.glob("*.spec.json")
    about = json.loads(spec.read_text())
    is_decided = format == "tflite-int8"
    assert about["output"]["gives"] == ("labels" if is_decided else "logits")
    assert about["task"]["thresholds"] == list(THRESHOLDS)
    loaded = segtf.load(exported.path)
    same = loaded(images[0]).mask == predict(images[0]).mask
    assert same.mean() > (0.9 if is_decided else 0.999)
    assert (loaded(images[0]).confidence is None) == is_decided
    if is_decided:
        with pytest.raises(ValueError, match="labels only"):
            _ = loaded(images[0]).probabilities
        with pytest.raises(ValueError, match="class_ids"):
            segtf.export(shapes_run, tmp_path, format, gives="class_ids")


def test_predict_writes_a_folder_for_each_class_that_is_a_data_set(
    predict, shapes_run, images, tmp_path
):
    command = ["predict", str(shapes_run.path), *map(str, images), "--out", str(tmp_path / "masks")]
    result = CliRunner().invoke(cli, [*command, "--probabilities", "--cutout"])
    assert result.exit_code == 0, result.output
    assert "disc" in result.output and "background" not in result.output
    for image in images:
        for name, mask in predict(image).masks.items():
            with Image.open(tmp_path / "masks" / name / f"{image.stem}.png") as written:
                np.testing.assert_array_equal(np.asarray(written), mask)
    assert (tmp_path / "masks/predictions.html").exists()
    assert len(list((tmp_path / "masks/probabilities").iterdir())) == 3
    (tmp_path / "images").mkdir()
    for image in images:
        (tmp_path / "images" / image.name).write_bytes(image.read_bytes())
    for folder in ("overlays", "probabilities", "cutouts"):
        for file in sorted((tmp_path / "masks" / folder).rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        (tmp_path / "masks" / folder).rmdir()
    again = load_source("folder", tmp_path)
    assert set(again.labels.names) == {"background", "disc", "ring", "bar"}
    assert len(again.samples) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"class_weights": "median-frequency"}, "class_weights"),
        ({"monitor": "val_pixel_accuracy"}, "monitor"),
    ],
)
def test_what_has_no_meaning_is_refused(shapes, tmp_path, settings, message):
    tiny = {"model": "unet", "model_settings": {"base_filters": 4, "depth": 1}, "size": (16, 16)}
    config = TrainConfig(task="multilabel", **tiny, **settings)
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "run", load_source("folder", shapes), config, on_message=lambda _: None)


def test_a_set_of_one_class_a_pixel_does_not_tell_what_overlaps(synthetic_folder, tmp_path):
    config = TrainConfig(task="multilabel", model="unet", size=(32, 32))
    with pytest.raises(ValueError, match="labels"):
        train(tmp_path / "run", load_source("folder", synthetic_folder), config)
