import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from export_examples import LABELS, blocks, encode, small_model
from scipy import special

import segtf
from segtf.comparing.speed import measure_speed
from segtf.exporting.saved_model import graphs
from segtf.exporting.saved_model.graphs import signature_functions
from segtf.runs import Run
from segtf.spec import ModelSpec

pytestmark = pytest.mark.calls_model

PIXELS = np.stack([blocks(24, 32, seed=seed) for seed in range(3)])


@pytest.fixture(scope="module")
def signatures(exported):
    return tf.saved_model.load(str(exported.path)).signatures


def described(structure):
    return {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in structure.items()}


def test_the_interface_is_what_is_documented(signatures):
    pixels = {"pixels": ("uint8", [None, 24, 32, 3])}
    expected = {
        "serving_default": (
            {"image_bytes": ("string", [None])},
            {
                "mask_bytes": ("string", [None]),
                "coverage": ("float32", [None, 2]),
                "confidence": ("float32", [None]),
                "class_names": ("string", [None, 2]),
                "error": ("string", [None]),
            },
        ),
        "logits": (pixels, {"logits": ("float32", [None, 24, 32, 1])}),
        "probabilities": (pixels, {"probabilities": ("float32", [None, 24, 32, 1])}),
        "class_ids": (pixels, {"class_ids": ("uint8", [None, 24, 32])}),
    }
    received = {
        name: (described(one.structured_input_signature[1]), described(one.structured_outputs))
        for name, one in signatures.items()
    }
    assert received == expected


def test_pixel_signatures_say_what_keras_says(signatures, binary_model):
    logits = binary_model(PIXELS.astype(np.float32)).numpy()
    outputs = {
        name: signatures[name](pixels=tf.constant(PIXELS))[name].numpy()
        for name in ("logits", "probabilities", "class_ids")
    }
    np.testing.assert_allclose(outputs["logits"], logits, atol=1e-5)
    np.testing.assert_allclose(outputs["probabilities"], special.expit(logits), atol=1e-5)
    np.testing.assert_array_equal(outputs["class_ids"], outputs["logits"][..., 0] >= 0)
    assert set(np.unique(outputs["class_ids"])) == {0, 1}


@pytest.mark.parametrize("most_weights", [0, 10_000], ids=["variables", "constants"])
def test_every_signature_answers_an_empty_batch(monkeypatch, binary_model, most_weights):
    monkeypatch.setattr(graphs, "_MOST_CONSTANT_WEIGHTS", most_weights)
    functions = signature_functions(binary_model, ModelSpec(LABELS[1], (24, 32)))
    assert functions["serving_default"](tf.zeros((0,), tf.string))["coverage"].shape == (0, 2)
    for name, rest in (("logits", (1,)), ("probabilities", (1,)), ("class_ids", ())):
        received = functions[name](PIXELS[:0])[name]
        assert tuple(received.shape) == (0, 24, 32, *rest)
        assert functions[name](PIXELS[:1])[name].shape[0] == 1


def operations(signature):
    """Types of the operations of a signature and of the functions that it calls."""
    graph = signature.graph.as_graph_def()
    nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    return {node.op for node in nodes}


@pytest.mark.parametrize("most_weights", [0, 10_000], ids=["variables", "constants"])
def test_small_weights_are_constants_and_large_ones_variables(
    tmp_path, monkeypatch, binary_model, most_weights
):
    monkeypatch.setattr(graphs, "_MOST_CONSTANT_WEIGHTS", most_weights)
    exported = segtf.export(binary_model, tmp_path, speed=False)
    signature = tf.saved_model.load(str(exported.path)).signatures["logits"]
    assert ("ReadVariableOp" in operations(signature)) == (most_weights == 0)
    received = signature(pixels=tf.constant(PIXELS))["logits"]
    np.testing.assert_allclose(received, binary_model(PIXELS.astype(np.float32)), atol=1e-5)


