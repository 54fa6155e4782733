"""Our own networks, and models trained otherwise, go through the formats as they are."""

import keras
import numpy as np
import pytest
from export_examples import blocks
from PIL import Image
from skimage import data

import segtf
from segtf.models.keras_file import in_float32

IMAGES = [blocks(64, 64, seed=seed) for seed in range(4)]
PHOTOGRAPHS = [
    np.asarray(Image.fromarray(picture()).resize((64, 64)))
    for picture in (data.chelsea, data.coffee, data.rocket, data.astronaut)
]


def unet(**options):
    keras.utils.set_random_seed(0)
    return segtf.unet(input_shape=(64, 64, 3), num_classes=1, base_filters=4, depth=2, **options)


@pytest.mark.parametrize("format", ["saved_model", "tflite", "tflite-int8"])
def test_a_unet_is_exported(format, tmp_path):
    model = unet()
    export = segtf.export(model, tmp_path, format, calibration=IMAGES)
    np.testing.assert_equal(segtf.load(export.path)(IMAGES[0]).mask.shape, (64, 64))
    assert export.agreement >= (0.95 if format == "tflite-int8" else 0.999)


def test_a_segnet_is_exported_with_built_in_operations(tmp_path):
    keras.utils.set_random_seed(0)
    model = segtf.segnet(input_shape=(32, 32, 3), num_classes=3, base_filters=4)
    assert segtf.export(model, tmp_path, "tflite").agreement >= 0.999


def test_a_small_network_is_full_int8(tmp_path):
    keras.utils.set_random_seed(0)
    model = segtf.lite((64, 64, 3), 3, base_filters=8, encoder=None)
    for _ in range(20):  # statistics of batch normalisation, without which logits are all alike
        model(np.stack(PHOTOGRAPHS).astype("float32"), training=True)
    export = segtf.export(model, tmp_path, "tflite-int8", calibration=PHOTOGRAPHS)
    assert export.agreement >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("format", ["tflite", "tflite-int8"])
def test_a_unet_with_efficientnet_lite_is_exported_untrained(format, tmp_path):
    """What is concatenated shares one scale: unbounded, int8 loses a tenth of the pixels here."""
    keras.utils.set_random_seed(0)
    model = segtf.unet((64, 64, 3), 3, base_filters=4, encoder="efficientnet-lite0")
    export = segtf.export(model, tmp_path, format, calibration=PHOTOGRAPHS)
    assert export.agreement >= (0.95 if format == "tflite-int8" else 0.999)


def mixed_precision_unet():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return unet()
    finally:
        keras.config.set_dtype_policy("float32")


def test_mixed_precision_is_exported_in_float32(tmp_path):
    model = mixed_precision_unet()
    copy = in_float32(model)
    assert {layer.compute_dtype for layer in copy.layers} == {"float32"}
    for one, other in zip(copy.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    export = segtf.export(model, tmp_path, "tflite")
    assert export.agreement >= 0.999


def test_float32_models_are_not_copied():
    model = unet()
    assert in_float32(model) is model


def test_a_final_sigmoid_is_not_exported(tmp_path):
    inputs = keras.Input((32, 32, 3))
    body = keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid")
    model = keras.Model(inputs, body(keras.layers.Rescaling(1 / 64, -2)(inputs)))
    export = segtf.export(model, tmp_path, "tflite")
    pixels = np.stack(IMAGES[:1])[:, :32, :32]
    logits = segtf.load(export.path).backend(pixels)["logits"]
    assert logits.min() < 0 and logits.max() > 1
    np.testing.assert_allclose(
        1 / (1 + np.exp(-logits)), model(pixels.astype(np.float32)), atol=1e-5
    )
