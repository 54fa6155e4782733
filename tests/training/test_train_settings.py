"""What the settings of a training do."""

import shutil
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from segtf.data import load_source
from segtf.models import build_model
from segtf.training.averaging import AverageWeights
from segtf.training.config import TrainConfig
from segtf.training.precision import dtype_policy, resolve_precision
from segtf.training.schedule import WarmUpThenDecay, make_optimizer
from segtf.training.starting_weights import freeze, init_from
from segtf.training.train import train

TINY = {
    "model": "unet",
    "model_settings": {"base_filters": 2, "depth": 1},
    "size": (32, 32),
    "epochs": 1,
    "batch_size": 4,
}


def tiny_model(classes=1, **settings):
    return build_model("unet", (32, 32, 3), classes, base_filters=2, depth=1, **settings)


def quiet_train(path, synthetic_folder, **settings):
    messages = []
    config = TrainConfig(**{**TINY, **settings})
    source = load_source("synthetic", synthetic_folder)
    run = train(path, source, config, on_message=messages.append, verbose=0)
    return run, "\n".join(messages)


def test_the_schedule_is_that_of_keras_where_keras_has_one():
    ours = WarmUpThenDecay(2e-3, total_steps=50, warmup_steps=5)
    theirs = keras.optimizers.schedules.CosineDecay(
        1e-4, decay_steps=45, warmup_target=2e-3, warmup_steps=5
    )
    steps = range(51)
    np.testing.assert_allclose(
        [ours(step) for step in steps], [theirs(step) for step in steps], atol=1e-9
    )


def test_the_polynomial_schedule_is_that_of_keras():
    ours = WarmUpThenDecay(1.0, total_steps=20, decay="polynomial")
    theirs = keras.optimizers.schedules.PolynomialDecay(1.0, 20, end_learning_rate=0.0, power=0.9)
    for step in range(21):
        assert float(ours(step)) == pytest.approx(float(theirs(step)), abs=1e-6)


def rates_of_a_run(**settings):
    """The learning rate before each of the 80 steps of a run, as the optimizer has it."""
    config = TrainConfig(epochs=10, learning_rate=1.0, **settings)
    optimizer = make_optimizer(config, steps_per_epoch=8)
    weight = keras.Variable([1.0])
    optimizer.build([weight])
    rates = []
    for _ in range(80):
        rates.append(float(optimizer.learning_rate))
        optimizer.apply([np.zeros(1, "float32")], [weight])
    return rates


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_learning_rate_falls_over_the_whole_run_whatever_is_accumulated(optimizer):
    rates = rates_of_a_run(optimizer=optimizer)
    assert np.argmax(rates) == 8
    assert rates[44] == pytest.approx(0.5)
    np.testing.assert_allclose(rates_of_a_run(optimizer=optimizer, accumulate=4), rates)


def test_a_run_without_an_update_is_refused(tmp_path, synthetic_folder):
    with pytest.raises(ValueError, match=r"at most the .* steps .*Received: 500"):
        quiet_train(tmp_path / "run", synthetic_folder, accumulate=500)
    assert not (tmp_path / "run").exists()


def test_settings_of_every_kind_together(tmp_path, synthetic_folder):
    run, messages = quiet_train(
        tmp_path / "run",
        synthetic_folder,
        epochs=3,
        optimizer="sgd",
        schedule="polynomial",
        clip_norm=1.0,
        accumulate=2,
        average_weights=0.9,
        class_weights="root-frequency",
        freeze=("encoder0",),
        monitor="val_loss",
        patience=1,
    )
    assert "class weights: skin " in messages
    assert "root-frequency" in (run.path / "config.json").read_text()
    assert len(run.history()) >= 1


@pytest.mark.parametrize(
    "precision", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)]
)
def test_mixed_precision_trains_and_saves_a_float32_model(tmp_path, synthetic_folder, precision):
    run, messages = quiet_train(tmp_path / "run", synthetic_folder, precision=precision)
    assert f"{precision} (as asked)" in messages
    assert np.isfinite(run.history()[0]["loss"])
    model = keras.models.load_model(run.best_model, compile=False)
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_mixed_float16_scales_the_loss_and_spares_only_the_head():
    config = TrainConfig(precision="mixed_float16", clip_norm=1.0, accumulate=2)
    optimizer = make_optimizer(config, steps_per_epoch=4)
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    assert optimizer.inner_optimizer.global_clipnorm == 1.0
    assert optimizer.inner_optimizer.gradient_accumulation_steps == 2
    with dtype_policy("mixed_float16"):
        model = tiny_model()
    graph = tf.function(model).get_concrete_function(tf.TensorSpec((1, 32, 32, 3))).graph
    convolutions = [op for op in graph.get_operations() if op.type.startswith("Conv2D")]
    in_float32 = [op.name for op in convolutions if op.get_attr("T") != tf.float16]
    assert len(convolutions) > 5
    assert len(in_float32) == 1
    assert "logits" in in_float32[0]


