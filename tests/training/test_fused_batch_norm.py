import keras
import numpy as np
import pytest
import tensorflow as tf

import segtf
from segtf.training import fuse_batch_norm

SHAPE = (12, 10, 3)


def normalizing(**settings):
    pixels = keras.Input(SHAPE)
    model = keras.Model(pixels, keras.layers.BatchNormalization(momentum=0.7, **settings)(pixels))
    model.set_weights([value + 0.5 * index for index, value in enumerate(model.get_weights())])
    return model


def batch():
    return np.random.default_rng(0).normal(3.0, 2.0, (4, *SHAPE)).astype("float32")


def step(model, inputs):
    """Outputs, gradients and weights after a step of training."""
    inputs = tf.constant(inputs)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = model(inputs, training=True)
        loss = tf.reduce_sum(tf.cast(outputs, tf.float32) ** 3)
    watched = [inputs, *(weight.value for weight in model.trainable_weights)]
    return [outputs, *tape.gradient(loss, watched), *model.get_weights()]


def operations(model):
    run = tf.function(lambda pixels: model(pixels, training=True))
    graph = run.get_concrete_function(tf.TensorSpec((2, *model.input_shape[1:]))).graph
    return {operation.type for operation in graph.get_operations()}


@pytest.mark.parametrize("settings", [{}, {"scale": False}, {"center": False}, {"epsilon": 0.1}])
def test_computes_what_keras_does(settings):
    keras_model, fused = normalizing(**settings), fuse_batch_norm(normalizing(**settings))
    expected, received = step(keras_model, batch()), step(fused, batch())
    for one, other in zip(expected, received, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(fused(batch()), keras_model(batch()), rtol=1e-4, atol=1e-4)


def test_builders_leave_the_layers_of_keras_alone():
    for model in (
        segtf.unet((16, 16, 3), base_filters=2),
        segtf.segnet((32, 32, 3), base_filters=2),
    ):
        assert not any("call" in vars(layer) for layer in model.layers)
        assert "FusedBatchNormV3" in operations(fuse_batch_norm(model))
        assert "SquaredDifference" not in operations(model)


def test_frozen_layers_keep_their_statistics():
    model = fuse_batch_norm(normalizing())
    model.layers[-1].trainable = False
    before = model.get_weights()
    model(batch(), training=True)
    np.testing.assert_array_equal(before, model.get_weights())


def test_half_precision_keeps_float32_statistics():
    model = fuse_batch_norm(normalizing(dtype="mixed_bfloat16"))
    outputs = model(batch() + 300.0, training=True)
    assert outputs.dtype == "bfloat16"
    plain = normalizing(dtype="mixed_bfloat16")
    plain(batch() + 300.0, training=True)
    for one, other in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-3)


def test_saved_models_hold_keras_own_layers(tmp_path):
    model = fuse_batch_norm(segtf.unet((16, 16, 3), base_filters=2, depth=1))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    norms = [layer for layer in loaded.layers if "norm" in layer.name]
    assert norms and all(type(layer) is keras.layers.BatchNormalization for layer in norms)
    assert "SquaredDifference" in operations(loaded)
    assert "SquaredDifference" not in operations(fuse_batch_norm(loaded))


def test_fusing_twice_is_fusing_once():
    model = fuse_batch_norm(normalizing())
    call = model.layers[-1].call
    assert fuse_batch_norm(model).layers[-1].call is call
