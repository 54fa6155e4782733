"""A look at the batches of a `fit` of one's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from segtf.training import check_inputs

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype("float32")
IDS = np.random.default_rng(1).integers(0, 2, (2, 8, 8)).astype("uint8")


def model_of(channels, rescaling=True):
    layers = [keras.layers.Rescaling(1 / 255)] if rescaling else []
    inner = keras.Sequential([keras.Input((8, 8, 3)), *layers, keras.layers.Conv2D(4, 1)])
    return keras.Sequential([keras.Input((8, 8, 3)), inner, keras.layers.Conv2D(channels, 1)])


@pytest.mark.parametrize(
    ("images", "masks", "channels", "received"),
    [
        (PIXELS / 255, IDS, 1, "leave out what scales them"),
        (PIXELS / 127.5 - 1, IDS, 1, "leave out what scales them"),
        (PIXELS, IDS * 255, 1, "divide them by 255"),
        (PIXELS, IDS[..., None] * 255, 3, "divide them by 255"),
        (PIXELS, IDS * 0.5, 1, "fractions"),
        (PIXELS, IDS * 7, 3, "values 7"),
        (PIXELS, IDS[:, :4], 1, "shape"),
        (PIXELS, np.stack([IDS, 1 - IDS], -1), 3, "shape"),
    ],
)
def test_what_trains_without_a_word_is_refused(images, masks, channels, received):
    data = tf.data.Dataset.from_tensor_slices((images, masks)).batch(2)
    with pytest.raises(ValueError, match=f"Expected .*Received: .*{received}"):
        check_inputs(data, model_of(channels))


def test_batches_that_fit_come_back_as_they_are_and_train_with_xla():
    data = tf.data.Dataset.from_tensor_slices((PIXELS, IDS)).batch(1)
    model = model_of(1)
    model.compile("sgd", "mse", jit_compile=True)
    model.fit(check_inputs(data, model), verbose=0)
    ignored = np.where(IDS == 0, 255, IDS)
    ignored[0, 0, 0] = 0
    for masks in (IDS, ignored, np.zeros_like(IDS)):
        batches = [(PIXELS, masks, np.ones(2))]
        assert check_inputs(batches, model) is batches
    one_hot = [(PIXELS, np.stack([IDS, 1 - IDS, IDS * 0], -1))]
    assert check_inputs(one_hot, model_of(3)) is one_hot
    scaled = [(PIXELS / 255, IDS)]
    assert check_inputs(scaled, model_of(1, rescaling=False)) is scaled


@pytest.mark.parametrize("batches", [iter([(PIXELS, IDS)]), [], [PIXELS]])
def test_what_are_no_batches_is_refused(batches):
    with pytest.raises(ValueError, match="Expected batches"):
        check_inputs(batches, model_of(1))
