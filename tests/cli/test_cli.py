import contextlib
import io
import json

import keras
import numpy as np
import pytest
from PIL import Image

from segtf.cli import main
from segtf.runs import Run

TINY = ("--model", "unet", "--model-setting", "base_filters=4", "--model-setting", "depth=1")
TINY += ("--size", 32)


def segtf(*arguments):
    """Run the command line in this process; returns its exit status."""
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    return done.value.code


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """The main job by the commands: data, run, both exports, predictions of each.

    The masks are of 0 and 255, as many tools write them, and what training says of that is kept.
    """
    work = tmp_path_factory.mktemp("work")
    assert segtf("data", "synth", work / "data", "--count", 12, "--size", "48x64") == 0
    for path in (work / "data" / "masks").iterdir():
        Image.fromarray(np.asarray(Image.open(path)) * 255).save(path)
    images = [work / "data" / "images" / f"000{index}.jpg" for index in range(4)]
    commands = (
        ("train", work / "run", "--data-dir", work / "data", *TINY, "--epochs", 2, "--batch", 4),
        ("evaluate", work / "run"),
        ("export", work / "run", "--format", "saved_model", "--out", work / "saved_model"),
        ("export", work / "run", "--format", "litert", "--out", work / "tflite"),
        ("predict", work / "run", *images, "--out", work / "keras"),
        ("predict", work / "saved_model", *images, "--out", work / "masks-saved_model"),
        ("predict", work / "tflite" / "model.tflite", *images, "--out", work / "masks-tflite"),
    )
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for command in commands:
            assert segtf(*command) == 0, command
    (work / "said.txt").write_text(said.getvalue())
    return work


def test_masks_of_0_and_255_just_work(work):
    assert "0 and 255; 255 is read as class 1" in (work / "said.txt").read_text()


def test_the_run_has_figures_and_pictures(work):
    report = work / "run" / "report"
    metrics = json.loads((report / "metrics.json").read_text())
    assert metrics["images"] == 2
    assert 0 <= metrics["mean_iou"] <= metrics["mean_dice"] <= 1
    for name in ("images.csv", "overlays.png", "curves.png"):
        assert (report / name).is_file()


@pytest.mark.parametrize("kind", ["saved_model", "tflite"])
def test_masks_agree_with_keras(work, kind):
    same = []
    for path in sorted((work / "keras").glob("*.png")):
        expected = np.asarray(Image.open(path))
        received = np.asarray(Image.open(work / f"masks-{kind}" / path.name))
        assert expected.shape == received.shape == (48, 64)
        same.append(expected == received)
    assert len(same) == 4
    assert np.mean(same) >= 0.999


def test_the_exports_are_where_they_should_be(work):
    assert (work / "saved_model" / "1" / "saved_model.pb").is_file()
    assert (work / "tflite" / "model.tflite").is_file()


def test_a_model_of_ones_own_script_is_evaluated_and_exported(work, tmp_path, capfd):
    pixels = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(pixels)
    x = keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x)
    keras.Model(pixels, x).save(tmp_path / "own.keras")
    data = ("--data", "folder", "--data-dir", work / "data")
    assert segtf("evaluate", tmp_path / "own.keras", *data, "--out", tmp_path / "report") == 0
    assert json.loads((tmp_path / "report" / "metrics.json").read_text())["images"] == 12
    said = capfd.readouterr()
    assert "all 12 images are measured" in said.out + said.err
    (tmp_path / "split.json").write_text(json.dumps({"train": ["0000"], "val": ["0003", "0004"]}))
    for divided, count in (
        (("--split", tmp_path / "split.json"), 2),
        (("--val-share", 0.25, "--seed", 3), 3),
    ):
        out = ("--out", tmp_path / f"report-{count}")
        assert segtf("evaluate", tmp_path / "own.keras", *data, *divided, *out) == 0
        metrics = json.loads((tmp_path / f"report-{count}" / "metrics.json").read_text())
        assert metrics["images"] == count
        assert metrics["split"] == "val"
    assert "are measured: if" not in capfd.readouterr().out
    for mistake in ((*data, "--split", "none.json"), ("--val-share", 0.5)):
        assert segtf("evaluate", tmp_path / "own.keras", *mistake) == 2
    own = ("export", tmp_path / "own.keras", "--no-speed", "--format")
    divided = (*data, "--split", tmp_path / "split.json")
    for format_, images in (("saved_model", ()), ("tflite", divided)):
        assert segtf(*own, format_, *images, "--out", tmp_path) == 0
    assert "2 images: data, held out" in capfd.readouterr().out
    to_int8 = (*own, "tflite-int8")
    for number, images in enumerate((data, ("--images", work / "data" / "images"))):
        out = tmp_path / str(number)
        assert segtf(*to_int8, *images, "--out", out) == 0
        assert (out / "model-int8.tflite").is_file()


