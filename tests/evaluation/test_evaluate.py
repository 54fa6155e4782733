import base64
import csv
import json
import re
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import f1_score, jaccard_score, roc_auc_score

import segtf
from segtf.cli.evaluate import _figures as figure_lines
from segtf.data import LabelMap, load_source, write_synthetic
from segtf.exporting.provenance import provenance
from segtf.runs import Run


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
    assert found.scores.true_pixels[0].sum() == 47 * 64


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


def test_the_data_of_a_run_is_known_by_its_content(small_run, synthetic_folder, tmp_path):
    held_out = small_run.split()["val"]
    moved = tmp_path / "elsewhere"
    shutil.copytree(synthetic_folder, moved)
    found = segtf.evaluate(small_run.path, load_source("folder", moved), out=tmp_path / "moved")
    assert (found.split, list(found.ids)) == ("val", held_out)
    for image in (moved / "images").iterdir():
        image.write_bytes(image.read_bytes() + b"other")
    found = segtf.evaluate(small_run.path, load_source("folder", moved), out=tmp_path / "other")
    assert (found.split, len(found.ids)) == ("all", 12)


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
    absent = summary["per_class"]["c"]
    assert (absent["dice"], absent["iou"], absent["iou_interval"]) == (None, None, [None, None])
    assert summary["mean_iou"] == pytest.approx((0.0 + 96 / 128) / 2)


def test_the_report_has_tables_that_agree(red_model, red_folder, tmp_path):
    segtf.evaluate(red_model, load_source("folder", red_folder), out=tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    tables = {path.stem: list(csv.DictReader(path.open())) for path in tmp_path.glob("*.csv")}
    assert tables.keys() == {"images", "classes", "image_classes", "thresholds"}
    assert list(tables["images"][0])[:3] == ["id", "dice", "iou"]
    foreground = tables["classes"][1]
    assert foreground["class"] == "foreground"
    for name in ("dice", "iou", "precision", "recall", "specificity"):
        assert float(foreground[name]) == pytest.approx(
            metrics["per_class"]["foreground"][name], abs=1e-6
        )
    hits = sum(
        int(row["true_positive"]) for row in tables["image_classes"] if row["class"] == "foreground"
    )
    assert hits == metrics["confusion_matrix"][1][1]
    at_half = tables["thresholds"][511]
    assert float(at_half["threshold"]) == 0.5
    assert float(at_half["dice"]) == pytest.approx(metrics["over_all_pixels"]["dice"], abs=1e-6)


def test_intervals_hold_the_figures_and_repeat(red_model, red_folder):
    for folder in ("images", "masks"):
        shutil.copy(red_folder / folder / "shifted.png", red_folder / folder / "third.png")
    source = load_source("folder", red_folder)
    first, second = (segtf.evaluate(red_model, source).summary() for _ in range(2))
    assert first == second
    for name in ("mean_dice", "mean_iou", "pixel_accuracy"):
        low, high = first["confidence_intervals"][name]
        assert low < first[name] < high
    low, high = first["per_class"]["foreground"]["iou_interval"]
    assert low < first["per_class"]["foreground"]["iou"] < high


@pytest.mark.parametrize("count", [1, 2])
def test_few_images_have_no_intervals(red_model, red_folder, tmp_path, capsys, count):
    source = load_source("folder", red_folder)
    source = replace(source, samples=source.samples[:count])
    found = segtf.evaluate(red_model, source, out=tmp_path / "report")
    summary = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert summary["confidence_intervals"]["mean_dice"] == [None, None]
    assert summary["confidence_intervals"]["absent"] == "fewer than 3 images"
    assert summary["per_class"]["foreground"]["iou_interval"] == [None, None]
    assert "Fewer than 3 images" in (tmp_path / "report" / "report.html").read_text()
    lines = list(figure_lines(found))
    assert any(
        line.startswith("mean Dice over images") and line.endswith("(95%: -, fewer than 3 images)")
        for line in lines
    )


def test_a_class_in_few_images_has_no_interval(tmp_path):
    pixels = keras.Input((8, 8, 3))
    model = keras.Model(pixels, keras.layers.Conv2D(3, 1, kernel_initializer="zeros")(pixels))
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for index in range(5):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "images" / f"{index}.png")
        mask = np.full((8, 8), index % 2, np.uint8)
        mask[0] = 2 * (index < 3)
        Image.fromarray(mask).save(tmp_path / "masks" / f"{index}.png")
    (tmp_path / "classes.txt").write_text("a\nb\nc\n")
    classes = segtf.evaluate(model, load_source("folder", tmp_path)).summary()["per_class"]
    assert classes["b"]["images"] == 2 and classes["b"]["iou_interval"] == [None, None]
    assert None not in classes["a"]["iou_interval"] + classes["c"]["iou_interval"]


