"""Settings that are found by trying: epochs for a time, a batch for the memory, a learning rate."""

import csv
import tomllib

import keras
import numpy as np
import pytest

from segtf.cli import main
from segtf.data import load_source
from segtf.labels import LabelMap
from segtf.spec import ModelSpec
from segtf.training import batch_size
from segtf.training.batch_size import find_batch_size
from segtf.training.config import TrainConfig
from segtf.training.planning import Speed, measure_speed, plan
from segtf.training.rate_range import RateRange
from segtf.training.state import read_progress
from segtf.training.train import resume, train

TINY = {
    "model": "unet",
    "model_settings": {"base_filters": 2, "depth": 1},
    "size": (32, 32),
    "batch_size": 4,
}


def segtf(*arguments):
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    return done.value.code


@pytest.mark.parametrize("seconds", [20.0, 100.0, 600.0, 5000.0])
@pytest.mark.parametrize("steps", [1, 16, 3000])
@pytest.mark.parametrize("speed", [Speed(5, 0.05, 0.2), Speed(10, 1.0, 3), Speed(1, 0.01, 4)])
def test_a_plan_fills_the_time_and_no_more(seconds, steps, speed):
    planned = plan(TrainConfig(minutes=1), steps, speed, seconds)
    epoch = (planned.epoch_steps or steps) * speed.step + speed.validation
    needed = speed.compilation + planned.epochs * epoch
    assert needed <= seconds
    assert needed + epoch + planned.epochs * speed.step >= 0.97 * seconds
    if planned.epoch_steps:
        assert planned.epochs <= 5


def test_a_time_in_which_nothing_can_be_learnt_is_refused():
    with pytest.raises(ValueError, match=r"minutes for at least one step.*Received: 0.1"):
        plan(TrainConfig(minutes=0.1), 16, Speed(5, 2, 2), 6)


@pytest.fixture
def source(synthetic_folder):
    return load_source("synthetic", synthetic_folder)


def test_a_run_of_some_minutes_is_planned_once_and_its_recipe_has_the_epochs(
    tmp_path, source, monkeypatch
):
    measured = []

    def measure_and_pretend(model, data):
        measured.append(measure_speed(model, data))
        return Speed(compilation=1, step=1000, validation=500)

    monkeypatch.setattr("segtf.training.preparation.measure_speed", measure_and_pretend)
    messages = []
    config = TrainConfig(**TINY, minutes=100)
    run = train(tmp_path / "run", source, config, on_message=messages.append, verbose=0)
    assert min(measured[0].compilation, measured[0].step, measured[0].validation) > 0
    assert (
        "planned for 100 minutes: 2 epochs of 2 steps; a step takes 1000.00 s, a validation 500.0 s"
    ) in messages
    settings = run.config()["training"]
    assert [settings[name] for name in ("minutes", "epochs", "epoch_steps")] == [100, 2, 2]
    assert read_progress(run.state_file).step == 4

    # What was measured has left no trace; the plan is kept.
    monkeypatch.setattr("segtf.training.preparation.measure_speed", None)
    weights = keras.models.load_model(run.best_model).get_weights()
    resume(run.path, source, on_message=str, verbose=0)
    again = keras.models.load_model(run.best_model).get_weights()
    for one, other in zip(weights, again, strict=True):
        np.testing.assert_array_equal(one, other)
    recipe = tomllib.loads(run.recipe_file.read_text())["train"]
    assert (recipe["epochs"], recipe["epoch-steps"]) == (2, 2)
    assert "minutes" not in recipe


SPEC = ModelSpec(LabelMap(("skin", "lesion")), (16, 16))


def find(images, monkeypatch, tried=None, replicas=1):
    if tried is not None:
        monkeypatch.setattr(batch_size, "_try", lambda config, spec, sizes, limit: tried)
    messages = []
    config = TrainConfig(**{**TINY, "size": (16, 16), "batch_size": "auto"})
    found = find_batch_size(config, SPEC, images, replicas, messages.append)
    return found, messages


def test_a_batch_is_tried_in_a_process_of_its_own(monkeypatch):
    assert find(64, monkeypatch) == (
        4,
        ["batch: 4 images, the most that leaves an epoch of 64 images 16 steps"],
    )


def test_a_batch_is_the_largest_that_fits(monkeypatch):
    found, messages = find(10_000, monkeypatch, ([1, 2, 4, 8], ""), replicas=2)
    assert found == 16
    assert messages == ["batch: 16 images, the most that fits into the memory with a margin"]
    with pytest.raises(ValueError, match=r"step of one image.*Received: unet at .*\(killed\)"):
        find(64, monkeypatch, ([], " (killed)"))


def test_the_learning_rate_at_which_the_loss_falls_fastest_is_suggested():
    rates = np.geomspace(1e-6, 1, 100)
    fall = 1 / (1 + (rates / 2e-3) ** 2)
    found = RateRange(rates.tolist(), (0.4 + fall + 5 * rates**3).tolist())
    assert found.suggestion == pytest.approx(2e-3, rel=0.15)
    assert RateRange([1e-6], [1.0]).suggestion == 1e-6


def test_the_learning_rates_are_drawn_and_suggested(tmp_path, synthetic_folder, capsys):
    tiny = ("--model", "unet", "--model-setting", "base_filters=2", "--model-setting", "depth=1")
    options = ("--data-dir", synthetic_folder, "--size", 32, "--batch", 2, *tiny)
    assert segtf("train", tmp_path / "run", *options, "--find-learning-rate") == 0
    with (tmp_path / "run-learning-rate.csv").open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    rates = [row["learning_rate"] for row in rows]
    assert rates[0] == 1e-6
    assert rates == sorted(rates)
    suggested = float(capsys.readouterr().out.partition("--learning-rate ")[2].split()[0])
    assert 1e-5 < suggested < 1
    assert (tmp_path / "run-learning-rate.png").stat().st_size > 5000
    assert not (tmp_path / "run").exists()


def test_epochs_and_minutes_are_not_both_taken(tmp_path, capsys):
    both = ("--epochs", 3, "--minutes", 5)
    assert segtf("train", tmp_path / "run", *both) == 2
    assert "Expected --epochs or --minutes, not both. Received: 3 and 5" in capsys.readouterr().err