def test_auto_precision_says_why():
    policy, reason = resolve_precision("auto")
    assert policy in ("float32", "mixed_float16", "mixed_bfloat16")
    assert "CPU" in reason or "GPU" in reason


def test_the_average_follows_and_makes_room_again():
    rng = np.random.default_rng(0)
    model = tiny_model()
    images = tf.data.Dataset.from_tensors(
        (rng.integers(0, 256, (4, 32, 32, 3), np.uint8), np.zeros((4, 32, 32), np.uint8))
    )
    average = AverageWeights(model, 0.5, images.repeat(3))
    average.set_model(model)
    first = [weight.numpy() for weight in model.trainable_weights]
    for weight in model.trainable_weights:
        weight.assign(weight + 1.0)
    second = [variable.numpy() for variable in model.variables]
    average.on_train_batch_end(0)

    average.on_test_begin()
    share = 2 / 11  # weight of the past at the first step
    for weight, before in zip(model.trainable_weights, first, strict=True):
        np.testing.assert_allclose(weight, before + (1 - share), rtol=1e-5, atol=1e-6)
    in_training = model(next(iter(images))[0], training=True)
    at_rest = model(next(iter(images))[0], training=False)
    average.on_epoch_end(0)
    for variable, value in zip(model.variables, second, strict=True):
        np.testing.assert_array_equal(variable, value)
    # With the right statistics, the model does at rest what it does in training.
    np.testing.assert_allclose(at_rest, in_training, rtol=0.05, atol=0.05)


def test_weights_are_taken_over_where_they_fit(tmp_path):
    trained, model = tiny_model(), tiny_model(classes=4)
    trained.save(tmp_path / "trained.keras")
    assert init_from(model, tmp_path / "trained.keras") == ["logits"]
    name = "encoder0_1_conv"
    for weight, expected in zip(
        model.get_layer(name).get_weights(), trained.get_layer(name).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weight, expected)


def test_a_model_to_start_from_that_does_not_fit_is_refused(tmp_path):
    tiny_model(classes=2).save(tmp_path / "a.keras")
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"shares layers.*Received: .*shares none"):
        init_from(other, tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("readme", "no model")
    for name, message in (("missing", "is missing"), ("other", "holds no Keras model")):
        with pytest.raises(ValueError, match=rf"Expected a \.keras file.*Received: .*{message}"):
            init_from(other, tmp_path / f"{name}.keras")


def test_an_encoder_cannot_be_frozen_for_good_and_for_some_epochs(tmp_path, synthetic_folder):
    with pytest.raises(ValueError, match="all of them are frozen"):
        quiet_train(tmp_path / "run", synthetic_folder, freeze=("encoder",), freeze_epochs=1)
    assert not (tmp_path / "run").exists()


def test_frozen_layers_are_not_trained():
    model = tiny_model()
    freeze(model, ["encoder", "bottleneck"])
    names = {weight.path.split("/")[0] for weight in model.trainable_weights}
    assert names
    assert all(name.startswith(("decoder", "logits")) for name in names)
    with pytest.raises(ValueError, match=r"beginning of a layer's name.*Received: 'body'"):
        freeze(model, ["body"])
    with pytest.raises(ValueError, match=r"left to train. Received: .*all of them"):
        freeze(model, ["encoder", "bottleneck", "decoder", "logits"])


@pytest.mark.parametrize("settings", [{"size": (1, 1)}, {"size": (32, 3)}])
def test_a_size_below_the_lowest_resolution_is_refused(tmp_path, synthetic_folder, settings):
    settings = {"model_settings": {"base_filters": 2, "depth": 2}, **settings}
    with pytest.raises(ValueError, match=r"unet as \(height, width\) of 4 to 16384 pixels"):
        quiet_train(tmp_path / "run", synthetic_folder, **settings)


def test_a_batch_beyond_the_memory_is_refused(tmp_path, synthetic_folder, monkeypatch):
    monkeypatch.setattr("segtf.training.summary.usable_memory", lambda: 10**5)
    with pytest.raises(ValueError, match=r"the 0 MB of memory.*Received: one of about \d+ MB"):
        quiet_train(tmp_path / "run", synthetic_folder, batch_size=64)
    assert not (tmp_path / "run").exists()


def test_a_disk_without_room_for_the_state_is_refused(tmp_path, synthetic_folder, monkeypatch):
    def disk_usage(path):
        return shutil._ntuple_diskusage(10**9, 10**9 - 100, 100)

    monkeypatch.setattr("segtf.training.summary.shutil.disk_usage", disk_usage)
    with pytest.raises(OSError, match=r"room for about .* is needed") as refused:
        quiet_train(tmp_path / "run", synthetic_folder)
    assert refused.value.filename == str(tmp_path / "run")
    assert not (tmp_path / "run").exists()