def test_images_of_ignored_pixels_count_nowhere(red_model, red_folder, tmp_path):
    for folder in ("images", "masks"):
        shutil.copy(red_folder / folder / "shifted.png", red_folder / folder / "hidden.png")
    source = load_source("folder", red_folder)
    without = replace(source, samples=source.samples[:1] + source.samples[2:])
    expected = segtf.evaluate(red_model, without).summary()
    Image.fromarray(np.full((48, 64), 255, np.uint8)).save(red_folder / "masks" / "hidden.png")
    found = segtf.evaluate(red_model, source, out=tmp_path / "report")
    assert np.isnan(found.image_dice).tolist() == [False, True, False]
    summary = found.summary()
    for name in ("mean_dice", "mean_iou", "pixel_accuracy", "mean_over_images", "per_class"):
        assert summary[name] == expected[name]
    assert (summary["images"], summary["images_ignored"]) == (3, 1)
    rows = list(csv.DictReader((tmp_path / "report" / "images.csv").open()))
    assert [row["dice"] == "" for row in rows] == [False, True, False]


def test_a_set_of_ignored_pixels_has_no_figures(red_model, red_folder, tmp_path):
    for path in (red_folder / "masks").iterdir():
        Image.fromarray(np.full((48, 64), 255, np.uint8)).save(path)
    source = load_source("folder", red_folder)
    source = replace(
        source, samples=[replace(one, mask_values={255: 255}) for one in source.samples]
    )
    found = segtf.evaluate(red_model, source, out=tmp_path / "report")
    summary = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert summary["mean_dice"] is summary["mean_iou"] is summary["pixel_accuracy"] is None
    assert summary["images_ignored"] == 2
    assert (tmp_path / "report" / "report.html").is_file()
    assert any("every pixel is ignored" in line for line in figure_lines(found))


def test_hidden_outlines_are_said(red_model, red_folder, tmp_path):
    path = red_folder / "masks" / "exact.png"
    mask = np.zeros((48, 64), np.uint8)
    mask[5:35, 5:45] = 255
    mask[15:25, 15:35] = 1
    Image.fromarray(mask).save(path)
    found = segtf.evaluate(red_model, load_source("folder", red_folder), out=tmp_path)
    assert np.isnan(found.image_outlines.boundary_f).tolist() == [True, False]
    assert found.summary()["outlines"]["images_hidden"] == 1
    assert "In 1 of 2 images" in (tmp_path / "report.html").read_text()
    assert any(line.startswith("1 images with outlines") for line in figure_lines(found))


def test_outlines_are_those_of_the_shift(red_model, red_folder):
    found = segtf.evaluate(red_model, load_source("folder", red_folder))
    assert found.image_outlines.hausdorff_95 == pytest.approx([0.0, 8.0])
    assert found.image_outlines.boundary_f[0] == 1.0
    assert 0.0 < found.image_outlines.boundary_f[1] < 1.0
    assert found.summary()["outlines"]["hausdorff_95"] == pytest.approx(4.0)
    without = segtf.evaluate(red_model, load_source("folder", red_folder), outlines=False)
    assert "outlines" not in without.summary()


def test_probabilities_are_swept_at_the_images_own_size(red_model, red_folder):
    found = segtf.evaluate(red_model, load_source("folder", red_folder), threshold=0.7)
    truth, red = [], []
    for name in found.ids:
        mask = np.asarray(Image.open(red_folder / "masks" / f"{name}.png"))
        image = np.asarray(Image.open(red_folder / "images" / f"{name}.png"))
        truth.append(mask[mask != 255])
        red.append(image[mask != 255][:, 0])
    summary = found.summary()
    assert summary["roc_auc"] == pytest.approx(
        roc_auc_score(np.concatenate(truth), np.concatenate(red))
    )
    assert summary["threshold"]["used"] == 0.7
    # The model is certain everywhere, so that its calibration error is its share of errors.
    assert summary["expected_calibration_error"] == pytest.approx(
        1.0 - summary["pixel_accuracy"], abs=1e-6
    )


