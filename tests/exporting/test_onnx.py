import json
import sys

import keras
import numpy as np
import pytest
from export_examples import LABELS, blocks, small_model

import segtf
from segtf.exporting import export_info
from segtf.exporting.info import describe_export
from segtf.spec import FORMAT_VERSION, ModelSpec

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    model = small_model(logits=3)
    return segtf.export(
        model, tmp_path_factory.mktemp("onnx"), "onnx", labels=LABELS[3], resize="crop"
    )


def test_its_interface_is_what_is_documented(exported):
    assert exported.path.name == "model.onnx"
    session = onnxruntime.InferenceSession(exported.path)
    (given,), (received,) = session.get_inputs(), session.get_outputs()
    assert (given.name, received.name) == ("pixels", "logits")
    assert given.type == received.type == "tensor(float)"
    assert given.shape == received.shape == ["batch", 24, 32, 3]
    assert session.run(None, {"pixels": np.zeros((5, 24, 32, 3), np.float32)})[0].shape[0] == 5
    empty = session.run(None, {"pixels": np.zeros((0, 24, 32, 3), np.float32)})[0]
    assert empty.shape == (0, 24, 32, 3)


def test_it_says_what_it_is(exported):
    path, details = export_info(exported.path)
    assert (path, details["resize"], details["provenance"]["model"]) == (
        exported.path,
        "crop",
        "small",
    )
    spec = json.loads((path.parent / "model.onnx.spec.json").read_text())
    assert spec["input"]["shape"] == spec["output"]["shape"] == [None, 24, 32, 3]
    assert (spec["input"]["name"], spec["output"]["gives"]) == ("pixels", "logits")
    assert (
        describe_export(path, details)[1] == f"  format     ONNX, format version {FORMAT_VERSION}"
    )


def test_it_says_what_keras_says(exported):
    model = segtf.load(small_model(logits=3), labels=LABELS[3], resize="crop")
    predict = segtf.load(exported.path)
    assert predict.spec == model.spec == ModelSpec(LABELS[3], (24, 32), resize="crop")
    image = blocks(50, 41)
    np.testing.assert_array_equal(predict(image).mask, model(image).mask)
    np.testing.assert_allclose(predict(image).probabilities, model(image).probabilities, atol=1e-5)
    assert exported.agreement >= 0.999
    assert exported.report.rows[1].speed.p50_ms > 0


@pytest.mark.parametrize("build", [segtf.unet, pytest.param(segtf.segnet, marks=pytest.mark.slow)])
def test_our_networks_at_any_size(tmp_path, build):
    keras.utils.set_random_seed(0)
    settings = {"base_filters": 2} | ({"depth": 2} if build is segtf.unet else {})
    model = build((None, None, 3), num_classes=1, **settings)
    path = segtf.export(model, tmp_path, "onnx", size=(22, 35), dynamic_size=True, speed=False).path
    (given,) = onnxruntime.InferenceSession(path).get_inputs()
    assert given.shape == ["batch", "height", "width", 3]
    image = blocks(40, 18)[np.newaxis]
    received = segtf.load(path, size=(40, 18)).backend(image)["logits"]
    np.testing.assert_allclose(received, model(image.astype(np.float32)), rtol=1e-3, atol=1e-4)


def test_mistakes_are_named(tmp_path, monkeypatch, exported):
    (tmp_path / "broken.onnx").write_text("nothing")
    with pytest.raises(ValueError, match=r"Expected an ONNX model .* Received: .*broken\.onnx"):
        segtf.load(tmp_path / "broken.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ValueError, match=r"pip install 'segtf\[onnx\]'"):
        segtf.load(exported.path)
