"""What a saved state holds of losses and metrics, in the middle of an epoch."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from segtf.losses import SoftDice
from segtf.metrics import ConfusionMatrix
from segtf.models import Head, build_model
from segtf.runs import Run
from segtf.training.callbacks import CountSteps, SaveBest
from segtf.training.checkpoint import SaveState
from segtf.training.config import TrainConfig
from segtf.training.replicas import of_whole_batch
from segtf.training.session import Session

STEPS = 3
HEADS = {"classes": Head(3), "edges": Head(1)}


class Stop(Exception):
    pass


class StopBeforeTheLast(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch + 2 == STEPS:
            raise Stop


def batches():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2 * STEPS, 16, 16, 3)).astype("uint8")
    masks = {"classes": rng.integers(0, 3, (2 * STEPS, 16, 16)).astype("uint8")}
    masks["edges"] = (masks["classes"] == 1).astype("uint8")
    return tf.data.Dataset.from_tensor_slices((images, masks)).batch(2)


def compiled():
    keras.utils.set_random_seed(0)
    model = build_model("unet", (16, 16, 3), HEADS, base_filters=2, depth=1)
    model.compile(
        keras.optimizers.AdamW(1e-2),
        loss=of_whole_batch({"classes": SoftDice(), "edges": SoftDice()}),
        metrics={
            "classes": [ConfusionMatrix(3)],
            "edges": [ConfusionMatrix(1, name="edges"), keras.metrics.MeanSquaredError()],
        },
    )
    model.optimizer.build(model.trainable_variables)
    return model


def fit(run, resume=False, last=(), encoder_weights=None):
    run.checkpoints.mkdir(parents=True, exist_ok=True)
    model, data = compiled(), batches()
    config = TrainConfig(epochs=1, save_minutes=0, encoder_weights=encoder_weights)
    session = Session(run, config, STEPS)
    requests = SimpleNamespace(received=False)
    callbacks = [
        CountSteps(session),
        SaveState(session, data, [], requests, resume),
        *last,
    ]
    done = STEPS - 1 if resume else 0
    history = model.fit(
        data.skip(done), steps_per_epoch=STEPS - done, callbacks=callbacks, verbose=0, shuffle=False
    )
    return history.history


def test_a_dict_of_losses_and_every_metric_go_on_where_they_were(tmp_path):
    whole = fit(Run(tmp_path / "whole"))
    stopped = Run(tmp_path / "stopped")
    with pytest.raises(Stop):
        fit(stopped, last=[StopBeforeTheLast()])
    assert fit(stopped, resume=True) == whole
    names = {"loss", "classes_loss", "edges_loss", "mean_dice", "edges_mean_dice"}
    assert names < set(whole)


def test_the_best_model_keeps_the_names_of_its_heads(tmp_path):
    model, run = compiled(), Run(tmp_path)
    save = SaveBest(SimpleNamespace(best_epoch=0, run=run))
    save.set_model(model)
    save.on_epoch_end(0)
    images = np.zeros((1, 16, 16, 3), "float32")
    expected, received = model(images), keras.saving.load_model(run.best_model)(images)
    assert received.keys() == expected.keys() == HEADS.keys()
    for name in HEADS:
        np.testing.assert_allclose(received[name], expected[name], rtol=1e-5, atol=1e-5)


def test_a_state_before_the_first_step_holds_all_of_them_too(tmp_path):
    """It is saved where weights came from a file, which may be gone when the run goes on."""
    counts = []

    class Look(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.count()

        def on_train_batch_end(self, batch, logs=None):
            self.count()
            raise Stop

        def count(self):
            with np.load(run.state_file) as state:
                counts.append(len(state.files))

    run = Run(tmp_path / "run")
    with pytest.raises(Stop):
        fit(run, last=[Look()], encoder_weights="imagenet")
    first, later = counts
    assert first == later
