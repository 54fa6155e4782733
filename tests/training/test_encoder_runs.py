"""Runs of models with an encoder: its weights, freezing it, going on without the weight file."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import segtf
from segtf.data import load_source, write_synthetic
from segtf.models import unet
from segtf.runs import Run
from segtf.training.callbacks import CountSteps
from segtf.training.config import TrainConfig
from segtf.training.starting_weights import freeze, resolve_encoder_weights
from segtf.training.train import resume, train

SMALL = "mobilenetv3-small"


class Killed(Exception):
    """Stands for a killed process: nothing of ours catches it."""


@pytest.fixture
def weight_file(tmp_path):
    path = tmp_path / "encoder.weights.h5"
    network = keras.applications.MobileNetV3Small(weights=None, include_top=False)
    network.save_weights(path)
    return path


def test_a_frozen_encoder_keeps_its_statistics():
    model = unet((32, 32, 3), encoder=SMALL, base_filters=2)
    freeze(model, ["encoder"])
    assert {weight.path.split("/")[0].split("_")[0] for weight in model.trainable_weights} == {
        *(f"decoder{level}" for level in range(5)),
        "logits",
    }
    before = encoder_values(model)
    model(np.full((2, 32, 32, 3), 99.0, "float32"), training=True)
    for name, value in encoder_values(model).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


def encoder_values(model):
    return {
        variable.path: variable.numpy()
        for variable in model.variables
        if variable.path.startswith("encoder_")
    }


def train_tiny(path, folder, messages, **settings):
    config = TrainConfig(
        model=f"unet-{SMALL}",
        model_settings={"base_filters": 2},
        size=(32, 32),
        epochs=1,
        batch_size=4,
        **settings,
    )
    source = load_source("synthetic", folder)
    return train(path, source, config, on_message=messages.append, verbose=0)


def test_weights_for_another_kind_of_model_write_nothing(tmp_path, synthetic_folder, weight_file):
    config = TrainConfig(model="unet", size=(32, 32), encoder_weights=str(weight_file))
    source = load_source("synthetic", synthetic_folder)
    with pytest.raises(ValueError, match="only where there is an encoder"):
        train(tmp_path / "run", source, config, on_message=str, verbose=0)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "channels", "weights", "learning_rate"),
    [
        ({}, 3, "imagenet", 4e-3),
        ({}, 1, "imagenet", 4e-3),
        ({}, 2, None, 4e-3),
        ({"optimizer": "sgd"}, 3, "imagenet", 5e-2),
        ({"encoder_weights": "none"}, 3, None, 2e-3),
        ({"encoder_weights": None}, 3, None, 2e-3),
        ({"model_settings": {"encoder": SMALL}}, 3, None, 4e-3),
        ({"model": "unet"}, 3, None, 2e-3),
        ({"model": "lite-small"}, 3, "imagenet", 4e-3),
        ({"model": "lite-scratch"}, 3, None, 2e-3),
        ({"model": f"unet-{SMALL}"}, 3, None, 2e-3),
        ({"model": f"unet-{SMALL}", "encoder_weights": "imagenet"}, 3, "imagenet", 4e-3),
    ],
)
def test_what_an_encoder_begins_with_unless_told(settings, channels, weights, learning_rate):
    config = resolve_encoder_weights(TrainConfig(**settings), channels)
    assert (config.encoder_weights, config.learning_rate) == (weights, learning_rate)
    assert TrainConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("settings", "rates"),
    [
        ({}, (4e-3, 0.25)),
        ({"freeze": ("enc",)}, (4e-3, 1.0)),
        ({"freeze": ("encoder1",)}, (4e-3, 0.25)),
        ({"init_from": "runs/other"}, (1e-3, 1.0)),
        ({"learning_rate": 0.01}, (0.01, 1.0)),
        ({"encoder_factor": 0.1}, (4e-3, 0.1)),
        ({"model": "unet"}, (2e-3, 1.0)),
        ({"optimizer": "sgd"}, (5e-2, 1.0)),
    ],
)
def test_a_pretrained_encoder_learns_at_a_quarter_of_the_rate(settings, rates):
    config = TrainConfig(**settings)
    assert (config.learning_rate, config.encoder_factor) == rates
    assert TrainConfig.from_dict(config.to_dict()) == config


def test_settings_of_before_there_was_a_factor_keep_one_rate():
    settings = TrainConfig(learning_rate=1e-3).to_dict()
    del settings["encoder_factor"]
    assert TrainConfig.from_dict(settings) == TrainConfig(learning_rate=1e-3, encoder_factor=1)


def test_the_first_lines_name_augmentation_and_model(tmp_path, synthetic_folder, monkeypatch):
    def stop(*_):
        raise Killed

    monkeypatch.setattr("segtf.training.preparation.prepare", stop)
    source = load_source("synthetic", synthetic_folder)
    messages = []
    with pytest.raises(Killed):
        train(tmp_path / "run", source, on_message=messages.append)
    assert messages[1] == (
        "model: unet-efficientnet-lite0 with ImageNet weights (the default; --model unet begins "
        "from nothing)"
    )


@pytest.mark.slow
def test_grey_images_are_trained_on_by_default(tmp_path):
    write_synthetic(tmp_path / "data", count=4, size=(32, 32))
    source = replace(load_source("synthetic", tmp_path / "data"), channels=1)
    config = TrainConfig(size=(32, 32), epochs=1, batch_size=3, augment="none")
    run = train(tmp_path / "run", source, config, on_message=str, verbose=0)
    settings = run.config()["training"]
    assert (settings["model"], settings["encoder_weights"], settings["learning_rate"]) == (
        "unet-efficientnet-lite0",
        "imagenet",
        4e-3,
    )
    assert keras.models.load_model(run.best_model).input_shape == (None, 32, 32, 1)


@pytest.mark.slow
def test_a_run_goes_on_without_the_weight_file(
    tmp_path, synthetic_folder, weight_file, monkeypatch
):
    """Killed before its first step, as nothing but the initial weights can have been saved."""
    network = keras.applications.MobileNetV3Small(weights=weight_file, include_top=False)
    messages = []

    def kill(self, batch, logs=None):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(CountSteps, "on_train_batch_begin", kill, raising=False)
        with pytest.raises(Killed):
            train_tiny(
                tmp_path / "run",
                synthetic_folder,
                messages,
                encoder_weights=str(weight_file),
                freeze=("encoder",),
            )
    assert f"encoder weights: {weight_file}" in messages
    weight_file.unlink()

    resume(tmp_path / "run", on_message=str, verbose=0)

    run = Run.open(tmp_path / "run")
    assert len(run.history()) == 1
    model = keras.models.load_model(run.best_model, safe_mode=True)
    for name in ("conv", "conv_bn", "expanded_conv_8_expand", "expanded_conv_8_expand_bn"):
        received = model.get_layer(f"encoder_{name}").get_weights()
        for one, other in zip(received, network.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)
    assert segtf.load(run)(np.zeros((48, 64, 3), "uint8")).mask.shape == (48, 64)


@pytest.mark.slow
def test_a_mixed_precision_run_is_exported(tmp_path, synthetic_folder):
    messages = []
    run = train_tiny(tmp_path / "run", synthetic_folder, messages, precision="mixed_float16")
    assert "encoder weights: random" in messages
    for format_ in ("saved_model", "tflite"):
        assert segtf.export(run, tmp_path / format_, format_).agreement >= 0.999
