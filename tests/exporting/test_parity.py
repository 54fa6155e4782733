"""The figures that come with an export."""

import json
from dataclasses import replace

import numpy as np
import pytest
from export_examples import LABELS, small_model
from PIL import Image

import segtf
from segtf.comparing.run_images import run_source
from segtf.comparing.side_by_side import side_by_side
from segtf.data import load_source
from segtf.exporting import ExportError, parity
from segtf.resources import usable_cores
from segtf.runs import Run


def test_iou_is_that_of_the_evaluation(run_exports, dark_run):
    source = run_source(dark_run, "val", 100)
    for export in run_exports.values():
        trained, exported = export.report.rows
        assert export.report.labelled == len(source.samples)
        for row, model in ((trained, dark_run), (exported, export.path)):
            assert 0.1 < row.mean_iou < 1
            expected = segtf.evaluate(model, source, split="all", outlines=False).summary()
            assert row.mean_iou == pytest.approx(expected["mean_iou"], abs=1e-12)
        assert export.iou_drop == pytest.approx(100 * (trained.mean_iou - exported.mean_iou))


def test_agreement_and_difference_are_those_of_the_masks(run_exports, dark_run):
    source = run_source(dark_run, "val", 100)
    images = [sample.image for sample in source.samples]
    one, other = segtf.load(dark_run), segtf.load(run_exports["tflite"].path)
    same = [(one(image).mask == other(image).mask).ravel() for image in images]
    assert run_exports["tflite"].agreement == pytest.approx(np.concatenate(same).mean())
    pixels = np.stack([one.canvas(image) for image in images])
    logits = [predict.backend(pixels)["logits"] for predict in (one, other)]
    difference = np.abs(logits[0] - logits[1]).max()
    assert run_exports["tflite"].max_difference == pytest.approx(difference, rel=0.01)


def test_the_files_of_the_report(run_exports):
    export = run_exports["tflite-int8"]
    folder, name = export.path.parent, f"{export.path.name}.parity"
    report = json.loads((folder / f"{name}.json").read_text())
    trained, exported = report["models"]
    assert trained["format"] == "keras"
    assert exported["size_in_bytes"] == export.path.stat().st_size
    assert 0 < exported["speed"]["p50_ms"] <= exported["speed"]["p95_ms"]
    assert exported["speed"]["threads"] == usable_cores()
    assert 1e5 < exported["speed"]["peak_memory"] < 1e9
    assert set(report["calibration"]["classes"]) == {"skin", "lesion"}
    assert (folder / "labels.txt").read_text() == "skin\nlesion\n"
    table = (folder / f"{name}.md").read_text().splitlines()
    assert len({line.count("|") for line in table}) == 1
    assert len(table) == 4
    with Image.open(folder / f"{name}.png") as picture:
        assert picture.size[0] > 5 * 256


def test_too_much_iou_lost_fails_and_leaves_nothing(dark_run, tmp_path, monkeypatch):
    def two_points_less(predictors, examples):
        found = side_by_side(predictors, examples)
        keras, exported = found.figures
        worse = replace(exported, mean_iou=keras.mean_iou - 0.02)
        return replace(found, figures=(keras, worse))

    monkeypatch.setattr(parity, "side_by_side", two_points_less)
    with pytest.raises(ExportError, match=r"at most 1.5 points of mean IoU.*Received: 2.00 points"):
        segtf.export(dark_run, tmp_path, "tflite", max_iou_drop=1.5, speed=False)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match=r"Expected labelled images.*Received: generated images"):
        segtf.export(small_model(), tmp_path, "tflite", max_iou_drop=0.7)


def test_where_deciding_at_the_models_size_costs_too_much_logits_are_named(
    dark_run, tmp_path, monkeypatch
):
    def worse_if_class_ids(predictors, examples):
        found = side_by_side(predictors, examples)
        keras, exported = found.figures
        if not found.labelled:  # the choice on calibration images
            return found
        lost = 0.02 if "class_ids" in predictors[1].backend.heads else 0.0
        return replace(found, figures=(keras, replace(exported, mean_iou=keras.mean_iou - lost)))

    monkeypatch.setattr(parity, "side_by_side", worse_if_class_ids)
    wanted = (
        r"Received: 2.00 points.*\. tflite-int8 that gives logits keeps to its limits: "
        r".*%.* of the pixels agree, 0.00 points are lost$"
    )
    with pytest.raises(ExportError, match=wanted):
        segtf.export(dark_run, tmp_path, "tflite-int8", max_iou_drop=1.5, speed=False)
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_a_run_is_compared_on_a_data_set(synthetic_folder, tmp_path):
    source = load_source("synthetic", synthetic_folder)
    export = segtf.export(small_model(), tmp_path, "tflite", source=source, max_iou_drop=0.7)
    assert export.report.labelled == len(source.samples)
    assert segtf.load(export.path).spec.labels.names == source.labels.names
    with pytest.raises(ValueError, match="Expected data of the model's 3 classes"):
        segtf.export(small_model(logits=3), tmp_path, "tflite", source=source, labels=LABELS[3])


@pytest.mark.parametrize("kind", ["model", "file"])
def test_int8_of_a_model_of_ones_own_and_a_data_set(synthetic_folder, tmp_path, kind):
    source, model = load_source("synthetic", synthetic_folder), small_model()
    if kind == "file":
        model.save(tmp_path / "own.keras")
        model = tmp_path / "own.keras"
    export = segtf.export(model, tmp_path, "tflite-int8", source=source, speed=False)
    assert export.report.details["calibration"] == {"images": 6, "classes": ["skin", "lesion"]}
    assert export.report.labelled == 6
    assert segtf.load(export.path).spec.labels.names == ("skin", "lesion")


def test_the_best_model_of_a_run_keeps_the_labels_of_the_run(dark_run, synthetic_folder, tmp_path):
    source = load_source("synthetic", synthetic_folder)
    source = replace(source, labels=replace(source.labels, names=("background", "foreground")))
    export = segtf.export(Run(dark_run).best_model, tmp_path, "tflite", source=source, speed=False)
    assert segtf.load(export.path).spec.labels.names == ("skin", "lesion")