def test_several_classes_and_grey_images():
    model = small_model(channels=1, logits=3)
    functions = signature_functions(model, ModelSpec(LABELS[3], (24, 32), channels=1))
    pixels = PIXELS[..., :1]
    logits = model(pixels.astype(np.float32)).numpy()
    np.testing.assert_array_equal(
        functions["class_ids"](pixels)["class_ids"], np.argmax(logits, axis=-1)
    )
    np.testing.assert_allclose(
        functions["probabilities"](pixels)["probabilities"],
        special.softmax(logits, axis=-1),
        atol=1e-5,
    )
    answers = functions["serving_default"](tf.constant([encode(blocks(30, 50))]))
    assert answers["error"].numpy() == [b""]
    assert answers["coverage"].shape == (1, 3)


def test_a_model_of_four_channels_takes_pixels_only():
    model = small_model(channels=4)
    functions = signature_functions(model, ModelSpec(LABELS[1], (24, 32), channels=4))
    assert set(functions) == {"logits", "probabilities", "class_ids"}


def test_it_runs_with_tensorflow_alone(exported, tmp_path):
    program = """
import sys
import tensorflow as tf

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("segtf", "keras"):
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
for name in [name for name in sys.modules if name.split(".")[0] in ("segtf", "keras")]:
    del sys.modules[name]
model = tf.saved_model.load(sys.argv[1])
data = tf.io.read_file(sys.argv[2])
answer = model.signatures["serving_default"](image_bytes=data[tf.newaxis])
print(answer["error"].numpy()[0].decode(), tf.io.decode_png(answer["mask_bytes"][0]).shape)
"""
    (tmp_path / "image.png").write_bytes(encode(blocks(30, 50)))
    arguments = [sys.executable, "-c", program, str(exported.path), str(tmp_path / "image.png")]
    finished = subprocess.run(arguments, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert finished.stdout.strip() == "(30, 50, 1)", finished.stderr[-2000:]


def test_it_is_loaded_with_its_spec(exported, binary_model):
    image = blocks(30, 50)
    expected = segtf.load(binary_model, labels=LABELS[1])(image)
    for path in (exported.path, exported.path.parent, str(exported.path)):
        predict = segtf.load(path)
        assert predict.spec == ModelSpec(LABELS[1], (24, 32))
        np.testing.assert_array_equal(predict(image).mask, expected.mask)
        np.testing.assert_allclose(predict(image).probabilities, expected.probabilities, atol=1e-5)
    assert segtf.load(exported.path, threshold=0.9).spec.threshold == 0.9


def test_the_export_reports_how_close_it_is(exported):
    assert exported.format == "saved_model"
    assert exported.agreement == 1.0
    assert exported.max_difference < 1e-4
    report = {"parity.json", "parity.md", "labels.txt", "model-card.md", "SHA256SUMS"}
    files = [
        path for path in exported.path.rglob("*") if path.is_file() and path.name not in report
    ]
    assert exported.size_in_bytes == sum(file.stat().st_size for file in files)


def test_versions_are_counted_and_never_overwritten(exported, tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "kept").write_text("as it was")
    run = Run.create(tmp_path / "run", {})
    run.save_spec(ModelSpec(LABELS[1], (24, 32), resize="crop", threshold=0.6))
    small_model().save(run.best_model)
    second = segtf.export(run.path, tmp_path)
    assert second.path == tmp_path / "8"
    assert exported.path.name == "1"
    assert (tmp_path / "7" / "kept").read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["7", "8", "8.parity.png", "run"]
    assert segtf.load(tmp_path).spec == run.spec()


def test_a_folder_of_another_origin_is_refused(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"))
    with pytest.raises(ValueError, match=r"segtf\.export wrote.*Received"):
        segtf.load(tmp_path)


def test_a_saved_model_is_timed_in_a_process_of_its_own(exported):
    speed = measure_speed(exported.path, (24, 32), threads=1, runs=3)
    assert 0 < speed.p50_ms <= speed.p95_ms
    assert (speed.runs, speed.threads) == (3, 1)
