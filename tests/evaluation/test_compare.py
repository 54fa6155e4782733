import csv
import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

import segtf
from segtf.cli import main
from segtf.data import load_source, split_by_share
from segtf.evaluation.compare import compare


def red_model(offset):
    """Class 1 wherever red is above `offset`."""
    pixels = keras.Input((32, 32, 3))
    red = keras.layers.Conv2D(1, 1)
    model = keras.Model(pixels, red(pixels), name=f"red_{offset}")
    red.set_weights([np.array([1.0, 0.0, 0.0]).reshape(1, 1, 3, 1), np.array([-float(offset)])])
    return model


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Reports of a model that is right nearly everywhere, and of a worse one, on six images."""
    work = tmp_path_factory.mktemp("compare")
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (work / "data" / folder).mkdir(parents=True)
    for index in range(6):
        mask = np.zeros((32, 32), np.uint8)
        mask[4:20, 4 : 14 + index] = 1
        image = np.zeros((32, 32, 3), np.uint8)
        image[..., 0] = np.clip(60 + 120 * mask + rng.normal(0, 20, mask.shape), 0, 255)
        Image.fromarray(image).save(work / "data" / "images" / f"{index}.png")
        Image.fromarray(mask).save(work / "data" / "masks" / f"{index}.png")
    source = load_source("folder", work / "data")
    for name, offset in (("good", 120), ("bad", 190)):
        segtf.evaluate(red_model(offset), source, out=work / name)
    segtf.evaluate(red_model(120), source, out=work / "same")
    return work


def test_a_better_model_is_clearly_better(reports):
    found = compare([reports / "bad", reports / "good"])
    dice = [json.loads((reports / name / "metrics.json").read_text()) for name in ("bad", "good")]
    assert found.names == ("red_190", "red_120")
    assert len(found.ids) == 6
    difference, (low, high) = found.difference("mean_dice", 1)
    assert difference == pytest.approx(dice[1]["mean_dice"] - dice[0]["mean_dice"])
    assert 0 < low < difference < high
    # Paired: narrower than what the two intervals by themselves would leave.
    apart = [found.interval("mean_dice", model) for model in (0, 1)]
    assert high - low <= (apart[0][1] - apart[0][0]) + (apart[1][1] - apart[1][0])


def test_a_model_does_not_differ_from_itself(reports):
    found = compare([reports / "good", reports / "same"])
    assert found.difference("mean_iou", 1) == (0.0, (0.0, 0.0))
    assert found.report_figure("roc_auc", 0) == found.report_figure("roc_auc", 1) > 0.9


def test_only_common_images_are_compared(reports, tmp_path):
    source = load_source("folder", reports / "data")
    parts = split_by_share(source.samples, {"a": 0.5, "b": 0.5}, seed=0)
    few = {sample.id for sample in source.samples if sample.id in parts["a"]}
    chosen = type(source)(
        source.name, tuple(s for s in source.samples if s.id in few), source.labels
    )
    segtf.evaluate(red_model(120), chosen, out=tmp_path / "few")
    found = compare([reports / "bad", tmp_path / "few"])
    assert set(found.ids) == few
    assert found.image_counts == (6, len(few))
    assert found.report_figure("roc_auc", 0) is None


def test_the_command_prints_and_writes(reports, tmp_path, capsys):
    with pytest.raises(SystemExit) as done:
        main(["compare", str(reports / "bad"), str(reports / "good"), "--out", str(tmp_path)])
    assert done.value.code == 0
    printed = capsys.readouterr().out
    assert "6 images in common" in printed and "Difference to red_190" in printed
    with (tmp_path / "comparison.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["red_190", "red_120"]
    assert float(rows[1]["mean_dice_difference_low"]) > 0
    with (tmp_path / "comparison_images.csv").open() as file:
        images = list(csv.DictReader(file))
    assert np.mean([float(row["red_120"]) for row in images]) == pytest.approx(
        float(rows[1]["mean_dice"]), abs=1e-5
    )
    page = (tmp_path / "comparison.html").read_text()
    assert "paired bootstrap" in page and 'src="data:image/svg+xml' in page


def test_a_run_folder_stands_for_its_report(small_run, tmp_path):
    segtf.evaluate(small_run.path)
    segtf.evaluate(small_run.path, threshold=0.9, out=tmp_path / "strict")
    found = compare([small_run.path, tmp_path / "strict"])
    assert found.settings == ("unet 32x32", "")
    assert found.ids == tuple(small_run.split()["val"])


def test_what_cannot_be_compared_is_refused(reports, tmp_path):
    with pytest.raises(ValueError, match="two or more different runs"):
        compare([reports / "good"])
    with pytest.raises(ValueError, match="two or more different runs"):
        compare([reports / "good", reports / "data" / ".." / "good"])
    with pytest.raises(ValueError, match=r"segtf evaluate.*Received: .*data"):
        compare([reports / "good", reports / "data"])
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        full = np.ones((32, 32, 3) if folder == "images" else (32, 32), np.uint8)
        Image.fromarray(full).save(tmp_path / folder / "0.png")
    segtf.evaluate(red_model(120), load_source("folder", tmp_path), out=tmp_path / "full")
    with pytest.raises(ValueError, match="mask of 0 differs"):
        compare([reports / "good", tmp_path / "full"])
    for folder in ("images", "masks"):
        (tmp_path / folder / "0.png").rename(tmp_path / folder / "other.png")
    segtf.evaluate(red_model(120), load_source("folder", tmp_path), out=tmp_path / "other")
    with pytest.raises(ValueError, match="images in common"):
        compare([reports / "good", tmp_path / "other"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics.json", "{}", "without the key per_class"),
        ("metrics.json", "[]", "of a list"),
        ("metrics.json", "no", "no JSON"),
        ("images.csv", "name\n0\n", "without id"),
        ("image_classes.csv", "id,class\n0,0\n", "without"),
    ],
)
def test_a_damaged_report_is_named(reports, tmp_path, name, content, message):
    shutil.copytree(reports / "good", tmp_path / "damaged")
    (tmp_path / "damaged" / name).write_text(content)
    with pytest.raises(ValueError, match=rf"Expected .*Received: .*{name}.*{message}"):
        compare([reports / "good", tmp_path / "damaged"])


def test_names_are_text_in_the_drawings(reports, tmp_path):
    shutil.copytree(reports / "good", tmp_path / r"$\frac$")
    compare([reports / "good", tmp_path / r"$\frac$"], out=tmp_path / "out")
    assert r"$\frac$" in (tmp_path / "out" / "comparison.html").read_text()
