import keras
import numpy as np
import pytest
from export_examples import blocks

import segtf
from segtf.exporting.tflite.convert import convert
from segtf.exporting.tflite.delegates import delegate_report, describe_delegates
from segtf.inference.specs import make_spec


def report(model, variant="tflite", **options):
    spec = make_spec((16, 32, 3), model.output_shape[-1], size=(16, 32))
    return delegate_report(convert(model, spec, variant, [blocks(16, 32)], **options))


@pytest.fixture(scope="module")
def unet():
    keras.utils.set_random_seed(0)
    return segtf.unet(input_shape=(16, 32, 3), num_classes=3, base_filters=2, depth=1)


def test_delegates_take_all_of_a_unet_in_float(unet):
    found = report(unet)
    operations = sum(found["operations"].values())
    assert found["operations"]["DEPTH_TO_SPACE"] == 1
    assert found["xnnpack"] == {"takes": operations, "parts": 1, "leaves": {}}
    assert found["gpu"] == {"refuses": {}}
    assert describe_delegates(found) == [
        f"XNNPACK takes {operations} of {operations} operations",
        "GPU delegate would take all operations",
    ]


def test_deciding_in_the_graph_is_left_to_the_cpu(unet):
    found = report(unet, "tflite-int8")
    assert found["xnnpack"]["leaves"]["ARG_MAX"] == 1
    assert set(found["gpu"]["refuses"]) == {"ARG_MAX", "CAST"}
    assert "not 1 ARG_MAX" in describe_delegates(found)[0]


def test_the_gpu_wants_to_know_the_size():
    model = segtf.unet(input_shape=(None, None, 3), num_classes=1, base_filters=2, depth=1)
    refused = report(model, dynamic_size=True)["gpu"]["refuses"]
    assert "known only when" in refused["CONV_2D"]


def test_taking_an_axis_away_is_refused():
    inputs = keras.Input((16, 32, 3))
    x = keras.layers.Conv2D(1, 1)(inputs)
    outputs = keras.ops.expand_dims(keras.ops.cumsum(x[..., 0], axis=1), -1)
    found = report(keras.Model(inputs, outputs))
    assert list(found["gpu"]["refuses"]) == ["STRIDED_SLICE"]
    assert np.sum(list(found["xnnpack"]["leaves"].values())) > 0
