"""A run that is finished and goes on with more epochs."""

import json
import shutil

import numpy as np
import pytest

import segtf
from segtf.cli import main
from segtf.runs import Run
from segtf.training.callbacks import CountSteps
from segtf.training.config import TrainConfig
from segtf.training.schedule import WarmUpThenDecay
from segtf.training.session import Session


@pytest.fixture
def run(small_run, tmp_path):
    """A copy of a run of two epochs of three steps."""
    return Run(shutil.copytree(small_run.path, tmp_path / "run"))


def go_on(run, **settings):
    said = []
    segtf.resume(run.path, on_message=said.append, verbose=0, **settings)
    return said


class Killed(Exception):
    pass


def test_it_goes_on_and_again_after_a_kill(run, tmp_path, monkeypatch):
    before, other = run.history(), Run(shutil.copytree(run.path, tmp_path / "other"))
    said = go_on(run, epochs=4)
    assert any("beyond epoch 2, to 4: the learning rate rises to 0.0005" in line for line in said)
    assert [row["epoch"] for row in run.history()] == [1, 2, 3, 4]
    assert run.history()[:2] == before
    assert run.config()["training"]["restarts"] == [[2, 0.0005]]

    count = CountSteps.on_train_batch_end

    def count_and_fail(self, batch, logs=None):
        count(self, batch, logs)
        if self.session.step == 11:
            raise Killed

    monkeypatch.setattr(CountSteps, "on_train_batch_end", count_and_fail)
    with pytest.raises(Killed):
        go_on(other, epochs=4)
    monkeypatch.undo()
    assert len(other.history()) == 3
    go_on(other)
    for ours, theirs in zip(run.history(), other.history(), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-3)
    # The same call once more changes nothing.
    history = other.history()
    go_on(other, epochs=4)
    assert other.history() == history


@pytest.mark.slow
def test_it_goes_on_twice(run):
    go_on(run, epochs=3)
    go_on(run, epochs=4, learning_rate=0.001)
    assert run.config()["training"]["restarts"] == [[2, 0.0005], [3, 0.001]]
    assert len(run.history()) == 4


def test_what_cannot_go_on_says_the_way(run, tmp_path, capsys):
    for settings, said in (
        ({"epochs": 1}, "more epochs than the 2"),
        ({"epochs": 0}, "more epochs"),
        ({"learning_rate": 0.1}, "epochs with a learning rate"),
        ({"epochs": 3, "learning_rate": -1.0}, "learning_rate"),
    ):
        with pytest.raises(ValueError, match=said):
            go_on(run, **settings)
    with pytest.raises(SystemExit):
        main(["train", str(run.path), "--resume", "--epochs", "3", "--batch", "4"])
    assert "than --epochs" in capsys.readouterr().err
    config = json.loads((run.path / "config.json").read_text())
    config["training"]["epochs"] = 3
    (run.path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"`segtf train --resume .*2 of 3 epochs"):
        go_on(run, epochs=4)
    assert not (run.path / "continued.json").exists()


def test_the_learning_rate_rises_once_more_and_falls():
    rates = [float(WarmUpThenDecay(1.0, 100, 10, first_step=500)(step)) for step in (500, 510, 600)]
    np.testing.assert_allclose(rates, [0.05, 1.0, 0.0], atol=1e-6)


def test_patience_begins_anew():
    config = TrainConfig(epochs=6, patience=2, restarts=[[3, 0.001]])
    history = [{"val_mean_dice": 0.9 - epoch / 10, "val_loss": 1.0} for epoch in range(5)]
    finished = [Session(None, config, 1, history=history[:n]).is_finished for n in (3, 4, 5)]
    assert finished == [False, False, True]
