"""Trainings that begin at half of their size."""

import keras
import numpy as np
import pytest

from segtf.data import load_source
from segtf.runs import Run
from segtf.training.callbacks import CountSteps
from segtf.training.config import TrainConfig
from segtf.training.train import resume, train

TINY = {
    "model": "unet",
    "model_settings": {"base_filters": 2, "depth": 1},
    "size": (32, 48),
    "epochs": 1,
    "batch_size": 5,
}


CONFIG = TrainConfig(**TINY, half_size_epochs=2, learning_rate=1e-9, batch_norm="moving")


def require_both_sizes(run):
    half = Run.open(run.path / "half-size")
    assert (half.spec().size, run.spec().size) == ((16, 24), (32, 48))
    assert (len(half.history()), len(run.history())) == (2, 1)
    assert half.split() == run.split()
    assert half.config()["training"]["learning_rate"] == 2e-3
    models = [keras.models.load_model(one.best_model) for one in (half, run)]
    kernels = [model.trainable_variables[0].numpy() for model in models]
    np.testing.assert_allclose(*kernels, atol=1e-6)


def test_it_goes_on_at_the_whole_size(tmp_path, synthetic_folder):
    source = load_source("synthetic", synthetic_folder)
    require_both_sizes(train(tmp_path / "run", source, CONFIG, on_message=str, verbose=0))


@pytest.mark.slow
def test_it_goes_on_at_the_whole_size_wherever_it_was_stopped(tmp_path, synthetic_folder):
    source, said = load_source("synthetic", synthetic_folder), []
    steps = []

    def stop(self, batch, logs=None):
        steps.append(self.session.run.path.name)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CountSteps, "on_train_batch_begin", stop, raising=False)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "run", source, CONFIG, said.append, verbose=0)
    assert steps == 3 * ["half-size"]
    assert said[-1] == f"To go on with the whole: segtf train --resume {tmp_path / 'run'}"
    require_both_sizes(resume(tmp_path / "run", on_message=said.append, verbose=0))


def test_what_cannot_be_halved_or_planned_is_refused(tmp_path, synthetic_folder):
    source = load_source("synthetic", synthetic_folder)
    small = TrainConfig(**{**TINY, "size": (2, 2)}, half_size_epochs=1)
    with pytest.raises(ValueError, match="half of the size of unet"):
        train(tmp_path / "run", source, small, on_message=str)
    assert not (tmp_path / "run").exists()
    with pytest.raises(ValueError, match=r"half_size_epochs=0.*Received: 1 and 5 minutes"):
        TrainConfig(half_size_epochs=1, minutes=5)
