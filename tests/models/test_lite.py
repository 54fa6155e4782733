"""The small networks: what they are made of, what they cost, and what they refuse."""

from types import MappingProxyType

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from model_tester import ModelTester, images

import segtf
from segtf.exporting.tflite.gpu_rules import gpu_refusals
from segtf.models import (
    build_model,
    find_model,
    lite,
    lite_body,
    multiply_adds,
    segmentation_head,
)
from segtf.models.encoder_costs import LITE_COSTS
from segtf.models.registry import smallest_side
from segtf.training.config import (
    LEARNING_RATES,
    PRETRAINED_LEARNING_RATE,
    PRETRAINED_MODELS,
    TrainConfig,
)

SIZE = (64, 96)
LAYERS = {
    *("InputLayer", "Rescaling", "Conv2D", "DepthwiseConv2D", "BatchNormalization", "ReLU"),
    *("Add", "UpSampling2D"),
}
TFLITE = {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MUL", "RESIZE_BILINEAR", "DELEGATE"}


class LiteTester(ModelTester):
    def body(self, model):
        return model  # what is cropped are the logits


class TestLiteScratch(LiteTester):
    variant = "lite-scratch"
    multiple = 32
    settings = MappingProxyType({"base_filters": 8})

    # These two take longest; fast tests below and in tests/exporting export the model, too.
    @pytest.mark.slow
    def test_exported_saved_model_takes_any_size(self, tmp_path):
        super().test_exported_saved_model_takes_any_size(tmp_path)

    @pytest.mark.slow
    def test_tflite_needs_built_in_operations_only(self, tmp_path):
        super().test_tflite_needs_built_in_operations_only(tmp_path)


@pytest.mark.slow
class TestLite(LiteTester):
    variant = "lite"
    multiple = 16
    settings = MappingProxyType({"base_filters": 8})


@pytest.fixture(scope="module")
def pretrained():
    """`lite-small` with weights of ImageNet, which is the cheaper one to build."""
    keras.utils.set_random_seed(0)
    return build_model("lite-small", (*SIZE, 3), 3, base_filters=8, encoder_weights="imagenet")


@pytest.fixture(scope="module")
def scratch():
    keras.utils.set_random_seed(0)
    return lite((*SIZE, 3), encoder=None, base_filters=8)


def test_only_what_small_devices_are_quick_at_is_in_the_models(pretrained, scratch):
    for model in (pretrained, scratch):
        assert {type(layer).__name__ for layer in model.layers} == LAYERS


def test_what_the_decoder_adds_is_bounded(pretrained, scratch):
    for model, count in ((pretrained, 2), (scratch, 3)):
        added = [
            layer.input
            for layer in model.layers
            if layer.name.startswith("decoder") and isinstance(layer, keras.layers.Add)
        ]
        assert len(added) == count
        for value in keras.Model(model.input, [map for pair in added for map in pair])(
            images(SIZE)
        ):
            assert np.min(value) >= 0 and np.max(value) <= 6


def test_weights_of_imagenet_are_in_the_stages_that_are_kept(pretrained):
    whole = segtf.models.ENCODERS["efficientnet-lite0"].build(
        "efficientnet-lite0", (*SIZE, 3), "imagenet"
    )
    copies = [layer for layer in pretrained.layers if layer.name.startswith("encoder_")]
    with_weights = [layer for layer in copies if layer.weights]
    assert with_weights[-1].name == "encoder_block4c_project_bn"
    for layer in with_weights:
        original = whole.get_layer(layer.name.removeprefix("encoder_"))
        for one, other in zip(layer.get_weights(), original.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_tflite_has_no_pads_and_what_gpus_take(scratch, tmp_path):
    export = segtf.export(scratch, tmp_path, "tflite", speed=False)
    interpreter = Interpreter(str(export.path))
    interpreter.allocate_tensors()
    names = {operation["op_name"] for operation in interpreter._get_ops_details()}
    assert names <= TFLITE
    assert gpu_refusals(export.path.read_bytes()) == {}


def test_costs_are_within_what_they_were_made_for():
    # A U-Net costs 3.03 billions at the first size; the second is that of CamVid.
    assert LITE_COSTS[5].of_model((256, 256), 1)[1] <= 0.35e9
    assert LITE_COSTS[4].of_model((256, 256), 1)[1] <= 0.25e9
    assert LITE_COSTS[5].of_model((360, 480), 11)[1] <= 1e9


@pytest.mark.parametrize("stages", [4, pytest.param(5, marks=pytest.mark.slow)])
def test_costs_are_as_declared(stages):
    model = lite((70, 33, 3), 3, stages=stages)
    declared = LITE_COSTS[stages].of_model((70, 33), num_classes=3)
    assert declared == (model.count_params(), multiply_adds(model))


def test_the_encoder_of_ones_own_has_the_widths_of_the_published_one():
    model = lite((64, 64, 3), encoder=None)
    names = ("stem1", "stem2", "stem3", *(f"stage{number}c_project" for number in (1, 2, 3)))
    widths = [model.get_layer(f"encoder_{name}_conv").output.shape[-1] for name in names]
    assert widths == [32, 48, 64, 64, 96, 128]


def test_smallest_sides():
    assert smallest_side("lite") == smallest_side("lite-small") == 16
    assert smallest_side("lite", stages=7) == smallest_side("lite-scratch") == 32


def test_other_heads_attach_to_the_body_of_any_channels():
    image = keras.Input((40, 40, 5))
    features = lite_body(image, encoder=None, base_filters=2)
    heads = [segmentation_head(features, 2, name="a"), segmentation_head(features, 5, name="b")]
    assert keras.Model(image, heads).output_shape == [(None, 16, 16, 2), (None, 16, 16, 5)]


def test_all_that_are_pretrained_by_default_are_trained_at_the_rate_for_that():
    by_default = [
        name
        for name in segtf.models.model_names()
        if find_model(name).settings.get("encoder") == "efficientnet-lite0"
    ]
    assert set(PRETRAINED_MODELS) == set(by_default)
    assert TrainConfig(model="lite").learning_rate == PRETRAINED_LEARNING_RATE
    assert TrainConfig(model="lite-scratch").learning_rate == LEARNING_RATES["adamw"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_filters": 0}, "positive base_filters.*Received: base_filters=0"),
        ({"stages": 2}, "stages from 3 to 7. Received: stages=2"),
        ({"stages": "5"}, "stages from 3 to 7. Received: stages='5'"),
        ({"encoder": "resnet50v2"}, "one of efficientnet-lite0, .*Received: 'resnet50v2'"),
        ({"encoder": "vgg16"}, "encoder as one of.*Received: 'vgg16'"),
        ({"encoder": None, "stages": 5}, "stages only where there is an encoder. Received"),
        (
            {"encoder": None, "encoder_weights": "imagenet"},
            "encoder_weights only where there is an encoder. Received",
        ),
        ({"num_classes": 0, "encoder": None}, "at least one class. Received: num_classes=0"),
        ({"input_shape": (64, 64), "encoder": None}, "input_shape.*Received"),
        (
            {"input_shape": (64, 64, 2), "encoder_weights": "imagenet"},
            "1, 3 or more channels.*Received: 2 channels",
        ),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        lite(**settings)
