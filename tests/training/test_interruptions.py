"""What ends a training early: Ctrl-C, a full disk, a loss that is no number."""

import errno
import json
import os
import shutil
import signal

import keras
import numpy as np
import pytest

from segtf.data import load_source
from segtf.runs import Run
from segtf.training import state
from segtf.training.callbacks import CountSteps, TrainingDiverged
from segtf.training.config import TrainConfig
from segtf.training.train import resume, train

TINY = {
    "model": "unet",
    "model_settings": {"base_filters": 2, "depth": 1},
    "size": (32, 32),
    "epochs": 2,
    "batch_size": 4,
}


def quiet_train(path, source, **settings):
    messages = []
    config = TrainConfig(**{**TINY, **settings})
    try:
        train(path, source, config, on_message=messages.append, verbose=0)
    except BaseException as error:
        error.messages = messages
        raise


@pytest.fixture
def source(synthetic_folder):
    return load_source("synthetic", synthetic_folder)


@pytest.fixture
def after_step(monkeypatch):
    """Let a function be called at the end of a step, before anything is saved."""

    def arrange(step, function):
        count = CountSteps.on_train_batch_end

        def count_and_call(self, batch, logs=None):
            count(self, batch, logs)
            if self.session.step == step:
                function()

        monkeypatch.setattr(CountSteps, "on_train_batch_end", count_and_call)

    return arrange


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_saves_and_says_how_to_go_on(tmp_path, source, after_step, number):
    before = signal.getsignal(number)
    after_step(4, lambda: os.kill(os.getpid(), number))
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt) as stopped:
        quiet_train(path, source)
    assert stopped.value.messages[-1] == (
        f"Saved at step 4 of 6. To go on: segtf train --resume {path}"
    )
    assert signal.getsignal(number) is before
    assert state.read_progress(Run(path).state_file).step == 4


@pytest.mark.slow
def test_a_terminal_that_is_gone_saves_and_ends(tmp_path, source, monkeypatch):
    """Whatever is said then fails; the state is saved all the same."""

    def gone(*_):
        raise OSError(errno.EIO, "Input/output error")

    path = tmp_path / "run"
    said = []

    def say(line):
        if Run.is_run(path):
            gone()
        said.append(line)

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr("sys.stdout.write", gone)
        train(path, source, TrainConfig(**TINY), on_message=say, verbose=2)
    assert said
    assert state.read_progress(Run(path).state_file).step == 3


def test_ctrl_c_at_the_end_says_that_the_training_is_finished(tmp_path, source, monkeypatch):
    def plot_and_interrupt(*_):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("segtf.training.train.plot_history", plot_and_interrupt)
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt) as stopped:
        quiet_train(path, source, epochs=1)
    assert stopped.value.messages[-1] == (
        f"The training is finished, its model is {path / 'best.keras'}. "
        f"To measure it: segtf evaluate {path}"
    )


def test_a_full_disk_loses_nothing_that_was_there(tmp_path, source, monkeypatch):
    savez, calls = np.savez, []

    def full_at_the_second_call(file, **arrays):
        calls.append(file)
        file.write(b"half of it")
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        file.seek(0)
        savez(file, **arrays)

    monkeypatch.setattr(state.np, "savez", full_at_the_second_call)
    path = tmp_path / "run"
    with pytest.raises(OSError, match=r"disk is full; .* still there.*--resume"):
        quiet_train(path, source)
    monkeypatch.undo()
    assert [file.name for file in Run(path).checkpoints.iterdir()] == ["state.npz"]
    assert state.read_progress(Run(path).state_file).step == 3


def spoil_weights(model):
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])


def test_a_loss_that_is_no_number_is_named_and_the_last_good_state_kept(
    tmp_path, source, monkeypatch
):
    count = CountSteps.on_train_batch_end

    def count_and_spoil(self, batch, logs=None):
        count(self, batch, logs)
        if self.session.step == 4:
            spoil_weights(self.model)

    monkeypatch.setattr(CountSteps, "on_train_batch_end", count_and_spoil)
    path = tmp_path / "run"
    with pytest.raises(TrainingDiverged, match=r"loss became nan at step 5 .epoch 2.; the last"):
        quiet_train(path, source)
    assert state.read_progress(Run(path).state_file).step == 3


def test_weights_that_are_no_numbers_are_not_saved(tmp_path):
    weight = keras.Variable([1.0], name="weight")
    state.save_state(tmp_path / "state.npz", [weight], state.Progress(step=1))
    weight.assign([np.inf])
    with pytest.raises(state.StateError, match=r"finite weights to save\. Received: weight"):
        state.save_state(tmp_path / "state.npz", [weight], state.Progress(step=2))
    assert state.load_state(tmp_path / "state.npz", [weight]).step == 1
    assert weight.numpy() == [1.0]


def test_a_damaged_state_and_that_of_another_model_are_refused(tmp_path):
    file = tmp_path / "state.npz"
    state.save_state(file, [keras.Variable([1.0])], state.Progress())
    with pytest.raises(state.StateError, match=r"same model and settings.*Received: "):
        state.load_state(file, [keras.Variable([1.0, 2.0])])
    np.savez(tmp_path / "other.npz", **dict(np.load(file)) | {"0": np.float32([np.nan])})
    with pytest.raises(state.StateError, match=r"finite weights\. Received: .*other\.npz"):
        state.load_state(tmp_path / "other.npz", [keras.Variable([1.0])])
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(state.StateError, match=r"saved training state\. Received: "):
        state.read_progress(file)


def test_a_run_that_lost_its_state_does_not_begin_anew(small_run, tmp_path):
    lost = tmp_path / "lost"
    shutil.copytree(small_run.path, lost)
    (lost / "checkpoints" / "state.npz").unlink()
    with pytest.raises(ValueError, match=r"saved state.*Received: .*2 epochs without state\.npz"):
        resume(lost, on_message=lambda line: None, verbose=0)
    for name in ("history.csv", "best.keras"):
        assert (lost / name).read_bytes() == (small_run.path / name).read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda config: config.pop("training"), "run of `segtf train`"),
        (lambda config: config["training"].update(nonsense=1), "nonsense"),
    ],
)
def test_settings_that_are_not_known_are_refused(small_run, tmp_path, change, message):
    other = tmp_path / "other"
    shutil.copytree(small_run.path, other)
    config = json.loads((other / "config.json").read_text())
    change(config)
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=message):
        resume(other, on_message=lambda line: None, verbose=0)


def test_a_finished_run_stays_as_it_is(small_run):
    names = ("history.csv", "spec.json", "best.keras", "checkpoints/state.npz")
    before = [(small_run.path / name).read_bytes() for name in names]
    resume(small_run.path, on_message=lambda line: None, verbose=0)
    assert before == [(small_run.path / name).read_bytes() for name in names]
