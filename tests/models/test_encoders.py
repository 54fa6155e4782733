"""Encoders of every source: their maps, their scaling and their weights."""

import functools
from collections import namedtuple
from types import MappingProxyType

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group
from model_tester import ModelTester, images

from segtf.models import (
    ENCODERS,
    efficientnet_lite,
    encoder_features,
    model_names,
    unet,
)

SIZE = (64, 96)
SMALL = "mobilenetv3-small"

# keras.applications: the network, and the scaling that it expects to be done before it.
APPLICATIONS = {
    "mobilenetv3-small": ("MobileNetV3Small", "mobilenet_v3"),
    "mobilenetv3-large": ("MobileNetV3Large", "mobilenet_v3"),
    "resnet50v2": ("ResNet50V2", "resnet_v2"),
    "efficientnetv2-b0": ("EfficientNetV2B0", "efficientnet_v2"),
    "efficientnetv2-b1": ("EfficientNetV2B1", "efficientnet_v2"),
    "efficientnetv2-b2": ("EfficientNetV2B2", "efficientnet_v2"),
    "efficientnetv2-b3": ("EfficientNetV2B3", "efficientnet_v2"),
    "convnext-tiny": ("ConvNeXtTiny", "convnext"),
}
LITE = [f"efficientnet-lite{number}" for number in range(3)]
# The others take seconds to build.
EACH = [name if name == SMALL else pytest.param(name, marks=pytest.mark.slow) for name in ENCODERS]

Pair = namedtuple("Pair", "name application scaled model maps")


@pytest.mark.slow
class TestMobileNetV3Small(ModelTester):
    variant = "unet-mobilenetv3-small"
    multiple = 32
    settings = MappingProxyType({"base_filters": 2})


@pytest.mark.slow
class TestMobileNetV3Large(TestMobileNetV3Small):
    variant = "unet-mobilenetv3-large"


@pytest.mark.slow
class TestResNet50V2(TestMobileNetV3Small):
    variant = "unet-resnet50v2"


@pytest.mark.slow
class TestEfficientNetV2B0(TestMobileNetV3Small):
    variant = "unet-efficientnetv2-b0"


@pytest.mark.slow
class TestConvNeXtTiny(TestMobileNetV3Small):
    variant = "unet-convnext-tiny"


@pytest.mark.slow
class TestEfficientNetLite0(TestMobileNetV3Small):
    variant = "unet-efficientnet-lite0"


@functools.cache
def application(name, **settings):
    """The network, its own scaling included if Keras builds it, with weights that all matter."""
    keras.utils.set_random_seed(0)
    settings = {"include_top": False, "input_shape": (*SIZE, 3), **settings}
    if name in LITE:
        network = efficientnet_lite(name, **settings)
    else:
        network = getattr(keras.applications, APPLICATIONS[name][0])(weights=None, **settings)
    rng = np.random.default_rng(0)
    weights = [w + rng.uniform(0, 0.01, w.shape).astype("float32") for w in network.get_weights()]
    network.set_weights(weights)
    return network


@pytest.fixture(scope="module", params=EACH)
def pair(request, tmp_path_factory):
    """An application, and a U-Net with weights from a file of it."""
    name = request.param
    network = application(name)
    file = tmp_path_factory.mktemp("weights") / f"{name}.weights.h5"
    network.save_weights(file)
    pixels = images(SIZE)
    image = keras.Input((*SIZE, 3))
    maps = encoder_features(image, name, file)
    model = keras.Model(image, [features for features in maps if features is not None])
    if name in LITE:
        pixels = (pixels - 127.0) / 128.0
    else:
        preprocess = getattr(keras.applications, APPLICATIONS[name][1]).preprocess_input
        pixels = preprocess(pixels)
    return Pair(name, network, pixels, model, maps)


