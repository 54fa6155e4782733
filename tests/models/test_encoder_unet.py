"""U-Nets with encoders: what they cost and refuse, and how grey images and any size go through."""

import keras
import numpy as np
import pytest
from model_tester import images
from test_encoders import EACH, SMALL

from segtf.models import (
    build_model,
    encoder_unet_body,
    multiply_adds,
    segmentation_head,
    unet,
)
from segtf.models.encoder_costs import UNET_COSTS
from segtf.models.keras_file import in_float32

GREY_SIZE = (70, 33)


@pytest.fixture(scope="module")
def grey_unet():
    """The cheapest U-Net with an encoder, for grey images of a size that does not divide."""
    return unet((*GREY_SIZE, 1), 3, encoder=SMALL, batch_norm_momentum=0.7)


@pytest.mark.parametrize("name", EACH)
def test_costs_are_as_declared(name, grey_unet):
    model = grey_unet if name == SMALL else build_model(f"unet-{name}", (*GREY_SIZE, 1), 3)
    declared = UNET_COSTS[name].of_model(GREY_SIZE, num_classes=3)
    assert declared == (model.count_params(), multiply_adds(model))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"encoder": "vgg16"},
            "efficientnet-lite0, .*, convnext-tiny. Received: 'vgg16'",
        ),
        ({"encoder": SMALL, "depth": 4}, "depth of 5 with an encoder. Received: depth=4"),
        ({"encoder": SMALL, "base_filters": 0}, "base_filters.*Received"),
        ({"encoder_weights": "imagenet"}, "only where there is an encoder. Received"),
        (
            {"encoder": SMALL, "encoder_weights": "imagenet", "input_shape": (64, 64, 2)},
            "1, 3 or more channels.*Received: 2 channels",
        ),
        ({"narrow_skips": True}, "narrow_skips only where there is an encoder. Received"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        unet(**settings)


def test_grey_enters_as_rgb(grey_unet):
    scaled = keras.Model(grey_unet.input, grey_unet.get_layer("encoder_conv").input)
    pixels = images(GREY_SIZE)[..., :1]
    expected = np.repeat(pixels / 127.5 - 1, 3, axis=-1)
    received = scaled(pixels)[:, : GREY_SIZE[0], : GREY_SIZE[1]]
    np.testing.assert_allclose(received, expected, atol=1e-6)


def test_momentum_of_the_moving_statistics_is_ours(grey_unet):
    layers = [
        layer for layer in grey_unet.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert {layer.momentum for layer in layers} == {0.7}


def test_names_do_not_depend_on_what_was_built_before(grey_unet):
    other = unet((32, 32, 3), encoder=SMALL, base_filters=1)
    first, second = (
        {layer.name for layer in model.operations if layer.name.startswith("encoder_")}
        for model in (grey_unet, other)
    )
    assert first == second


@pytest.mark.slow
def test_any_size_gives_what_its_padded_image_gives(grey_unet, tmp_path):
    dynamic = unet((None, None, 1), 3, encoder=SMALL, batch_norm_momentum=0.7)
    dynamic.set_weights(grey_unet.get_weights())
    dynamic.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    height, width = GREY_SIZE
    pixels = images(GREY_SIZE)[..., :1]
    canvas = np.pad(pixels, [(0, 0), (0, -height % 32), (0, -width % 32), (0, 0)])
    expected = grey_unet(pixels)
    assert expected.shape == (2, height, width, 3)
    assert expected.dtype == "float32"
    np.testing.assert_allclose(loaded(pixels), expected, atol=1e-4)
    np.testing.assert_allclose(loaded(canvas)[:, :height, :width], expected, atol=1e-4)


def test_other_heads_attach_to_the_body_and_other_channels_need_no_weights():
    image = keras.Input((40, 40, 5))
    features = encoder_unet_body(image, SMALL, base_filters=2, normalization=None, dropout=0.1)
    heads = [segmentation_head(features, 2, name="a"), segmentation_head(features, 5, name="b")]
    model = keras.Model(image, heads)
    assert model.output_shape == [(None, 40, 40, 2), (None, 40, 40, 5)]


def test_a_mixed_precision_model_is_copied_to_float32():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = build_model("unet-mobilenetv3-small", (32, 32, 3), base_filters=2)
    finally:
        keras.config.set_dtype_policy("float32")
    copy = in_float32(model)
    assert {layer.compute_dtype for layer in copy.layers} == {"float32"}
    pixels = images((32, 32))
    np.testing.assert_allclose(copy(pixels), model(pixels), atol=0.05)
