"""Folds: a run of runs, stopped and resumed, measured out of fold and exported as one."""

import json
import tomllib

import numpy as np
import pytest

import segtf
from segtf.data import load_source
from segtf.training.callbacks import CountSteps
from segtf.training.config import TrainConfig
from segtf.training.folds import train_folds
from segtf.training.train import resume

CONFIG = TrainConfig(
    model="unet",
    model_settings={"base_filters": 2, "depth": 1},
    size=(32, 32),
    epochs=1,
    batch_size=4,
)


@pytest.fixture(scope="module")
def source(synthetic_folder):
    return load_source("synthetic", synthetic_folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory, source):
    """Two folds; the second was interrupted at its first step, and resumed with the whole."""
    path = tmp_path_factory.mktemp("folds") / "run"
    messages = []

    def interrupt(self, batch, logs=None):
        if self.session.run.path.name == "fold-2":
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CountSteps, "on_train_batch_begin", interrupt, raising=False)
        with pytest.raises(KeyboardInterrupt):
            train_folds(path, source, CONFIG, 2, on_message=messages.append, verbose=0)
    assert messages[-1] == f"To go on with all folds: segtf train --resume {path}"
    first = (path / "fold-1" / "best.keras").stat().st_mtime_ns
    with pytest.raises(ValueError, match="trains it"):
        segtf.load(path)
    run = resume(path, on_message=messages.append, verbose=0)
    assert (path / "fold-1" / "best.keras").stat().st_mtime_ns == first
    assert run.has_folds
    return run


def test_each_image_is_held_out_once_and_each_fold_is_a_run(run, source):
    held_out = [id_ for index in range(2) for id_ in run.fold(index).split()["val"]]
    assert sorted(held_out) == sorted(sample.id for sample in source.samples)
    for index in range(2):
        split = run.fold(index).split()
        assert not set(split["train"]) & set(split["val"])
        assert len(run.fold(index).history()) == 1
    assert tomllib.loads(run.recipe_file.read_text())["train"]["folds"] == 2


def test_figures_are_out_of_fold(run, source):
    evaluation = segtf.evaluate(run.path)
    assert evaluation.split == "out of fold"
    assert evaluation.has_intervals
    dice = dict(zip(evaluation.ids, evaluation.image_dice, strict=True))
    assert len(dice) == len(source.samples)
    for index in range(2):
        of_fold = segtf.evaluate(run.fold(index).path, out=run.path / "other")
        for id_, value in zip(of_fold.ids, of_fold.image_dice, strict=True):
            assert dice[id_] == pytest.approx(value)
    written = json.loads((run.report / "metrics.json").read_text())
    assert written["images"] == len(source.samples)
    assert (run.report / "report.html").is_file()
    assert segtf.evaluate(run.path, split="train").split == "train"


def test_the_run_averages_the_probabilities_of_its_folds(run):
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    folds = [segtf.load(run.fold(index))(image).probabilities for index in range(2)]
    received = segtf.load(run.path)(image).probabilities
    np.testing.assert_allclose(received, np.mean(folds, axis=0), atol=1e-4)
    thresholds = [run.fold(index).spec().threshold for index in range(2)]
    assert run.spec().threshold == pytest.approx(np.mean(thresholds))


@pytest.mark.parametrize("format_", ["saved_model", "tflite"])
def test_the_ensemble_is_exported_as_one(run, tmp_path, format_):
    exported = segtf.export(run, tmp_path, format_, speed=False)
    assert exported.agreement >= 0.999


def test_too_many_folds_are_refused(tmp_path, source):
    for folds, message in ((1, "folds as a whole number from 2"), (50, "each of 50 folds")):
        with pytest.raises(ValueError, match=message):
            train_folds(tmp_path / "run", source, CONFIG, folds, on_message=str)
    assert not (tmp_path / "run").exists()