def test_maps_have_the_strides_of_the_table(pair):
    strides = (2, 4, 8, 16, 32)
    for stride, features in zip(strides, pair.maps, strict=True):
        if features is not None:
            assert features.shape[1:3] == (SIZE[0] // stride, SIZE[1] // stride)
    missing = [s for s, features in zip(strides, pair.maps, strict=True) if features is None]
    assert missing == ([2] if pair.name == "convnext-tiny" else [])


def test_each_map_is_the_last_of_its_stride(pair):
    names = [name for name in ENCODERS[pair.name].entering[:4] if name is not None]
    for name in names:
        assert halves_next(pair.application, find_layer(pair.application, name)), name


def test_maps_are_those_of_the_application_on_pixels_as_it_wants_them(pair):
    """Scaling, padding, weights and copied layers, against Keras' own way to the same maps."""
    entering = [name for name in ENCODERS[pair.name].entering if name is not None]
    tensors = [tensor_entering(pair.application, name) for name in entering]
    expected = keras.Model(pair.application.input, tensors)(pair.scaled)
    received = pair.model(images(SIZE))
    for name, one, other in zip(entering, received, expected, strict=True):
        scale = np.abs(other).max()
        assert np.std(other) > 0
        np.testing.assert_allclose(one / scale, other / scale, atol=1e-4, err_msg=name)


def test_all_layers_are_named_as_the_encoders(pair):
    others = [
        layer.name
        for layer in pair.model.layers
        if layer.weights and not layer.name.startswith("encoder_")
    ]
    assert others == []
    assert not any(isinstance(layer, keras.Model) for layer in pair.model.layers)


def test_every_encoder_is_registered():
    assert {f"unet-{name}" for name in ENCODERS} <= set(model_names())
    assert {*APPLICATIONS, *LITE} == set(ENCODERS)


def tensor_entering(network, name):
    if name == "output":
        return network.output
    layer = find_layer(network, name)
    return layer.input


def find_layer(network, name):
    """The layer of that name, or the `Sequential` that begins with it."""
    for layer in network.layers:
        if layer.name == name or (
            isinstance(layer, keras.Sequential) and layer.layers[0].name == name
        ):
            return layer
    raise AssertionError(name)


def halves_next(network, layer):
    """Whether the resolution is halved before a second convolution."""
    height, convolutions = layer.input.shape[1], 0
    for after in network.layers[network.layers.index(layer) :]:
        if after.output.shape[1] == height // 2:
            return True
        convolutions += isinstance(after, keras.layers.Conv2D)
        if convolutions > 1:
            return False
    return False


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Weight files of the cheapest application in every form that Keras has, and the weights."""
    folder, weights = tmp_path_factory.mktemp("files"), {}
    for part, settings in (("headless", {}), ("whole", {"include_top": True, "classes": 16})):
        network = application(SMALL, **settings)
        weights[part] = network.get_weights()[: len(weights.get("headless", [])) or None]
        network.save_weights(folder / f"{part}.weights.h5")
        network.save(folder / f"{part}.keras")
        network.save(folder / f"{part}-model.h5")
        with h5py.File(folder / f"{part}-weights-alone.h5", "w") as file:
            save_weights_to_hdf5_group(file, network)
    return folder, weights


def assert_has_weights(network, expected):
    for weight, value in zip(network.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(weight, value)


@pytest.mark.parametrize(
    ("part", "form"),
    [
        ("headless", ".weights.h5"),
        ("headless", ".keras"),
        ("whole", "-weights-alone.h5"),
        *(
            pytest.param(part, form, marks=pytest.mark.slow)
            for part, form in (
                ("headless", "-model.h5"),
                ("headless", "-weights-alone.h5"),
                ("whole", ".weights.h5"),
                ("whole", ".keras"),
                ("whole", "-model.h5"),
            )
        ),
    ],
)
def test_weights_are_read_from_every_kind_of_file(files, part, form, recwarn):
    folder, weights = files
    path = str(folder / f"{part}{form}")
    network = ENCODERS[SMALL].build(SMALL, (None, None, 3), path)
    assert_has_weights(network, weights[part])
    assert not [str(warning.message) for warning in recwarn if warning.category is UserWarning]


def test_imagenet_weights_come_from_where_keras_puts_them(files, monkeypatch, recwarn):
    folder, weights = files
    asked = []

    def get_file(name, origin, **settings):
        asked.append(name)
        return str(folder / "headless-weights-alone.h5")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    network = ENCODERS[SMALL].build(SMALL, (32, 64, 3), "imagenet")
    assert_has_weights(network, weights["headless"])
    assert asked == ["weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"]
    assert not [str(warning.message) for warning in recwarn if warning.category is UserWarning]


def test_without_a_network_the_remedy_is_said(monkeypatch):
    def get_file(name, origin, **settings):
        raise Exception(f"URL fetch failure on {origin}: None -- Name or service not known")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    with pytest.raises(
        ValueError, match=r"ImageNet weights of mobilenetv3-small.*path.*Received: URL fetch.*http"
    ):
        unet(encoder=SMALL, encoder_weights="imagenet")


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory, files):
    """Files that are no weights of the encoder."""
    folder = tmp_path_factory.mktemp("spoiled")
    (folder / "damaged.weights.h5").write_bytes(b"no weights")
    (folder / "damaged.keras").write_bytes(b"no archive")
    (folder / "weights.npz").write_bytes(b"another kind of file")
    dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    dense.save_weights(folder / "another.weights.h5")
    dense.save(folder / "another.keras")
    # As many arrays as the right one.
    narrow = application(SMALL, alpha=0.75)
    narrow.save_weights(folder / "narrow.weights.h5")
    narrow.save(folder / "narrow.h5")
    return folder


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.weights.h5", "'imagenet' or the path of a weight file.*is no file"),
        ("weights.npz", r"ends in \.weights\.h5, .*npz"),
        ("damaged.weights.h5", "weight file of Keras.*damaged"),
        ("damaged.keras", "weight file of Keras.*damaged"),
        ("another.weights.h5", "206 arrays without.*210 with.*2 arrays of another architecture"),
        ("another.keras", "206 arrays without.*210 with.*2 arrays of another architecture"),
        ("narrow.weights.h5", "Expected weights of mobilenetv3-small.*another architecture"),
        pytest.param(
            "narrow.h5",
            "Expected weights of mobilenetv3-small.*another architecture",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_files_that_do_not_fit_are_refused(spoiled, name, message, recwarn):
    with pytest.raises(ValueError, match=rf"{message}") as error:
        encoder_features(keras.Input((64, 64, 3)), SMALL, spoiled / name)
    assert "Received: " in str(error.value)
    assert len(str(error.value)) < 400
    assert not [str(warning.message) for warning in recwarn if warning.category is UserWarning]


def test_further_channels_keep_the_weights_of_rgb_and_begin_at_their_mean(files):
    folder, _ = files
    image = keras.Input((*SIZE, 5))
    features = encoder_features(image, SMALL, folder / "headless.weights.h5")[0]
    model, rgb = keras.Model(image, features), application(SMALL)
    kernel = rgb.get_layer("conv").get_weights()[0]
    wider = model.get_layer("encoder_conv").get_weights()[0]
    np.testing.assert_array_equal(wider[:, :, :3], kernel)
    for channel in (3, 4):
        np.testing.assert_allclose(wider[:, :, channel], kernel.mean(axis=2), rtol=1e-5)
    pixels = images(SIZE)
    further = np.full((2, *SIZE, 2), 127.5)  # which the scaling of this encoder takes to zero
    received = model(np.concatenate([pixels, further], axis=-1).astype("float32"))
    entering = tensor_entering(rgb, ENCODERS[SMALL].entering[0])
    np.testing.assert_allclose(received, keras.Model(rgb.input, entering)(pixels), atol=1e-4)
