"""The exported model by the server's own protocols, spoken without our client."""

import base64
import io

import grpc
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from served_models import _code_name
from serving_examples import assert_same_mask, encode, http, picture
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2, prediction_service_pb2_grpc

import segtf

IMAGES = [picture(30, 50), picture(7, 9, seed=1), picture(24, 32, seed=2)]
FILES = [encode(image) for image in IMAGES]
B64 = [{"b64": base64.b64encode(file).decode()} for file in FILES]


@pytest.fixture(scope="module")
def expected(base_path):
    return [one.mask for one in segtf.load(base_path / "2").batch(IMAGES)]


@pytest.fixture
def place(server):
    return f"{server.urls['rest']}/v1/models/segtf"


def ids(mask_bytes):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(mask_bytes["b64"]))))


def test_rows(place, expected):
    named = [{"image_bytes": one} for one in B64]
    for instances in (B64, named):
        status, answer = http("POST", f"{place}:predict", {"instances": instances})
        assert status == 200, answer
        rows = answer["predictions"]
        for row, mask in zip(rows, expected, strict=True):
            assert_same_mask(ids(row["mask_bytes"]), mask)
            assert row["class_names"] == ["skin", "lesion"]
            assert sum(row["coverage"]) == pytest.approx(1)
            assert 0.5 <= row["confidence"] <= 1
            assert row["error"] == ""


def test_columns(place, expected):
    status, answer = http("POST", f"{place}:predict", {"inputs": {"image_bytes": B64}})
    assert status == 200, answer
    outputs = answer["outputs"]
    assert set(outputs) == {"mask_bytes", "coverage", "confidence", "class_names", "error"}
    for png, mask in zip(outputs["mask_bytes"], expected, strict=True):
        assert_same_mask(ids(png), mask)


def test_pixels_as_numbers(place, expected):
    request = {"signature_name": "class_ids", "instances": [IMAGES[2].tolist()]}
    status, answer = http("POST", f"{place}:predict", request)
    assert status == 200, answer
    assert_same_mask(np.uint8(answer["predictions"][0]), expected[2])
    request["signature_name"] = "logits"
    logits = http("POST", f"{place}/labels/canary:predict", request)[1]["predictions"]
    assert_same_mask(np.uint8(np.squeeze(logits) >= 0), expected[2])


def test_grpc(server, expected):
    with grpc.insecure_channel(server.urls["grpc"].removeprefix("grpc://")) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "segtf"
        request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(FILES))
        response = stub.Predict(request, timeout=60)
        for png, mask in zip(response.outputs["mask_bytes"].string_val, expected, strict=True):
            assert_same_mask(np.asarray(Image.open(io.BytesIO(png))), mask)
        assert response.model_spec.version.value == 2


def test_status_and_metadata(place):
    status, answer = http("GET", place)
    assert status == 200
    assert [(one["version"], one["state"]) for one in answer["model_version_status"]] == [
        ("2", "AVAILABLE"),
        ("1", "AVAILABLE"),
    ]
    assert answer["model_version_status"][0]["status"] == {"error_code": "OK", "error_message": ""}
    status, answer = http("GET", f"{place}/versions/1/metadata")
    assert status == 200
    assert answer["model_spec"]["version"] == "1"
    defs = answer["metadata"]["signature_def"]["signature_def"]
    assert set(defs) == {"serving_default", "logits", "probabilities", "class_ids"}
    pixels = defs["class_ids"]["inputs"]["pixels"]
    assert pixels["dtype"] == "DT_UINT8"
    assert [dim["size"] for dim in pixels["tensor_shape"]["dim"]] == ["-1", "24", "32", "3"]


MISTAKES = {
    "empty body": ("", b"", 400, "document is empty"),
    "no JSON": ("", b"{", 400, "JSON Parse error"),
    "nested": ("", b"[" * 100_000, 400, "JSON Parse error"),
    "a list": ("", [1], 400, "Is not object"),
    "no input": ("", {}, 400, "Missing 'inputs' or 'instances'"),
    "both": ("", {"inputs": [], "instances": []}, 400, "only one of"),
    "no rows": ("", {"instances": []}, 400, "No values"),
    "no base64": ("", {"instances": [{"b64": "!"}]}, 400, "base64"),
    "a number": ("", {"instances": [1]}, 400, "not formatted"),
    "other key": ("", {"instances": [{"image": B64[0]}]}, 400, "keys must be equal to"),
    "other column": ("", {"inputs": {"image": B64}}, 400, "Missing named input: image_bytes"),
    "signature": ("", {"signature_name": "no", "inputs": []}, 400, "not found in signature def"),
    "signature type": ("", {"signature_name": 1, "inputs": []}, 400, "must be a string"),
    "ragged": ("", {"signature_name": "logits", "instances": [[1, [2]]]}, 400, "level"),
    "shape": ("", {"signature_name": "logits", "instances": [[1, 2]]}, 400, "shape"),
    "version": ("/versions/9", {"inputs": []}, 404, "Servable not found for request: Specific"),
    "label": ("/labels/no", {"inputs": []}, 400, "Unrecognized servable version label: no"),
    "both places": ("/versions/1/labels/a", {"inputs": []}, 400, "Malformed request"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_have_a_code_and_a_cause(place, name):
    where, body, code, cause = MISTAKES[name]
    status, answer = http("POST", f"{place}{where}:predict", body)
    assert (status, list(answer)) == (code, ["error"])
    assert cause in answer["error"], answer
    assert http("POST", f"{place}:predict", {"instances": B64[:1]})[0] == 200


def test_an_empty_batch_is_answered_in_columns(place):
    status, answer = http("POST", f"{place}:predict", {"inputs": {"image_bytes": []}})
    assert status == 200
    assert set(map(tuple, answer["outputs"].values())) == {()}


def test_the_warm_up_requests_run(base_path, models):
    file = base_path / "2/assets.extra/tf_serving_warmup_requests"
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy())
        for record in tf.data.TFRecordDataset(str(file))
    ]
    requests = [log.predict_log.request for log in logs]
    called = {request.model_spec.signature_name for request in requests}
    assert called == set(models.versions[2].signatures)
    for request in requests:
        assert request.model_spec.name == "segtf"
        outputs = models.predict(request).outputs
        for tensor in outputs.values():
            assert tensor.tensor_shape.dim[0].size == 1
        if "error" in outputs:
            assert list(outputs["error"].string_val) == [b""]
    for log, request in zip(logs, requests, strict=True):
        rebuilt = prediction_log_pb2.PredictionLog()
        rebuilt.predict_log.request.CopyFrom(request)
        assert rebuilt == log


def test_what_tensorflow_raises_has_the_name_of_its_code():
    error = tf.errors.ResourceExhaustedError(None, None, "no memory")
    assert _code_name(error) == "RESOURCE_EXHAUSTED"