def test_the_table_of_models(capsys):
    assert segtf("models", "--size", "32") == 0
    assert "segnet-basic" in capsys.readouterr().out


def break_mask(folder, pixels):
    Image.fromarray(pixels).save(folder / "masks" / "0003.png")


def truncate(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:400])


def spoil(kind, data):
    """Damage a data folder in one way; returns what the message has to name."""
    if kind == "no masks match":
        for mask in (data / "masks").iterdir():
            mask.rename(mask.with_name(f"other-{mask.name}"))
        return ["Expected masks named like the images", "no match among 12 images"]
    if kind == "missing folder":
        (data / "masks").rename(data / "elsewhere")
        return ["Expected a folder of masks", "Received: none in"]
    if kind == "ids beyond the classes":
        break_mask(data, np.arange(48 * 64, dtype=np.uint8).reshape(48, 64) % 4)
        return ["0003.png holds 2, 3", "beyond its 2 classes"]
    if kind == "another size":
        break_mask(data, np.zeros((48, 63), np.uint8))
        return ["0003.png is 63 x 48", "0003.jpg is 64 x 48"]
    if kind == "truncated image":
        truncate(data, "images/0003.jpg")
        return ["0003.jpg"]
    if kind == "unreadable mask":
        (data / "masks" / "0003.png").write_text("not an image")
        return ["0003.png"]
    raise KeyError(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "no masks match",
        "missing folder",
        "ids beyond the classes",
        "another size",
        "truncated image",
        "unreadable mask",
    ],
)
def test_broken_data_is_one_clear_line(tmp_path, capfd, kind):
    data = tmp_path / "data"
    segtf("data", "synth", data, "--count", 12, "--size", "48x64")
    named = spoil(kind, data)
    capfd.readouterr()
    status = segtf("train", tmp_path / "run", "--data-dir", data, "--model", "unet-small")
    error = capfd.readouterr().err
    assert status == 2
    assert error.startswith("segtf: Expected ")
    assert error.count("\n") == 1
    assert all(part in error for part in named), error
    assert not (tmp_path / "run").exists()


def test_other_mistakes_are_one_clear_line(work, tmp_path, capfd):
    grey = tmp_path / "array.png"
    grey.write_bytes(b"no image")
    empty = Run.create(tmp_path / "empty", {}).path
    data = ("--data-dir", work / "data")
    mistakes = [
        (("train", work / "run", *data), "which exists"),
        (("train", tmp_path / "new", "--data-dir", tmp_path / "none"), "not there"),
        (("train", tmp_path / "new", *data, "--model", "vnet"), "unet"),
        (("train", tmp_path / "new", *data, "--size", "0x3"), "Expected N or HxW"),
        (("train", work / "run", "--resume", "--data", "ph2", "--batch", 2), "--data, --batch"),
        (("train", tmp_path / "new", *data, "--learning-rate", "nan"), "nan"),
        (("train", tmp_path / "new", *data, "--seed", 2**32), "Received: 4294967296"),
        (("export", empty, "--format", "tflite", "--out", tmp_path), "none yet"),
        (("export", tmp_path / "none", "--format", "tflite", "--out", tmp_path), "not exist"),
        (("predict", work / "run", grey, "--out", tmp_path), "array.png"),
        (("predict", work / "run", tmp_path / "none.jpg", "--out", tmp_path), "not exist"),
        (("evaluate", work / "run", "--split", "test"), "Received: 'test'"),
        (("nonsense",), "nonsense"),
    ]
    for arguments, named in mistakes:
        capfd.readouterr()
        assert segtf(*arguments) == 2, arguments
        error = capfd.readouterr().err
        assert error.startswith("segtf: "), arguments
        assert error.count("\n") == 1, arguments
        assert named in error, arguments
    assert not (tmp_path / "new").exists()


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        main(["predict", str(tmp_path / "none"), "a.jpg", "--out", str(tmp_path), "--debug"])
