"""TFLite and ONNX files of one's own: pixels go in and answers come out as their graphs say."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from own_models import IMAGE, LABELS, SIZE, TRUTH, model_of

import segtf
from segtf.labels import LabelMap

onnx = pytest.importorskip("onnx")


def tflite(model, folder, dtype=None, brightest=255.0):
    """Convert a model; with a dtype to full int8 with inputs and outputs of that type."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if dtype is not None:
        values = np.random.default_rng(0).uniform(0, brightest, (20, 1, *SIZE, 3))
        values[0, 0, 0, 0], values[0, 0, 0, 1] = 0, brightest
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([one.astype("float32")] for one in values)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = dtype
    path = folder / "own.tflite"
    path.write_bytes(converter.convert())
    return path


TAILS = {
    "logits": (1, lambda x: x),
    "sigmoid": (1, ops.sigmoid),
    "sigmoid, resized": (1, lambda x: layers.UpSampling2D(2)(ops.sigmoid(x))),
    "two channels": (2, lambda x: x),
    "two channels, softmax": (2, ops.softmax),
    "softmax, resized": (3, lambda x: layers.UpSampling2D(2)(ops.softmax(x))),
    "softmax, interpolated": (
        3,
        lambda x: layers.UpSampling2D(2, interpolation="bilinear")(ops.softmax(x)),
    ),
    "argmax": (3, layers.Lambda(lambda x: tf.argmax(x, -1))),
}


@pytest.mark.parametrize("name", TAILS)
def test_a_tflite_file_says_what_its_model_says(name, tmp_path):
    channels, tail = TAILS[name]
    path = tflite(model_of(channels, tail), tmp_path)
    predict = segtf.load(path, labels=LABELS if channels == 3 else None)
    np.testing.assert_array_equal(predict(IMAGE).mask, TRUTH)
    (nothing,) = predict.backend(np.zeros((0, *SIZE, 3), np.uint8)).values()
    assert nothing.shape[0] == 0


@pytest.mark.parametrize("dtype", [tf.int8, tf.uint8])
@pytest.mark.parametrize("name", ["logits", "sigmoid", "two channels, softmax"])
def test_quantised_files_take_and_give_their_numbers(name, dtype, tmp_path):
    path = tflite(model_of(*TAILS[name]), tmp_path, dtype)
    np.testing.assert_array_equal(segtf.load(path)(IMAGE).mask, TRUTH)


def test_a_quantised_input_of_0_to_1_is_given_all_of_it(tmp_path):
    pixels = keras.Input((*SIZE, 3))
    model = keras.Model(pixels, model_of(1, ops.sigmoid)(255 * pixels))
    path = tflite(model, tmp_path, tf.int8, brightest=1.0)
    np.testing.assert_array_equal(segtf.load(path)(IMAGE).mask, TRUTH)


def test_a_quantised_input_of_another_range_is_refused(tmp_path):
    path = tflite(model_of(1, ops.sigmoid), tmp_path, tf.int8, brightest=2.6)
    with pytest.raises(ValueError, match=r"Expected a model that takes pixels 0\.\.255.*2\.6"):
        segtf.load(path)


def test_a_file_that_may_give_probabilities_is_refused_until_it_is_said(tmp_path):
    path = tflite(model_of(1, lambda x: layers.Activation("hard_sigmoid")(x)), tmp_path)
    with pytest.raises(ValueError, match=r"outputs='probabilities'.*Received"):
        segtf.load(path)(IMAGE)
    predict = segtf.load(path, outputs="probabilities")
    np.testing.assert_array_equal(predict(IMAGE).mask, TRUTH)


def test_an_export_does_not_take_the_place_of_a_model_of_ones_own(tmp_path):
    path = tflite(model_of(1, ops.sigmoid), tmp_path).rename(tmp_path / "model.tflite")
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"model\.tflite, which segtf\.export did not write"):
        segtf.export(model_of(1, ops.sigmoid), tmp_path, "tflite")
    assert path.read_bytes() == before


def test_a_model_that_gives_another_size_is_exported(tmp_path):
    model = model_of(*TAILS["sigmoid, resized"])
    exported = segtf.export(model, tmp_path, check_images=[IMAGE, IMAGE[:10]], speed=False)
    np.testing.assert_array_equal(segtf.load(exported.path)(IMAGE).mask, TRUTH)


def test_several_outputs_are_refused(tmp_path):
    path = tflite(model_of(1, lambda x: [x, 2 * x]), tmp_path)
    with pytest.raises(ValueError, match=r"one input and one output.*1 and 2"):
        segtf.load(path)


def onnx_file(folder, nodes, shapes, dtype=onnx.TensorProto.FLOAT):
    """An ONNX file of channels first, as PyTorch writes them, of the scores of `model_of(1)`."""
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    scores = helper.make_node("Conv", ["pixels", "kernel", "bias"], ["scores"])
    graph = helper.make_graph(
        [scores, *nodes],
        "own",
        [helper.make_tensor_value_info("pixels", floats, shapes[0])],
        [helper.make_tensor_value_info("out", dtype, shapes[1])],
        [
            helper.make_tensor("kernel", floats, (1, 3, 1, 1), [0.01] * 3),
            helper.make_tensor("bias", floats, (1,), [-3.1]),
        ],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(proto)
    path = folder / "own.onnx"
    onnx.save(proto, path)
    return path


@pytest.mark.parametrize("batch", [1, "N"])
@pytest.mark.parametrize("size", [SIZE, ("H", "W")], ids=["fixed", "any"])
@pytest.mark.parametrize("ending", ["Identity", "Sigmoid"])
def test_onnx_channels_may_lie_first(batch, size, ending, tmp_path):
    pytest.importorskip("onnxruntime")
    node = onnx.helper.make_node(ending, ["scores"], ["out"])
    path = onnx_file(tmp_path, [node], [(batch, 3, *size), (batch, 1, *size)])
    predict = segtf.load(path, size=SIZE)
    np.testing.assert_array_equal(predict(IMAGE).mask, TRUTH)
    for prediction in predict.batch([IMAGE, IMAGE]):
        np.testing.assert_array_equal(prediction.mask, TRUTH)
    nothing = predict.backend(np.zeros((0, *SIZE, 3), np.uint8))
    assert nothing["logits"].shape == (0, *SIZE, 1)


def test_an_onnx_argmax_gives_class_ids(tmp_path):
    pytest.importorskip("onnxruntime")
    nodes = [
        onnx.helper.make_node("Neg", ["scores"], ["negative"]),
        onnx.helper.make_node("Concat", ["negative", "scores"], ["both"], axis=1),
        onnx.helper.make_node("ArgMax", ["both"], ["out"], axis=1, keepdims=0),
    ]
    shapes = [(1, 3, *SIZE), (1, *SIZE)]
    path = onnx_file(tmp_path, nodes, shapes, onnx.TensorProto.INT64)
    with pytest.raises(ValueError, match=r"labels=.*class ids"):
        segtf.load(path)
    predict = segtf.load(path, labels=LabelMap(("dark", "bright")))
    np.testing.assert_array_equal(predict(IMAGE).mask, TRUTH)


def test_an_onnx_file_out_of_keras_says_what_its_model_says(tmp_path):
    pytest.importorskip("onnxruntime")
    model = model_of(*TAILS["softmax, interpolated"])
    model(IMAGE[np.newaxis].astype("float32"))
    model.export(tmp_path / "own.onnx", format="onnx", verbose=False)
    mask = segtf.load(tmp_path / "own.onnx", labels=LABELS)(IMAGE).mask
    np.testing.assert_array_equal(mask, TRUTH)
