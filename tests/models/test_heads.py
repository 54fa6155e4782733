import keras
import numpy as np
import pytest
from model_tester import images

from segtf.models import Head, build_model, unet
from segtf.models.blocks import convolution, depthwise_convolution

VARIANTS = {
    "unet": {"base_filters": 2, "depth": 2},
    "segnet": {"base_filters": 2},
    "lite-scratch": {"base_filters": 4},
}
HEADS = {"classes": Head(3), "centres": Head(1, stride=4, bias=-4.0), "half": Head(2, stride=2)}


def build(name, size, heads, **settings):
    keras.utils.set_random_seed(0)
    return build_model(name, (*size, 3), heads, **VARIANTS[name], **settings)


@pytest.mark.parametrize("name", VARIANTS)
def test_each_head_has_its_stride_at_known_and_unknown_sizes(name):
    expected = {"classes": (45, 61, 3), "centres": (12, 16, 1), "half": (23, 31, 2)}
    known, unknown = build(name, (45, 61), HEADS), build(name, (None, None), HEADS)
    assert {key: output.shape[1:] for key, output in known.output.items()} == expected
    unknown.set_weights(known.get_weights())
    pixels = images((45, 61))
    answers = unknown(pixels)
    for key, answer in known(pixels).items():
        assert answer.dtype == "float32"
        np.testing.assert_allclose(answers[key], answer, atol=1e-4)


def test_several_heads_train_and_reload(tmp_path):
    model = build("lite-scratch", (32, 32), HEADS)
    assert (model.get_layer("coarse_classes").bias.numpy() == 0.0).all()
    assert (model.get_layer("centres").bias.numpy() == -4.0).all()
    pixels = images((32, 32))
    model.compile("sgd", loss=dict.fromkeys(HEADS, "mse"))
    targets = {key: np.zeros(answer.shape) for key, answer in model(pixels).items()}
    assert np.isfinite(model.train_on_batch(pixels, targets)).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for key, answer in model(pixels).items():
        np.testing.assert_array_equal(loaded(pixels)[key], answer)


def test_one_head_is_a_tensor_like_that_of_the_builder():
    by_name = build("unet", (32, 32), {"logits": Head(3)})
    keras.utils.set_random_seed(0)
    built = unet((32, 32, 3), 3, base_filters=2, depth=2)
    assert [layer.name for layer in by_name.layers] == [layer.name for layer in built.layers]
    np.testing.assert_array_equal(by_name(images((32, 32))), built(images((32, 32))))


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ({}, "at least one head"),
        ({"a": 3}, "a segtf.models.Head by name"),
        ({"a": Head(0)}, "at least one class"),
        ({"a": Head(1, stride=3)}, "a stride that divides"),
        ({"a": Head(1, flip="twice")}, "flip as one of"),
    ],
)
def test_heads_that_cannot_be_attached_are_refused(heads, message):
    with pytest.raises(ValueError, match=rf"{message}.*Received: "):
        build("lite-scratch", (32, 32), heads)


def test_heads_and_a_number_of_classes_exclude_each_other():
    with pytest.raises(ValueError, match=r"Expected heads or num_classes\. Received: both"):
        build_model("unet", (32, 32, 3), {"a": Head(1)}, num_classes=2)


def test_blocks_without_a_name_have_distinct_ones():
    image = keras.Input((16, 16, 3))
    x = image
    for _ in range(2):
        x = depthwise_convolution(convolution(x, 4, normalization="batch"))
    model = keras.Model(image, x)
    names = [layer.name for layer in model.layers]
    assert len(set(names)) == len(names)
    assert not any("None" in name for name in names)
