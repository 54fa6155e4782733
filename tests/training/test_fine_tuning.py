"""A slower encoder, one that is frozen at first, and statistics of the weights that there are."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from segtf.models import unet
from segtf.training import (
    EncoderAdamW,
    EncoderSGD,
    FreezeEncoder,
    MeasureBatchNorm,
    find_layers,
    usual_momentum,
)

RATE, FACTOR = 0.1, 0.25


def tiny():
    keras.utils.set_random_seed(0)
    return unet((16, 16, 3), base_filters=2, depth=1)


def batches():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (8, 16, 16, 3)).astype("float32")
    masks = rng.integers(0, 2, (8, 16, 16)).astype("uint8")
    return tf.data.Dataset.from_tensor_slices((images, masks[..., None])).batch(4)


def updated(optimizer, wrap=lambda optimizer: optimizer):
    """A variable of an encoder and one of a decoder, after some updates."""
    encoder, decoder = (
        keras.layers.Dense(2, use_bias=False, name=f"{part}0") for part in ("encoder", "decoder")
    )
    for layer in (encoder, decoder):
        layer.build((None, 3))
        layer.set_weights([np.linspace(-1, 1, 6, dtype="float32").reshape(3, 2)])
    encoder, decoder = encoder.kernel, decoder.kernel
    optimizer = wrap(optimizer)
    optimizer.build([encoder, decoder])
    rng = np.random.default_rng(1)
    for _ in range(4):
        gradients = [rng.normal(size=(3, 2)).astype("float32")] * 2
        optimizer.apply([optimizer.scale_loss(g) for g in gradients], [encoder, decoder])
    return encoder.numpy(), decoder.numpy()


@pytest.mark.parametrize("wrap", [lambda one: one, keras.optimizers.LossScaleOptimizer])
@pytest.mark.parametrize(
    ("ours", "theirs", "settings"),
    [
        (EncoderAdamW, keras.optimizers.AdamW, {"weight_decay": 0.02}),
        (EncoderAdamW, keras.optimizers.AdamW, {"gradient_accumulation_steps": 2}),
        (EncoderSGD, keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}),
        (EncoderSGD, keras.optimizers.SGD, {"weight_decay": 0.02, "global_clipnorm": 0.5}),
    ],
)
def test_each_part_is_updated_as_by_keras_at_its_own_learning_rate(ours, theirs, settings, wrap):
    encoder, decoder = updated(ours(RATE, encoder_factor=FACTOR, **settings), wrap)
    np.testing.assert_allclose(decoder, updated(theirs(RATE, **settings))[1], rtol=1e-5)
    np.testing.assert_allclose(encoder, updated(theirs(RATE * FACTOR, **settings))[0], rtol=1e-5)


def test_the_optimizer_is_saved_with_a_model_which_goes_on_as_before(tmp_path):
    model = tiny()
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-2, 10, 0.5)
    model.compile(EncoderAdamW(schedule, encoder_factor=FACTOR), "binary_crossentropy")
    model.fit(batches(), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.encoder_factor == FACTOR
    names = [layer.name for layer in find_layers(model)]
    assert [layer.name for layer in find_layers(loaded)] == names
    for one in (model, loaded):
        one.fit(batches(), verbose=0, shuffle=False)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_model_within_a_model_is_an_encoder_by_its_name():
    inner = keras.Sequential([keras.layers.Dense(3, name="first")], name="encoder")
    model = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(1)])
    assert [layer.name for layer in find_layers(model)] == ["first"]


def test_a_model_without_an_encoder_is_refused():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="dense")])
    with pytest.raises(ValueError, match=r"weights of an encoder.*Received: .*dense/kernel"):
        EncoderAdamW().build(model.trainable_variables)
    with pytest.raises(ValueError, match=r"out of dense\. Received: 'encoder'"):
        FreezeEncoder(model, 1)
    model = tiny()
    for layer in find_layers(model):
        layer.trainable = False
    with pytest.raises(ValueError, match="all of them are frozen"):
        FreezeEncoder(model, 1)


def encoder_values(model):
    return [weight for layer in find_layers(model) for weight in layer.get_weights()]


class Watch(keras.callbacks.Callback):
    """The encoder after each epoch, and what of the model could be trained then."""

    def __init__(self):
        super().__init__()
        self.values, self.trainable = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.values.append(encoder_values(self.model))
        self.trainable.append(len(self.model.trainable_weights))


def test_the_encoder_is_frozen_in_the_first_epochs_whatever_they_begin_at():
    model = tiny()
    model.compile("adam", "binary_crossentropy")
    frozen_by_hand = find_layers(model, "encoder0_2")
    for layer in frozen_by_hand:
        layer.trainable = False
    count = len(model.trainable_weights)
    watch, before = Watch(), encoder_values(model)
    callbacks = [FreezeEncoder(model, 2), watch]
    model.fit(batches(), epochs=1, callbacks=callbacks, verbose=0)
    model.fit(batches(), initial_epoch=1, epochs=4, callbacks=callbacks, verbose=0)
    changes = [
        sum(not np.array_equal(one, other) for one, other in zip(before, values, strict=True))
        for values in watch.values
    ]
    of_hand = sum(len(layer.weights) for layer in frozen_by_hand)
    assert changes == [0, 0, len(before) - of_hand, len(before) - of_hand]
    assert watch.trainable == [count] * 4
    model.fit(batches(), epochs=1, callbacks=callbacks, verbose=0)  # a training from the start
    for one, other in zip(encoder_values(model), watch.values[3], strict=True):
        np.testing.assert_array_equal(one, other)
    model.fit(batches(), verbose=0)
    assert not np.array_equal(encoder_values(model)[0], watch.values[3][0])


def test_the_statistics_are_those_of_the_weights_at_each_validation():
    model = tiny()
    model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy")
    data = batches()
    model.fit(data, validation_data=data, callbacks=[MeasureBatchNorm(model, data)], verbose=0)
    images = next(iter(data))[0]
    means = []
    for layer in model.layers:
        if layer.name == "encoder0_1_norm":
            inputs = keras.Model(model.inputs, layer.input)
            means = [inputs(images, training=True).numpy().mean((0, 1, 2)) for images, _ in data]
            np.testing.assert_allclose(layer.moving_mean, np.mean(means, axis=0), rtol=1e-4)
    assert means
    at_rest, in_training = (model(images, training=flag).numpy() for flag in (False, True))
    assert np.abs(at_rest - in_training).mean() < 0.2 * np.abs(in_training).mean()


@pytest.mark.parametrize("steps", [1, 40, 640, 10**6])
def test_the_average_is_over_a_twentieth_of_the_training(steps):
    assert 1 / (1 - usual_momentum(steps)) == pytest.approx(max(2, steps / 20))
