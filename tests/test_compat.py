"""Private parts of other packages: each still does what it is needed for, and is still private.

Where a public one is there, its test fails: use that, and take the function out of `compat`.
"""

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from segtf import compat


def nested():
    """A model within a model."""
    pixels = keras.Input((4, 4, 3))
    inner = keras.Model(pixels, keras.layers.Conv2D(2, 1, name="inside")(pixels), name="inner")
    outer = keras.Input((4, 4, 3))
    return keras.Model(outer, keras.layers.ReLU(name="last")(inner(outer)))


def test_layers_of_models_within_models():
    model = nested()
    names = {layer.name for layer in compat.layers_within(model)}
    assert {"inner", "inside", "last", model.name} <= names
    flat = {layer.name for layer in compat.layers_within(model, recursive=False)}
    assert "inner" in flat
    assert "inside" not in flat
    assert model not in compat.layers_within(model, include_self=False)
    assert not hasattr(keras.Model, "flatten_layers")


def test_what_gives_a_tensor():
    model = nested()
    layer, call, place = compat.maker_of(model.outputs[0])
    assert (layer.name, place) == ("last", 0)
    assert compat.calls_of(layer)[call].output_tensors[0] is model.outputs[0]
    assert compat.calls_of(keras.layers.ReLU()) == []
    assert not hasattr(model.outputs[0], "keras_history")
    assert not hasattr(keras.layers.Layer, "inbound_nodes")


def test_variables_as_constants_and_operations_of_a_file():
    scale = tf.Variable([2.0, 3.0])
    function = tf.function(lambda x: x * scale, input_signature=[tf.TensorSpec((1, 2))])
    frozen = compat.with_constants(function.get_concrete_function())
    (received,) = frozen(tf.constant([[1.0, 1.0]]))
    np.testing.assert_array_equal(received, [[2.0, 3.0]])
    assert not frozen.variables
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    names = [one["op_name"] for one in compat.operations_of(_interpreter(converter.convert()))]
    assert "MUL" in names
    assert not hasattr(tf.saved_model, "convert_variables_to_constants")
    assert not hasattr(Interpreter, "get_ops_details")


def test_a_calibrated_file_keeps_what_it_is_asked_to(tmp_path):
    module = tf.Module()
    module.kernel = tf.Variable(np.ones((1, 1, 1, 2), np.float32))

    @tf.function(input_signature=[tf.TensorSpec((1, 4, 4, 1), tf.float32)])
    def run(pixels):
        return tf.nn.conv2d(pixels, module.kernel, 1, "SAME")

    tf.saved_model.save(module, str(tmp_path), signatures=run.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([np.ones((1, 4, 4, 1), np.float32)] for _ in "a")
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    compat.calibrate_only(converter)
    calibrated = converter.convert()
    types = {one["dtype"] for one in _interpreter(calibrated).get_tensor_details()}
    assert np.int8 not in types
    made = compat.operations_of(_interpreter(calibrated))[-1]["outputs"][0]
    names = {one["index"]: one["name"] for one in _interpreter(calibrated).get_tensor_details()}
    for kept, has_int8 in (((), True), ((names[made],), False)):
        content = compat.quantize_calibrated(calibrated, tf.float32, tf.float32, kept)
        types = {one["dtype"] for one in _interpreter(content).get_tensor_details()}
        assert (np.int8 in types) == has_int8
    assert not hasattr(converter, "experimental_calibrate_only")
    assert not hasattr(converter, "denylisted_nodes")


def _interpreter(content):
    return Interpreter(model_content=content)
