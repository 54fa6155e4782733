"""Settings out of their range are refused before anything starts, with the range."""

import sys

import pytest

from segtf.cli import main
from segtf.models import model_names
from segtf.models.registry import smallest_side
from segtf.resources import usable_cores
from segtf.training.config import TrainConfig

TRAIN = ("train", "run", "--data-dir", "data")
CASES = [
    ((*TRAIN, "--size", "0"), "1 to 16384"),
    ((*TRAIN, "--size", "100000x100000"), "1 to 16384"),
    ((*TRAIN, "--size", "²"), "1 to 16384"),
    ((*TRAIN, "--size", "9" * 5000), "1 to 16384"),
    ((*TRAIN, "--epochs", "0"), "1 to 1000000"),
    ((*TRAIN, "--epochs", "1" + "0" * 30), "1 to 1000000"),
    ((*TRAIN, "--epochs", "2.5"), "2.5"),
    ((*TRAIN, "--batch", "0"), "1 to 65536"),
    ((*TRAIN, "--batch", "1000000000"), "1 to 65536"),
    ((*TRAIN, "--learning-rate", "0"), "above 0"),
    ((*TRAIN, "--learning-rate", "-1"), "above 0"),
    ((*TRAIN, "--learning-rate", "inf"), "above 0"),
    ((*TRAIN, "--weight-decay", "-1"), "at least 0"),
    ((*TRAIN, "--clip-norm", "nan"), "at least 0"),
    ((*TRAIN, "--accumulate", "0"), "1 to 1000000"),
    ((*TRAIN, "--average-weights", "1"), "at least 0 and below 1"),
    ((*TRAIN, "--patience", "-1"), "0 to 1000000"),
    ((*TRAIN, "--val-share", "0"), "above 0 and below 1"),
    ((*TRAIN, "--val-share", "1"), "above 0 and below 1"),
    ((*TRAIN, "--seed", "-1"), "0 to 4294967295"),
    ((*TRAIN, "--save-minutes", "-1"), "at least 0"),
    ((*TRAIN, "--monitor", "dice"), "val_mean_dice"),
    ((*TRAIN, "--accept-changed-data"), "--resume"),
    (("export", "run", "--format", "tflite", "--out", "o", "--max-iou-drop", "-5"), "0<=x<=100"),
    (("export", "run", "--format", "tflite", "--out", "o", "--max-iou-drop", "nan"), "0<=x<=100"),
    (("benchmark", "run", "--threads", "9999"), f"1<=x<={usable_cores()}"),
    (("benchmark", "run", "--threads", "0"), f"1<=x<={usable_cores()}"),
    (("benchmark", "run", "--runs", "1"), "5<=x"),
    (("data", "synth", "new", "--count", "0"), "1<=x<=1000000"),
    (("data", "synth", "new", "--size", "1"), "32 to 16384"),
    (("data", "synth", "new", "--seed", "-1"), "0<=x"),
    (("data", "check", "data", "--shown", "-1"), "x>=0"),
    (("data", "show", "data", "--count", "0"), "1<=x<=1000"),
    (("data", "show", "data", "--variants", "-1"), "0<=x<=50"),
    (("data", "show", "data", "--variants", "1000000"), "0<=x<=50"),
    (("models", "--size", "99999"), "1 to 16384"),
    (("request", "http://127.0.0.1:9", "a.jpg", "--timeout", "0"), "0<x<=86400"),
    (("request", "http://127.0.0.1:9", "a.jpg", "--timeout", "nan"), "0<x<=86400"),
    (("request", "http://127.0.0.1:9", "a.jpg", "--retries", "-1"), "0<=x"),
    (("request", "http://127.0.0.1:9", "a.jpg", "--batch", "0"), "1<=x"),
    (("request", "http://127.0.0.1:9", "a.jpg", "--version", "-1"), "x>=0"),
    (("request", "http://127.0.0.1:99999", "a.jpg"), "1 to 65535"),
    (("request", "http://127.0.0.1:port", "a.jpg"), "1 to 65535"),
]


@pytest.mark.parametrize(("arguments", "named"), CASES)
def test_what_is_out_of_range_is_refused_with_the_range(
    tmp_path, monkeypatch, capfd, arguments, named
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as done:
        main(arguments)
    error = capfd.readouterr().err
    assert done.value.code == 2
    assert error.startswith("segtf: ")
    assert error.count("\n") == 1
    assert named in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"size": 256},
        {"size": (256.5, 256)},
        {"size": "256"},
        {"epochs": True},
        {"epochs": "3"},
        {"deterministic": "yes"},
        {"freeze": "encoder"},
        {"model_settings": None},
        {"learning_rate": "0.1"},
    ],
)
def test_settings_of_another_kind_are_refused(settings):
    with pytest.raises(ValueError, match=r"Expected .*Received: "):
        TrainConfig(**settings)


def test_settings_of_numpy_become_plain():
    numpy = pytest.importorskip("numpy")
    config = TrainConfig(size=tuple(numpy.int64([32, 48])), epochs=numpy.int32(3))
    assert type(config.epochs) is type(config.size[0]) is int


def test_the_least_side_of_each_model_is_its_lowest_resolution():
    sides = {name: smallest_side(name) for name in model_names()}
    assert (sides["unet"], sides["segnet"], sides["segnet-basic"]) == (16, 32, 16)
    assert {side for name, side in sides.items() if name.startswith("unet-m")} == {32}


@pytest.mark.parametrize("what", ["a file in the way", "a folder that cannot be written to"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "OUT", "--data-dir", "data"),
        ("export", "run", "--format", "tflite", "--out", "OUT"),
        ("evaluate", "run", "--out", "OUT"),
        ("predict", "run", "a.jpg", "--out", "OUT"),
        ("benchmark", "run", "--out", "OUT"),
        ("compare", "run", "other", "--out", "OUT"),
        ("data", "synth", "OUT"),
        ("data", "show", "data", "--out", "OUT/sheet.png"),
        ("data", "check", "data", "--html", "OUT/check.html"),
        ("request", "http://127.0.0.1:9", "a.jpg", "--out", "OUT"),
    ],
)
def test_a_target_that_cannot_be_written_is_found_before_the_work(tmp_path, capfd, arguments, what):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out"
    if what != "a file in the way":
        if not sys.platform.startswith("linux"):
            pytest.skip("needs a folder that nobody can write to")
        out = "/proc/out"
    with pytest.raises(SystemExit) as done:
        main([argument.replace("OUT", str(out)) for argument in arguments])
    error = capfd.readouterr().err
    assert done.value.code == 2
    assert str(out if what != "a file in the way" else tmp_path / "file") in error
    assert error.count("\n") == 1