def test_the_page_is_in_one_file_with_the_worst_case_first(red_model, red_folder, tmp_path):
    segtf.evaluate(red_model, load_source("folder", red_folder), out=tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert page.index("<h3>shifted") < page.index("<h3>exact")
    sources = re.findall(r'(?:src|href)="([^"]{0,20})', page)
    assert len(sources) > 8
    assert all(source.startswith("data:image/") for source in sources)
    for word in ("Confusion matrix", "ROC", "95% intervals"):
        assert word in page


def test_names_are_text_in_the_page(red_model, red_folder, tmp_path):
    for folder in ("images", "masks"):
        (red_folder / folder / "exact.png").rename(red_folder / folder / "<b>&.png")
    (red_folder / "classes.txt").write_text("skin\n<i>mole $\\frac$\n")
    segtf.evaluate(red_model, load_source("folder", red_folder), out=tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    assert "&lt;b&gt;&amp;" in page and "&lt;i&gt;mole" in page
    assert "<b>&" not in page and "<i>mole" not in page


def test_several_classes_have_a_report(tmp_path):
    pixels = keras.Input((32, 32, 3))
    model = keras.Model(pixels, keras.layers.Conv2D(3, 1, kernel_initializer="zeros")(pixels))
    write_synthetic(tmp_path, count=3, size=(32, 32))
    source = load_source("folder", tmp_path)
    labels = LabelMap(("a", "b", "c"))
    source = replace(source, labels=labels)
    found = segtf.evaluate(model, source, labels=labels, out=tmp_path / "out", outlines=True)
    summary = found.summary()
    assert "threshold" not in summary and "roc_auc" not in summary
    assert summary["expected_calibration_error"] >= 0
    assert not (tmp_path / "out" / "thresholds.csv").exists()
    assert (tmp_path / "out" / "report.html").is_file()
    # Every pixel is taken for class 0: nothing to measure class 1 from.
    assert summary["per_class"]["b"]["hausdorff_95"] is None
    assert summary["per_class"]["b"]["boundary_f"] == 0.0


def test_pixels_that_a_crop_leaves_out_count_as_background(red_model, tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    image = np.full((48, 128, 3), 200, np.uint8)
    Image.fromarray(image).save(tmp_path / "images" / "wide.png")
    Image.fromarray(np.ones((48, 128), np.uint8)).save(tmp_path / "masks" / "wide.png")
    found = segtf.evaluate(red_model, load_source("folder", tmp_path), resize="crop")
    assert found.summary()["per_class"]["foreground"]["recall"] == 0.5
    assert found.calibration.pixels.sum() == 48 * 64


def test_progress_counts_the_images(red_model, red_folder):
    seen = []
    segtf.evaluate(
        red_model,
        load_source("folder", red_folder),
        on_image=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 2), (2, 2)]


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


def test_other_data_leaves_the_report_of_the_held_out_images(small_run, red_folder):
    segtf.evaluate(small_run)
    before = (small_run.report / "metrics.json").read_bytes()
    other = replace(load_source("folder", red_folder), name="red squares")
    folders = [
        segtf.evaluate(small_run.path, other).folder,
        segtf.evaluate(small_run, split="train").folder,
        segtf.evaluate(small_run, split="all").folder,
    ]
    names = ["report-red-squares", "report-train", "report-all"]
    assert folders == [small_run.path / name for name in names]
    assert (small_run.report / "metrics.json").read_bytes() == before


def test_a_run_as_it_was_returned_is_taken(small_run):
    by_object, by_path = segtf.evaluate(small_run), segtf.evaluate(small_run.path)
    assert by_object.summary() == by_path.summary()
    by_predictor = segtf.evaluate(segtf.load(small_run), load_source(**small_run.config()["data"]))
    assert len(by_predictor.ids) == 12 and by_predictor.folder is None


def test_the_model_of_a_run_keeps_its_labels(small_run, red_folder):
    (red_folder / "classes.txt").write_text("skin\nlesion\n")
    found = segtf.evaluate(small_run.best_model, load_source("folder", red_folder))
    assert found.labels == small_run.spec().labels


def test_the_best_epoch_of_the_report_is_that_of_the_run(small_run, tmp_path):
    run = Run(shutil.copytree(small_run.path, tmp_path / "run"))
    rows = run.history()
    for row, loss, iou in zip(rows, (0.5, 0.9), (0.1, 0.2), strict=True):
        row.update(val_loss=loss, val_mean_iou=iou)
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    run.history_file.write_text("\n".join(lines))
    config = json.loads((run.path / "config.json").read_text())
    config["training"]["monitor"] = "val_loss"
    (run.path / "config.json").write_text(json.dumps(config))
    page = segtf.evaluate(run).folder / "report.html"
    drawings = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page.read_text())
    texts = [base64.b64decode(drawing).decode() for drawing in drawings]
    assert any("best epoch: 1" in text for text in texts)
    (run.report / "metrics.json").unlink()
    assert provenance(segtf.load(run).backend.model, run)["metrics"]["epoch"] == 1
