from types import MappingProxyType

import keras
import numpy as np
import pytest
from model_tester import ModelTester, images

from segtf.models import segmentation_head, unet, unet_body

SMALL = MappingProxyType({"base_filters": 2, "depth": 3})


@pytest.mark.calls_model
class TestUNet(ModelTester):
    variant = "unet"
    multiple = 8
    settings = SMALL


class TestUNetOriginal(ModelTester):
    variant = "unet-original"
    multiple = 8
    settings = SMALL


def test_size_of_the_published_network():
    model = unet((None, None, 1), num_classes=2, base_filters=64, normalization=None)
    assert model.count_params() == 31_030_658


def test_convolutions_have_a_bias_only_without_normalization():
    convolutions = {
        normalization: [
            layer
            for layer in unet(normalization=normalization, base_filters=2).layers
            if type(layer) is keras.layers.Conv2D and layer.name != "logits"
        ]
        for normalization in ("batch", None)
    }
    assert not any(layer.use_bias for layer in convolutions["batch"])
    assert all(layer.use_bias for layer in convolutions[None])


def test_bilinear_upsampling_is_the_same_at_known_and_unknown_size():
    known = unet((32, 48, 3), base_filters=2, depth=3, upsampling="bilinear")
    unknown = unet((None, None, 3), base_filters=2, depth=3, upsampling="bilinear")
    unknown.set_weights(known.get_weights())
    pixels = images((32, 48))
    np.testing.assert_allclose(unknown(pixels), known(pixels), atol=1e-5)


def test_rescaling_is_part_of_the_model_unless_left_out():
    scaled = unet((16, 16, 3), base_filters=2, depth=2, include_rescaling=False)
    model = unet((16, 16, 3), base_filters=2, depth=2)
    model.set_weights(scaled.get_weights())
    pixels = images((16, 16))
    np.testing.assert_allclose(model(pixels), scaled(pixels / 255), atol=1e-5)


def test_dropout_acts_in_training_only():
    keras.utils.set_random_seed(0)
    model = unet((16, 16, 3), base_filters=2, depth=2, normalization=None, dropout=0.5)
    pixels = images((16, 16))
    np.testing.assert_array_equal(model(pixels), model(pixels))
    assert not np.array_equal(model(pixels, training=True), model(pixels, training=True))


def test_other_heads_attach_to_the_body():
    image = keras.Input((32, 32, 3))
    features = unet_body(image, base_filters=2, depth=2)
    heads = [segmentation_head(features, 2, name="a"), segmentation_head(features, 5, name="b")]
    model = keras.Model(image, heads)
    assert model.output_shape == [(None, 32, 32, 2), (None, 32, 32, 5)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"input_shape": (32, 32)}, "input_shape"),
        ({"input_shape": (32, 32, None)}, "input_shape"),
        ({"input_shape": (0, 32, 3)}, "input_shape"),
        ({"num_classes": 0}, "num_classes"),
        ({"depth": 0}, "depth"),
        ({"base_filters": 0}, "base_filters"),
        ({"normalization": "layer"}, "normalization"),
        ({"upsampling": "cubic"}, "upsampling"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match="Received") as error:
        unet(**{"base_filters": 2, **settings})
    assert message in str(error.value)
