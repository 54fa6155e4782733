import subprocess
import sys

import keras
import numpy as np
import pytest
from model_tester import ModelTester, images

from segtf.models import (
    Body,
    Head,
    build_model,
    describe_models,
    find_model,
    model_names,
    multiply_adds,
    register_model,
    unet,
    unregister_model,
)

LOAD_WITH_KERAS_ALONE = """
import pathlib, sys
sys.modules["segtf"] = None
import keras, numpy
folder = pathlib.Path(sys.argv[1])
pixels = numpy.load(folder / "pixels.npy")
for path in folder.glob("*.keras"):
    logits = keras.models.load_model(path, safe_mode=True)(pixels)
    numpy.save(path.with_suffix(".npy"), logits)
"""


def test_every_registered_architecture_has_a_tester():
    import test_encoders
    import test_lite
    import test_segnet
    import test_unet

    tested = [
        value.variant
        for module in (test_encoders, test_lite, test_segnet, test_unet)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, ModelTester) and hasattr(value, "variant")
    ]
    architectures = {name: architecture(name) for name in model_names()}
    assert {architectures[name] for name in tested} == set(architectures.values())


def architecture(name):
    """What tells variants apart but for their width or depth, and biases that are idle."""
    variant = find_model(name)
    settings = {**variant.settings, "base_filters": None, "use_bias": None, "stages": None}
    for family in ("efficientnetv2-b", "efficientnet-lite"):
        if (settings.get("encoder") or "").startswith(family):
            settings["encoder"] = f"{family}0"
    return variant.body, frozenset(settings.items())


OF_EACH_KIND = ["unet-small", "segnet-basic", "lite-scratch"]


@pytest.mark.parametrize(
    "names",
    [
        OF_EACH_KIND,
        pytest.param(sorted({*model_names()} - {*OF_EACH_KIND}), marks=pytest.mark.slow),
    ],
    ids=["of each kind", "the others"],
)
def test_models_of_fixed_size_load_with_keras_alone(tmp_path, names):
    pixels = images((32, 64))
    np.save(tmp_path / "pixels.npy", pixels)
    models = {name: build_model(name, (32, 64, 3), base_filters=2) for name in names}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")

    subprocess.run([sys.executable, "-c", LOAD_WITH_KERAS_ALONE, tmp_path], check=True)

    for name, model in models.items():
        logits = np.load(tmp_path / f"{name}.npy")
        np.testing.assert_allclose(logits, model(pixels), atol=1e-5, err_msg=name)


def test_settings_take_precedence_over_those_of_the_variant():
    assert find_model("unet-small").settings == {"base_filters": 8}
    model = build_model("unet-small", (32, 32, 3), base_filters=2)
    assert model.count_params() == unet((32, 32, 3), base_filters=2).count_params()


@pytest.mark.parametrize(("name", "nearest"), [("u-net", "unet"), ("segnetbasic", "segnet-basic")])
def test_unknown_names_are_answered_with_the_nearest(name, nearest):
    with pytest.raises(ValueError, match=rf"one of .*{nearest}.*Received: '{name}'"):
        build_model(name)


def test_unknown_settings_are_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"among depth .*Received: width"):
        build_model("unet", width=2)
    with pytest.raises(ValueError, match=r"Received: width"):
        register_model("wide", unet, "not to be", width=2)
    assert "wide" not in model_names()


def test_own_models_can_be_registered_once():
    def tiny(input_shape, num_classes, **settings):
        return unet(input_shape, num_classes, base_filters=1, depth=1, **settings)

    register_model("tiny", tiny, "smallest", normalization=None)
    try:
        for heads in (2, {"logits": Head(2)}):
            assert build_model("tiny", (8, 8, 3), heads).output_shape == (None, 8, 8, 2)
        with pytest.raises(ValueError, match=r"built with its head. Received"):
            build_model("tiny", (8, 8, 3), {"a": Head(2)})
        with pytest.raises(ValueError, match=r"taken. Received: 'tiny'"):
            register_model("tiny", tiny, "again")
    finally:
        unregister_model("tiny")
    assert "tiny" not in model_names()


def test_own_bodies_and_our_builders_can_be_registered():
    def own(image, filters=3):
        return keras.layers.Conv2D(filters, 3, padding="same")(image)

    register_model("own", own, "a convolution", filters=5)
    register_model("slim", unet, "a builder of ours", base_filters=1)
    try:
        heads = {"a": Head(2), "b": Head(1)}
        model = build_model("own", (8, 8, 3), heads)
        assert {name: output.shape[1:] for name, output in model.output.items()} == {
            "a": (8, 8, 2),
            "b": (8, 8, 1),
        }
        assert [layer.filters for layer in model.layers[1:]] == [5, 2, 1]
        assert set(build_model("slim", (16, 16, 3), heads).output) == {"a", "b"}
        with pytest.raises(ValueError, match=r"among filters, name. Received: width"):
            build_model("own", width=2)
    finally:
        unregister_model("own")
        unregister_model("slim")


def test_descriptions_give_what_each_model_costs():
    costs = {cost.name: cost for cost in describe_models((64, 96), num_classes=4)}
    assert tuple(costs) == model_names()
    model = build_model("unet-small", (64, 96, 3), 4)
    small = costs["unet-small"]
    assert small.parameters == model.count_params()
    assert small.megabytes == pytest.approx(4 * model.count_params() / 1e6)
    assert small.multiply_adds == multiply_adds(model)
    assert small.description == find_model("unet-small").description


def test_settings_are_plain_values_for_a_configuration_file():
    assert all(isinstance(find_model(name).body, Body) for name in model_names())
    for name in model_names():
        for value in find_model(name).settings.values():
            assert value is None or isinstance(value, (bool, int, float, str))


def test_public_names_are_the_functions_not_the_modules():
    import segtf

    assert segtf.unet is unet
    assert segtf.models.unet is unet
    assert isinstance(segtf.unet((16, 16, 3), base_filters=2), keras.Model)
