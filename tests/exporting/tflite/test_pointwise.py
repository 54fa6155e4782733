"""Transposed convolutions are 1x1 convolutions in TFLite files, and answer as before."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from export_examples import LABELS
from keras import layers

from segtf.exporting.tflite.convert import convert
from segtf.exporting.tflite.pointwise import pointwise
from segtf.spec import ModelSpec


def upsampling(settings):
    keras.utils.set_random_seed(0)
    pixels = keras.Input((6, 8, 3))
    up = layers.Conv2DTranspose(5, bias_initializer="normal", **settings)
    return keras.Model(pixels, up(pixels))


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({"kernel_size": 2, "strides": 2}, True),
        ({"kernel_size": 3, "strides": 3, "padding": "same"}, True),
        ({"kernel_size": 2, "strides": 2, "use_bias": False}, True),
        ({"kernel_size": 1, "strides": 1}, True),
        ({"kernel_size": 3, "strides": 2, "padding": "same"}, False),
        ({"kernel_size": 2, "strides": 2, "activation": "softmax"}, False),
    ],
)
def test_the_answer_is_that_of_the_transposed_convolution(settings, changes):
    model = upsampling(settings)
    values = tf.constant(np.random.default_rng(0).normal(size=(2, 6, 8, 3)).astype(np.float32))
    expected = model(values)

    def operations():
        traced = tf.function(lambda values: model(values)).get_concrete_function(values)
        np.testing.assert_allclose(traced(values), expected, rtol=1e-6, atol=1e-6)
        return {one.type for one in traced.graph.get_operations()}

    with pointwise(model):
        assert ("Conv2DBackpropInput" not in operations()) == changes
    assert "Conv2DBackpropInput" in operations()


def test_a_tflite_file_has_none():
    model = keras.Sequential([keras.Input((6, 8, 3)), layers.Conv2DTranspose(1, 2, strides=2)])
    content = convert(model, ModelSpec(LABELS[1], (6, 8)), "tflite")
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    codes = {max(code.builtinCode, code.deprecatedBuiltinCode) for code in parsed.operatorCodes}
    assert schema.BuiltinOperator.TRANSPOSE_CONV not in codes
    assert schema.BuiltinOperator.DEPTH_TO_SPACE in codes
    assert not [layer for layer in model.layers if "call" in vars(layer)]
