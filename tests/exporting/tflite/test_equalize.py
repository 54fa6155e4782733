"""Ranges of what is concatenated, made equal without another answer."""

import keras
import numpy as np
import pytest
from export_examples import blocks

import segtf
from segtf.exporting.tflite.equalize import equalized, find_joins


@pytest.fixture(scope="module", params=["transposed", "bilinear"])
def model(request):
    """A U-Net whose upsampled channels are of very different ranges."""
    keras.utils.set_random_seed(0)
    built = segtf.unet(
        (16, 24, 3), num_classes=2, base_filters=2, depth=2, upsampling=request.param
    )
    suffix = "_up" if request.param == "transposed" else "_up_conv"
    for level, factors in enumerate(([500.0, 0.01], [500.0, 30.0, 1.0, 0.01])):
        layer = built.get_layer(f"decoder{level}{suffix}")
        kernel, bias = layer.get_weights()
        factors = np.array(factors, np.float32)
        wide = factors[:, np.newaxis] if request.param == "transposed" else factors
        layer.set_weights([kernel * wide, bias])
    return built


@pytest.fixture(scope="module")
def canvases():
    return [blocks(16, 24, seed=seed) for seed in range(3)]


def peaks(model, canvases):
    """Largest values of each half of each concatenation."""
    joins = find_joins(model)
    look = keras.Model(model.inputs, [one for join in joins for one in (join.output, *join.others)])
    values = [value.numpy() for value in look([np.stack(canvases).astype(np.float32)])]
    return [
        (np.abs(one).max((0, 1, 2)), np.abs(other).max())
        for one, other in zip(values[::2], values[1::2], strict=True)
    ]


@pytest.mark.calls_model
def test_every_channel_reaches_what_it_is_concatenated_with(model, canvases):
    assert len(find_joins(model)) == 2
    pixels = np.stack(canvases).astype(np.float32)
    before, weights = model(pixels).numpy(), model.get_weights()
    assert any(one.max() > 10 * other for one, other in peaks(model, canvases))
    with equalized(model, canvases):
        np.testing.assert_allclose(model(pixels), before, rtol=1e-3, atol=1e-3 * before.std())
        for one, other in peaks(model, canvases):
            np.testing.assert_allclose(one[one > 0], other, rtol=1e-3)
    for one, other in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_come_back_after_an_error(model, canvases):
    weights = model.get_weights()
    with pytest.raises(RuntimeError), equalized(model, canvases):
        raise RuntimeError
    for one, other in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_goes_elsewhere_too_or_is_rectified_is_left_alone():
    pixels = keras.Input((8, 8, 3))
    first = keras.layers.Conv2D(2, 3, padding="same")(pixels)
    second = keras.layers.Conv2D(2, 3, padding="same", activation="relu")(pixels)
    third = keras.layers.Conv2D(2, 3, padding="same", name="alone")(pixels)
    joined = keras.layers.Concatenate()([first, second, third])
    out = keras.layers.Conv2D(1, 1)(joined)
    model = keras.Model(pixels, [out, first])
    (join,) = find_joins(model)
    assert (join.layer.name, join.first, len(join.others)) == ("alone", 4, 2)
    assert find_joins(keras.Model(pixels, [out, joined])) == []
