import json

import keras
import numpy as np
import pytest

from segtf.data import load_source
from segtf.runs import Run
from segtf.training.batch_norm import fit_momentum
from segtf.training.batches import make_split
from segtf.training.config import TrainConfig
from segtf.training.train import train

TINY = {"model": "unet", "model_settings": {"base_filters": 4, "depth": 2}, "size": (32, 32)}
SMALLEST = {**TINY, "model_settings": {"base_filters": 2, "depth": 1}}


def quiet_train(path, source, **settings):
    return train(path, source, TrainConfig(**settings), on_message=lambda line: None, verbose=0)


@pytest.mark.calls_model
def test_a_run_folder_holds_what_it_should(small_run):
    run = Run.open(small_run.path)
    assert run.spec().labels.names == ("skin", "lesion")
    assert [row["epoch"] for row in run.history()] == [1, 2]
    assert {"loss", "val_loss", "val_mean_dice", "seconds"} <= run.history()[0].keys()
    split = run.split()
    assert len(split["train"]) == 10
    assert len(split["val"]) == 2
    assert (run.report / "curves.png").is_file()
    assert any(run.logs.rglob("*tfevents*"))
    assert run.config()["training"]["augment"] == "medical"  # which fits skin and lesions


@pytest.mark.calls_model
def test_the_best_model_loads_with_keras_alone(small_run):
    model = keras.saving.load_model(small_run.best_model, safe_mode=True)
    assert model.output_shape == (None, 32, 32, 1)
    assert model.predict(np.zeros((1, 32, 32, 3)), verbose=0).dtype == np.float32


def test_the_same_seed_gives_the_same_split_and_the_same_first_loss(tmp_path, synthetic_folder):
    source = load_source("synthetic", synthetic_folder)
    runs = [
        quiet_train(tmp_path / name, source, **SMALLEST, epochs=1, batch_size=5, seed=seed)
        for name, seed in (("a", 1), ("b", 1))
    ]
    other = make_split(source, TrainConfig(**SMALLEST, seed=2))
    assert runs[0].split() == runs[1].split() != other
    losses = [run.history()[0]["loss"] for run in runs]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_an_existing_run_is_refused_before_any_work(small_run, synthetic_folder):
    before = json.dumps(small_run.history())
    with pytest.raises(ValueError, match="which exists"):
        quiet_train(small_run.path, load_source("synthetic", synthetic_folder), **TINY)
    assert json.dumps(small_run.history()) == before


@pytest.mark.parametrize(
    "settings",
    [{"model": "vnet"}, {"augment": "wild"}, {"epochs": 0}, {"size": (0, 32)}, {"resize": "bend"}],
)
def test_a_wrong_setting_is_refused_and_leaves_no_folder(tmp_path, synthetic_folder, settings):
    source = load_source("synthetic", synthetic_folder)
    with pytest.raises(ValueError, match="Received: "):
        quiet_train(tmp_path / "run", source, **{**TINY, **settings})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("steps", "momentum"), [(1, 0.5), (3, 0.5), (16, 0.866), (1000, 0.9)])
def test_batch_norm_follows_within_an_epoch(steps, momentum):
    model = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])
    assert fit_momentum(model, steps) == pytest.approx(momentum, abs=1e-3)
    assert model.layers[-1].momentum == pytest.approx(momentum, abs=1e-3)


@pytest.mark.parametrize(
    "batch_size",
    [pytest.param(10, marks=pytest.mark.calls_model), pytest.param(2, marks=pytest.mark.slow)],
)
def test_validation_follows_training_from_the_first_epochs(tmp_path, synthetic_folder, batch_size):
    """With Keras' default momentum, few steps leave the moving statistics far behind."""
    source = load_source("synthetic", synthetic_folder)
    run = quiet_train(
        tmp_path / "run", source, **SMALLEST, epochs=8, batch_size=batch_size, augment="none"
    )
    model = keras.saving.load_model(run.best_model)
    rows = run.history()[-4:]
    assert model.name == "unet"
    assert max(abs(row["val_loss"] - row["loss"]) for row in rows) < 0.5
