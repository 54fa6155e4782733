"""Trainings compiled by XLA, as Keras compiles them where it sees a GPU: they end the same.

Data comes from `tf.data`: what a compiled function is called with is a constant to XLA, which
hides what depends on data.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.trainers.trainer import Trainer, model_supports_jit

import segtf
from segtf.data import load_source
from segtf.losses import CrossentropyDice, PixelCrossentropy, SoftDice, WeightedSum
from segtf.metrics import ConfusionMatrix
from segtf.models import build_model, model_names
from segtf.training import fuse_batch_norm
from segtf.training.config import TrainConfig
from segtf.training.precision import dtype_policy
from segtf.training.schedule import make_optimizer
from segtf.training.train import train

POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")
NAMES = ("ground", "road", "sky")


def batches(size=16):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4, size, size, 3)).astype("float32")
    masks = rng.integers(0, 3, (4, size, size)).astype("uint8")
    masks[0, :3] = 255
    return tf.data.Dataset.from_tensor_slices((images, masks)).batch(2)


def tiny(shape):
    """Convolutions and batch normalisation, which XLA compiles in a moment."""
    pixels = keras.Input(shape)
    features = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, padding="same")(pixels))
    return keras.Model(pixels, keras.layers.Conv2D(3, 1, dtype="float32")(features))


def built(name, policy, size, **settings):
    keras.utils.set_random_seed(0)
    with dtype_policy(policy):
        shape = (size, size, 3)
        model = tiny(shape) if name == "tiny" else build_model(name, shape, 3, **settings)
    fuse_batch_norm(model)
    config = TrainConfig(precision=policy, clip_norm=1.0, accumulate=2, learning_rate=1e-3)
    return model, make_optimizer(config, steps_per_epoch=2)


def history(jit_compile, name, policy, size=16, **settings):
    model, optimizer = built(name, policy, size, **settings)
    loss = WeightedSum([(PixelCrossentropy(class_weights=(1.0, 2.0, 0.5)), 1.0), (SoftDice(), 1.0)])
    metric = ConfusionMatrix(3, class_names=NAMES)
    model.compile(optimizer, loss, metrics=[metric], jit_compile=jit_compile)
    data = batches(size)
    rows = model.fit(data, validation_data=data, epochs=1, verbose=0, shuffle=False).history
    return {name: values[0] for name, values in rows.items()}


def lower(name, policy, size=32, **settings):
    """Translate the steps of training and validation for XLA, which takes longer to compile them.

    Raises:
        tf.errors.OpError: for what XLA cannot compile.
    """
    model, optimizer = built(name, policy, size, **settings)
    model.compile(optimizer, CrossentropyDice(), metrics=[ConfusionMatrix(3)])
    optimizer.build(model.trainable_variables)
    steps = tf.function(
        lambda *data: (model.train_step(data), model.test_step(data)), jit_compile=True
    )
    image, mask = (
        tf.TensorSpec((2, *spec.shape[1:]), spec.dtype) for spec in batches(size).element_spec
    )
    steps.experimental_get_compiler_ir(image, mask)(stage="hlo")


def assert_same(received, expected, tolerance):
    for name, figure in expected.items():
        assert received[name] == pytest.approx(figure, abs=tolerance, nan_ok=True), name


@pytest.mark.parametrize(
    "policy", ["float32", "mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)]
)
def test_figures_are_the_same(policy):
    expected, received = (history(jit, "tiny", policy) for jit in (False, True))
    # XLA rounds sums of half precision at other places.
    assert_same(received, expected, 1e-4 if policy == "float32" else 0.02)


def test_segnet_can_be_compiled():
    lower("segnet-basic", "float32", base_filters=2)


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", model_names())
def test_every_model_can_be_compiled(name, policy):
    has_encoder = "encoder" in segtf.models.find_model(name).settings
    lower(name, policy, **({} if has_encoder else {"base_filters": 2}))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unet", "segnet", "segnet-bilinear", "unet-mobilenetv3-small"])
def test_figures_of_models_are_the_same(name):
    expected, received = (history(jit, name, "float32", size=32) for jit in (False, True))
    assert_same(received, expected, 2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("freeze_epochs", [0, 1], ids=["as it is", "frozen first"])
def test_a_run_as_keras_compiles_it_on_a_gpu(
    tmp_path, synthetic_folder, monkeypatch, freeze_epochs
):
    config = TrainConfig(
        model="unet",
        model_settings={"base_filters": 2, "depth": 1},
        size=(16, 16),
        epochs=2,
        batch_size=4,
        average_weights=0.9,
        encoder_factor=0.5,
        freeze_epochs=freeze_epochs,
        class_weights="median-frequency",
        clip_norm=1.0,
        accumulate=2,
    )
    rows = []
    for name in ("plain", "compiled"):
        if name == "compiled":
            monkeypatch.setattr(Trainer, "_resolve_auto_jit_compile", model_supports_jit)
        source = load_source("synthetic", synthetic_folder)
        run = train(tmp_path / name, source, config, on_message=lambda line: None, verbose=0)
        rows.append(run.history()[-1])
    plain, compiled = rows
    del plain["seconds"]
    assert_same(compiled, plain, 2e-3)
