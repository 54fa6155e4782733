import keras
import numpy as np
import pytest
from model_tester import ModelTester, images

from segtf.models import segnet, segnet_basic

MEAN_OF_VGG16 = (103.939 + 116.779 + 123.68) / 3


@pytest.mark.calls_model
class TestSegNet(ModelTester):
    variant = "segnet"
    multiple = 32


class TestSegNetBasic(ModelTester):
    variant = "segnet-basic"
    multiple = 16


@pytest.mark.slow
class TestSegNetBilinear(ModelTester):
    variant = "segnet-bilinear"
    multiple = 32


def test_size_of_the_published_network():
    model = segnet((None, None, 3), num_classes=11)
    trainable = sum(weight.value.shape.num_elements() for weight in model.trainable_weights)
    assert trainable == 29_449_355
    assert model.count_params() == 29_465_227


def test_size_of_the_published_basic_network():
    model = segnet_basic((None, None, 3), num_classes=11)
    assert round(model.count_params() / 1e6, 1) == 1.4


def test_unpooling_adds_no_weights():
    counts = {
        segnet(base_filters=2, unpooling=unpooling).count_params()
        for unpooling in ("indices", "bilinear")
    }
    assert len(counts) == 1


@pytest.mark.parametrize("build", [segnet, segnet_basic])
def test_unknown_unpooling_is_refused(build):
    with pytest.raises(ValueError, match=r"unpooling.*Received: 'nearest'"):
        build(base_filters=2, unpooling="nearest")


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory):
    """The network of the paper's encoder, and a file of it."""
    network = keras.applications.VGG16(weights=None, include_top=False)
    path = tmp_path_factory.mktemp("weights") / "vgg16.weights.h5"
    network.save_weights(path)
    return network, path


def first_convolution(model, channels):
    """The last pixels before a SegNet's first normalisation, whose borders pad other values."""
    convolved = keras.Model(model.input, model.get_layer("encoder0_1_conv").output)
    pixels = images((32, 32))
    grey = np.repeat(pixels[..., :1], 3, axis=-1)
    further = np.repeat(np.full_like(pixels[..., :1], MEAN_OF_VGG16), 2, axis=-1)
    given, seen = {
        1: (pixels[..., :1], grey),
        3: (pixels, pixels),
        5: (np.concatenate([pixels, further], axis=-1), pixels),
    }[channels]
    return convolved(given)[:, 1:-1, 1:-1], keras.applications.vgg16.preprocess_input(seen.copy())


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_its_encoder_begins_with_vgg16(vgg16, channels):
    network, path = vgg16
    model = segnet((32, 32, channels), encoder_weights=path)
    received, scaled = first_convolution(model, channels)
    first = network.get_layer("block1_conv1")
    expected = keras.ops.conv(scaled, first.kernel, padding="same") + first.bias
    np.testing.assert_allclose(received, expected[:, 1:-1, 1:-1], atol=1e-2)
    names = {
        "encoder0_2": "block1_conv2",
        "encoder2_3": "block3_conv3",
        "encoder4_1": "block5_conv1",
    }
    for ours, theirs in names.items():
        one, other = model.get_layer(f"{ours}_conv"), network.get_layer(theirs)
        np.testing.assert_array_equal(one.kernel, other.kernel)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_filters": 16}, r"base_filters=64.*Received: base_filters=16"),
        ({"input_shape": (32, 32, 2)}, r"1, 3 or more channels.*Received: 2 channels"),
    ],
)
def test_weights_for_another_size_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        segnet(encoder_weights="imagenet", **settings)
