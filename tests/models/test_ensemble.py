"""Several models as one: the mean of their probabilities."""

import keras
import numpy as np
import pytest

from segtf.models import ensemble


def member(logits):
    """A model that gives these logits at each pixel, and a little of the pixel's value."""
    pixels = keras.Input((4, 4, 3))
    layer = keras.layers.Conv2D(len(logits), 1)
    model = keras.Model(pixels, layer(pixels))
    layer.set_weights([np.full((1, 1, 3, len(logits)), 1e-3), np.array(logits, "float32")])
    return model


def probabilities(logits):
    logits = np.asarray(logits, "float64")
    if logits.shape[-1] == 1:
        return 1 / (1 + np.exp(-logits))
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize(
    "logits",
    [
        [[0.5], [-1.5], [3.0]],
        [[40.0], [35.0]],
        [[-300.0], [300.0]],
        [[0.1, 2.0, -1.0], [5.0, 0.0, 0.0]],
        [[300.0, -300.0], [-300.0, 300.0]],
        [[70.0, 66.0, 68.0], [90.0, 91.0, 80.0]],
    ],
)
def test_the_probabilities_are_the_mean_of_the_members(tmp_path, logits):
    members = [member(one) for one in logits]
    path = tmp_path / "ensemble.keras"
    activation = "sigmoid" if len(logits[0]) == 1 else "softmax"
    ensemble(members, activation).save(path)
    model = keras.saving.load_model(path, safe_mode=True)
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype("float32")
    received = model.predict(images, verbose=0)
    assert np.isfinite(received).all()
    expected = np.mean([probabilities(one.predict(images, verbose=0)) for one in members], axis=0)
    np.testing.assert_allclose(probabilities(received), expected, rtol=1e-4, atol=1e-6)


def test_models_that_do_not_fit_together_are_refused():
    with pytest.raises(ValueError, match=r"two models or more.*Received: 1 of"):
        ensemble([member([1.0])], "sigmoid")
    with pytest.raises(ValueError, match=r"of one shape\. Received: 2 of"):
        ensemble([member([1.0]), member([1.0, 2.0])], "sigmoid")
    with pytest.raises(ValueError, match=r"sigmoid or softmax\. Received: 'tanh'"):
        ensemble([member([1.0]), member([2.0])], "tanh")


def test_classes_that_overlap_are_averaged_each_by_itself():
    model = ensemble([member([2.0, -1.0]), member([0.0, 3.0])], "sigmoid")
    received = model.predict(np.zeros((1, 4, 4, 3), "float32"), verbose=0)
    expected = (1 / (1 + np.exp([-2.0, 1.0])) + 1 / (1 + np.exp([0.0, -3.0]))) / 2
    np.testing.assert_allclose(1 / (1 + np.exp(-received[0, 0, 0])), expected, rtol=1e-5)
