"""Models of one's own: whatever their last layers give is what the mask says."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from own_models import IMAGE, LABELS, SIZE, TRUTH, model_of

import segtf


def inside(tail):
    """The tail as a model within the model."""

    def call(scores):
        given = keras.Input(scores.shape[1:])
        return keras.Model(given, tail(given))(scores)

    return call


@keras.saving.register_keras_serializable(package="test")
class OwnSigmoid(layers.Layer):
    def call(self, values):
        return tf.sigmoid(values)


READ = {
    "logits": (1, lambda x: x),
    "logits, resized": (1, lambda x: layers.UpSampling2D(2, interpolation="bilinear")(x)),
    "sigmoid, resized": (1, lambda x: layers.UpSampling2D(2)(ops.sigmoid(x))),
    "sigmoid, resizing": (1, lambda x: layers.Resizing(*SIZE)(ops.sigmoid(x))),
    "sigmoid, reshape": (1, lambda x: layers.Reshape((*SIZE, 1))(ops.sigmoid(x))),
    "sigmoid, identity": (1, lambda x: layers.Identity()(ops.sigmoid(x))),
    "sigmoid, dropout": (1, lambda x: layers.Dropout(0.5)(ops.sigmoid(x))),
    "sigmoid, linear": (1, lambda x: layers.Activation("linear")(ops.sigmoid(x))),
    "sigmoid, casts": (1, lambda x: ops.cast(ops.cast(ops.sigmoid(x), "float16"), "float32")),
    "sigmoid, pad, crop": (
        1,
        lambda x: layers.Cropping2D(1)(layers.ZeroPadding2D(1)(ops.sigmoid(x))),
    ),
    "sigmoid of TensorFlow": (1, lambda x: layers.Activation(tf.sigmoid)(x)),
    "average of sigmoids": (1, lambda x: layers.Average()([ops.sigmoid(x), ops.sigmoid(2 * x)])),
    "sum of logits": (1, lambda x: layers.Add()([x, x])),
    "sigmoid in a model, resize in another": (
        1,
        lambda x: inside(layers.UpSampling2D(2))(inside(ops.sigmoid)(x)),
    ),
    "sigmoid in a model, identity in another": (
        1,
        lambda x: inside(layers.Identity())(inside(ops.sigmoid)(x)),
    ),
    "dict": (1, lambda x: {"mask": ops.sigmoid(x)}),
    "list": (1, lambda x: [ops.sigmoid(x)]),
    "two channels": (2, lambda x: x),
    "two channels, softmax, resized": (2, lambda x: layers.UpSampling2D(2)(ops.softmax(x))),
    "two channels, sigmoid, resized": (2, lambda x: layers.UpSampling2D(2)(ops.sigmoid(x))),
    "one of two channels": (2, lambda x: ops.softmax(x)[..., 1:]),
    "softmax, overshooting resize": (
        3,
        lambda x: layers.Resizing(32, 48, interpolation="bicubic")(ops.softmax(x)),
    ),
    "flat softmax": (
        3,
        lambda x: layers.Reshape((*SIZE, 3))(layers.Softmax()(layers.Reshape((-1, 3))(x))),
    ),
    "softmax of channels first": (
        3,
        lambda x: layers.Permute((2, 3, 1))(layers.Softmax(axis=1)(layers.Permute((3, 1, 2))(x))),
    ),
    "argmax": (3, lambda x: ops.argmax(x, -1)),
    "argmax with a channel": (3, lambda x: ops.cast(ops.argmax(x, -1)[..., None], "float32")),
}


@pytest.mark.parametrize("name", READ)
def test_the_mask_is_the_models_own(name):
    channels, tail = READ[name]
    labels = LABELS if channels == 3 else None
    mask = segtf.load(model_of(channels, tail), labels=labels)(IMAGE).mask
    np.testing.assert_array_equal(mask, TRUTH)


def test_probabilities_behind_a_resize_stay_what_they_are():
    model = model_of(1, lambda x: layers.UpSampling2D(1)(ops.sigmoid(x)))
    given = segtf.load(model)(IMAGE).probabilities
    np.testing.assert_allclose(given, model(IMAGE[None].astype("float32"))[0], atol=1e-6)


UNCLEAR = {
    "hard sigmoid": (1, lambda x: layers.Activation("hard_sigmoid")(x)),
    "own layer": (1, lambda x: OwnSigmoid()(x)),
    "complement": (1, lambda x: 1 - ops.sigmoid(-x)),
    "two complements": (1, lambda x: ops.concatenate([1 - ops.sigmoid(x), ops.sigmoid(x)], -1)),
    "lambda": (1, lambda x: layers.Lambda(tf.sigmoid)(x)),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_may_be_probabilities_is_refused_until_it_is_said(name):
    model = model_of(*UNCLEAR[name])
    with pytest.raises(ValueError, match=r"outputs='probabilities'.*--outputs.*Received"):
        segtf.load(model)(IMAGE)
    mask = segtf.load(model, outputs="probabilities")(IMAGE).mask
    np.testing.assert_array_equal(mask, TRUTH)


@pytest.mark.parametrize(
    "tail",
    [
        lambda x: 255 * ops.sigmoid(x),
        lambda x: ops.cast(layers.Lambda(lambda y: y > 0)(x), "float32"),
        lambda x: layers.Softmax()(x),
        lambda x: layers.Softmax(axis=1)(x),
    ],
    ids=["0..255", "0 and 1", "softmax of one channel", "softmax down the columns"],
)
def test_other_values_are_refused(tail):
    with pytest.raises(ValueError, match="Received: outputs from"):
        segtf.load(model_of(1, tail))(IMAGE)


def test_logits_of_an_unclear_graph_are_taken():
    predict = segtf.load(model_of(1, lambda x: layers.Lambda(lambda y: 2 * y)(x)))
    np.testing.assert_array_equal(predict(IMAGE).mask, TRUTH)
    # They have been seen to be logits: an image of little contrast is no doubt any more.
    predict(np.full_like(IMAGE, 101))


def test_small_logits_are_taken_where_it_is_said():
    model = model_of(1, lambda x: layers.Lambda(lambda y: 0.5 + y / 1000)(x))
    with pytest.raises(ValueError, match="outputs='logits'"):
        segtf.load(model)(IMAGE)
    assert segtf.load(model, outputs="logits")(IMAGE).mask.min() == 1


def test_what_is_said_is_checked():
    with pytest.raises(ValueError, match="Conv2D without an activation"):
        segtf.load(model_of(1, lambda x: x), outputs="probabilities")
    scores = model_of(1, lambda x: layers.Lambda(lambda y: 2 * y)(x))
    with pytest.raises(ValueError, match=r"Expected probabilities.*Received"):
        segtf.load(scores, outputs="probabilities")(IMAGE)
    with pytest.raises(ValueError, match="Received: 'scores'"):
        segtf.load(scores, outputs="scores")


def test_class_ids_need_labels():
    model = model_of(3, lambda x: ops.argmax(x, -1))
    with pytest.raises(ValueError, match=r"labels=.*class ids"):
        segtf.load(model)
    beyond = segtf.load(model_of(3, lambda x: ops.argmax(x, -1) + 5), labels=LABELS)
    with pytest.raises(ValueError, match=r"Expected class ids below 3.*from 5 to 6"):
        beyond(IMAGE)
    with pytest.raises(ValueError, match="no threshold"):
        segtf.load(model, labels=LABELS, threshold=0.4)
    with pytest.raises(ValueError, match="one that gives class ids"):
        segtf.export(model, "never-written", labels=LABELS)


def test_a_model_class_of_ones_own_is_told_how_to_load_it():
    class Own(keras.Model):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def call(self, pixels):
            return self.inner(pixels)

    own = Own(model_of(1, lambda x: x))
    own(np.zeros((1, *SIZE, 3), "float32"))
    with pytest.raises(ValueError, match=r"keras\.Model\(pixels, model\(pixels\)\).*Received: Own"):
        segtf.load(own)
    pixels = keras.Input((*SIZE, 3))
    mask = segtf.load(keras.Model(pixels, own(pixels)))(IMAGE).mask
    np.testing.assert_array_equal(mask, TRUTH)


def test_channels_first_is_refused_with_the_remedy():
    pixels = keras.Input((3, *SIZE))
    with pytest.raises(ValueError, match=r"channels last.*Permute.*Received"):
        segtf.load(keras.Model(pixels, layers.Permute((3, 1, 2))(pixels)))


def test_no_images_are_no_predictions():
    for channels, tail in ((1, lambda x: x), (3, lambda x: ops.argmax(x, -1))):
        predict = segtf.load(model_of(channels, tail), labels=LABELS if channels == 3 else None)
        assert predict.batch([]) == []
        (nothing,) = predict.backend(np.zeros((0, *SIZE, 3), np.uint8)).values()
        assert len(nothing) == 0
