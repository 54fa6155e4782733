"""Private parts of other packages: each still does what it is needed for, and is still private.

Where a public one is there, its test fails: use that, and take the function out of `compat`.
"""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

import segtf
from segtf import compat

PACKAGE = Path(segtf.__file__).parent
OTHERS_PUBLIC = {"_replace", "_asdict", "_fields", "_describe_range", "_utils"}
"""Of named tuples, of click, and a module of torch that stands in its files."""


def public_names(thing, pattern):
    names = (name for name in dir(thing) if not name.startswith("_"))
    return {name for name in names if re.search(pattern, name)}


def test_private_names_of_others_are_used_in_one_file():
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "compat.py"]
    texts = {path: path.read_text("utf-8") for path in files}
    ours = OTHERS_PUBLIC | {path.stem for path in files}
    for text in texts.values():
        made = r"(?:def |class |^ *)(_\w+)(?=[(:]| = )"
        ours |= set(re.findall(made, text, re.MULTILINE))
        for assigned in re.findall(r"^ *(self\..*?) = |^ *(self\.\w+): ", text, re.MULTILINE):
            ours |= set(re.findall(r"self\.(_\w+)", " ".join(assigned)))
    for path, text in texts.items():
        assert set(re.findall(r"\.(_[a-z]\w*)", text)) <= ours, path
        assert not re.search(r"tensorflow\.(python|lite|compiler)\b|keras\.src\b", text), path
        assert not re.search(r"[\"']_(inbound|flatten|keras)_", text), path


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
    assert not hasattr(keras.Model, "flatten_layers")


def test_layers_called_anew_are_part_of_the_larger_graph():
    pixels, image = keras.Input((4, 4, 3)), np.random.default_rng(0).normal(size=(1, 4, 4, 3))
    twice = keras.layers.Conv2D(3, 1, name="twice")
    model = keras.Model(pixels, keras.layers.ReLU()(twice(twice(pixels))) + 1.0)
    larger = keras.Input((4, 4, 3))
    for one in (model, keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 1)])):
        anew = keras.Model(larger, compat.called_anew(one, larger))
        np.testing.assert_array_equal(anew(image), one(image))
        assert not set(map(id, anew.layers)) & set(map(id, one.layers))
    assert {"twice"} <= {
        layer.name for layer in keras.Model(larger, compat.called_anew(model, larger)).layers
    }


class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.norm = keras.layers.BatchNormalization()

    def call(self, images):
        return self.norm(images)


def test_layers_of_layers_that_are_no_models():
    model = keras.Sequential([keras.Input((4, 4, 3)), Block()])
    (block,) = model.layers
    assert block.norm in compat.layers_within(model)
    assert not hasattr(block, "layers")


def test_what_gives_a_tensor():
    model = nested()
    layer, call, place = compat.maker_of(model.outputs[0])
    assert (layer.name, place) == ("last", 0)
    assert compat.calls_of(layer)[call].output_tensors[0] is model.outputs[0]
    assert compat.calls_of(keras.layers.ReLU()) == []
    known = {name: getattr(model.outputs[0], name, None) for name in public_names(layer.output, "")}
    assert not any(value is layer for value in known.values())
    assert not hasattr(keras.layers.Layer, "inbound_nodes")


def test_later_calls_of_a_layer():
    layer = keras.layers.ReLU()
    outputs = [layer(keras.Input((side, side, 1))) for side in (4, 8)]
    assert [call.output_tensors for call in compat.calls_of(layer)] == [[one] for one in outputs]
    assert layer.output is outputs[0]


def test_how_fast_a_variable_decays_is_not_public():
    class Optimizer(compat.OwnWeightDecay, keras.optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            seen.append((self.index_of(variable), self.decays(variable), hasattr(variable, "path")))

    seen, optimizer = [], Optimizer(weight_decay=0.1)
    variables = [keras.Variable(1.0, name="kernel"), keras.Variable(1.0, name="bias")]
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([tf.constant(0.0)] * 2, variables)
    assert seen == [(0, True, False), (1, False, False)]
    assert [float(variable.value) for variable in variables] == [1.0, 1.0]
    known = {"weight_decay", "exclude_from_weight_decay"}
    assert public_names(keras.optimizers.SGD(), "decay") == known


def test_batch_norm_is_not_fused_in_training():
    layer = keras.layers.BatchNormalization()
    layer.build((None, 4, 4, 2))

    @tf.function(input_signature=[tf.TensorSpec((2, 4, 4, 2))])
    def train(images):
        return layer(images, training=True)

    operations = train.get_concrete_function().graph.get_operations()
    assert not [one for one in operations if "FusedBatchNorm" in one.type]
    assert not public_names(tf.nn, "fused")


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
    for module in (tf, tf.graph_util, tf.saved_model, tf.train):
        assert not public_names(module, "variables_to_constants|freeze|frozen")
    assert not public_names(Interpreter, r"(^|_)(ops?|operations?|nodes?)(_|$)")


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning")
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
    assert not public_names(converter, "calibrate|deny")
    converter.inference_input_type = tf.uint8
    debugger = tf.lite.experimental.QuantizationDebugger(converter=converter)
    assert debugger.quant_model, "it calibrates alone now"
    given = _interpreter(debugger.get_nondebug_quantized_model()).get_input_details()
    assert given[0]["dtype"] is np.float32, "it takes pixels now"


def _interpreter(content):
    return Interpreter(model_content=content)
