import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special

from segtf.inference.logits import logits_model


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)


def head(channels, activation=None):
    inputs = keras.Input((8, 8, 3))
    scaled = keras.layers.Rescaling(1 / 255)(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(channels, 3, activation=activation)(scaled))


def functional(body, layer):
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, layer(body(inputs)))


BINARY = {
    "activation of the last layer": lambda: head(1, "sigmoid"),
    "activation layer": lambda: functional(head(1), keras.layers.Activation("sigmoid")),
    "operation": lambda: functional(head(1), keras.ops.sigmoid),
    "model within a model": lambda: functional(head(1, "sigmoid"), lambda x: x),
    "sequential": lambda: keras.Sequential([keras.Input((8, 8, 3)), head(1, "sigmoid")]),
}
MULTICLASS = {
    "activation of the last layer": lambda: head(3, "softmax"),
    "softmax layer": lambda: functional(head(3), keras.layers.Softmax()),
    "operation": lambda: functional(head(3), keras.ops.softmax),
}


@pytest.mark.parametrize("name", BINARY)
def test_a_final_sigmoid_is_taken_off(name, pixels):
    model = BINARY[name]()
    values = logits_model(model)(pixels).numpy()
    np.testing.assert_allclose(special.expit(values), model(pixels), atol=1e-6)
    assert values.min() < 0 or values.max() > 1


@pytest.mark.parametrize("name", MULTICLASS)
def test_a_final_softmax_is_taken_off(name, pixels):
    model = MULTICLASS[name]()
    values = logits_model(model)(pixels).numpy()
    np.testing.assert_allclose(special.softmax(values, axis=-1), model(pixels), atol=1e-6)
    assert not np.allclose(values.sum(-1), 1)


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_two_channels_become_one_logit(activation, pixels):
    model = head(2, activation)
    values = logits_model(model)(pixels).numpy()
    outputs = model(pixels).numpy()
    chances = outputs if activation else special.softmax(outputs, axis=-1)
    assert values.shape[-1] == 1
    np.testing.assert_allclose(special.expit(values), chances[..., 1:], atol=1e-6)


def test_a_model_of_logits_is_left_alone():
    model = head(1)
    assert logits_model(model) is model


def test_logits_are_float32(pixels):
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1, dtype="mixed_float16")(inputs))
    assert logits_model(model)(pixels).dtype == tf.float32


def test_the_model_given_is_not_changed(pixels):
    model = head(1, "sigmoid")
    before = model(pixels).numpy()
    logits_model(model)
    np.testing.assert_array_equal(model(pixels), before)


def test_models_that_do_not_segment_are_refused():
    inputs = keras.Input((8, 8, 3))
    classifier = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    with pytest.raises(ValueError, match=r"output is \(batch, height, width, channels\).*Received"):
        logits_model(classifier)
    with pytest.raises(ValueError, match=r"one input and one output.*2 outputs"):
        logits_model(keras.Model(inputs, [inputs, inputs]))


def test_a_model_never_called_is_refused():
    with pytest.raises(ValueError, match="inputs are not known"):
        logits_model(keras.Sequential([keras.layers.Conv2D(1, 1)]))
