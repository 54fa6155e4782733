"""Servers that speak the protocol, but answer something else: an error that names the field."""

import base64
import copy
import json
import ssl
import time
from concurrent import futures

import grpc
import pytest
import tensorflow as tf
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_examples import encode, picture
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
from test_failures import FILE, http_server, page

from segtf import serving
from segtf.serving import Client, retry

MASK = base64.b64encode(encode(picture(4, 6)[..., 0] // 200)).decode()
ANSWERS = {
    ":predict": {
        "outputs": {
            "mask_bytes": [{"b64": MASK}],
            "coverage": [[0.25, 0.75]],
            "confidence": [0.9],
            "class_names": [["skin", "lesion"]],
            "error": [""],
        }
    },
    "/metadata": {
        "model_spec": {"name": "segtf", "signature_name": "", "version": "3"},
        "metadata": {
            "signature_def": {
                "signature_def": {
                    "serving_default": {
                        "inputs": {
                            "image_bytes": {
                                "dtype": "DT_STRING",
                                "tensor_shape": {"dim": [{"size": "-1"}], "unknown_rank": False},
                            }
                        },
                        "outputs": {},
                    }
                }
            }
        },
    },
    "": {
        "model_version_status": [
            {
                "version": "3",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    },
}
ASK = {
    ":predict": lambda client: client.segment([FILE]),
    "/metadata": lambda client: client.metadata(),
    "": lambda client: client.status(),
}
NO_PNG = {"b64": base64.b64encode(b"no png").decode()}
NUMBERS = [None, True, 0, -1.5, 1e300, 10**400, float("nan")]
WRONG = st.sampled_from(
    [*NUMBERS, "", "text", "\0", [], [[]], [None], ["a"] * 3, {}, {"b64": "?"}, {"b64": 1}, NO_PNG]
)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)


@pytest.fixture(scope="module")
def double():
    """A server that answers what `said` holds; its URL."""
    said = {}

    def respond(handler):
        body = json.dumps(said["answer"]).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with http_server(respond) as (url, _):
        yield url, said


def places(value, path=()):
    """The path of every part of an answer."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for key, one in items:
            yield from places(one, (*path, key)) if isinstance(one, dict | list) else [(*path, key)]


@pytest.mark.parametrize("what", ANSWERS)
def test_right_answers_are_read(double, what):
    url, said = double
    said["answer"] = ANSWERS[what]
    with Client(url, timeout=20, retries=0) as client:
        assert ASK[what](client)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("what", ANSWERS)
def test_one_wrong_field_is_an_error_or_an_answer(double, what, data):
    url, said = double
    answer = copy.deepcopy(ANSWERS[what])
    path = data.draw(st.sampled_from(list(places(answer))[1:]))
    parent = answer
    for key in path[:-1]:
        parent = parent[key]
    if data.draw(st.booleans()):
        parent[path[-1]] = data.draw(WRONG)
    else:
        del parent[path[-1]]
    said["answer"] = answer
    with Client(url, timeout=20, retries=0) as client:
        try:
            ASK[what](client)
        except serving.ServingError as error:
            assert "Received: " in str(error)
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mask_bytes", [None]),
        ("mask_bytes", [{"b64": "????"}]),
        ("mask_bytes", [{"b64": base64.b64encode(b"GIF89a").decode()}]),
        ("coverage", 0.5),
        ("coverage", [[0.5]]),
        ("coverage", [["a", "b"]]),
        ("confidence", [None]),
        ("confidence", []),
        ("class_names", None),
        ("class_names", [["skin", 3]]),
        ("error", [0]),
        ("error", {}),
    ],
)
def test_the_field_is_named(double, name, value):
    url, said = double
    said["answer"] = {"outputs": {**ANSWERS[":predict"]["outputs"], name: value}}
    with (
        Client(url, timeout=20, retries=0) as client,
        pytest.raises(serving.UnreadableAnswer, match=f"as {name} in the answer"),
    ):
        client.segment([FILE])


class _Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, outputs, heard):
        self.outputs, self.heard = outputs, heard

    def Predict(self, request, context):
        self.heard.append(dict(context.invocation_metadata()))
        response = predict_pb2.PredictResponse()
        for name, tensor in self.outputs.items():
            response.outputs[name].CopyFrom(tensor)
        return response


def _grpc_server(outputs):
    """A server of fixed outputs, not started, and the list of the metadata that it hears."""
    server, heard = grpc.server(futures.ThreadPoolExecutor(1)), []
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        _Predictions(outputs, heard), server
    )
    return server, heard


def _outputs():
    return {
        "mask_bytes": tf.make_tensor_proto([base64.b64decode(MASK)]),
        "coverage": tf.make_tensor_proto([[0.25, 0.75]]),
        "confidence": tf.make_tensor_proto([0.9]),
        "class_names": tf.make_tensor_proto([["skin", "lesion"]]),
        "error": tf.make_tensor_proto([""]),
    }


def _truncated():
    tensor = tf.make_tensor_proto([0.9])
    tensor.ClearField("float_val")
    tensor.tensor_content = b"\1"
    return tensor


@pytest.mark.parametrize(
    "wrong",
    [tf.make_tensor_proto(0.9), _truncated(), tf.make_tensor_proto(["much"])],
    ids=["scalar", "truncated", "of another dtype"],
)
def test_wrong_tensors_over_grpc(wrong):
    server, _ = _grpc_server({**_outputs(), "confidence": wrong})
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with (
            Client(f"grpc://127.0.0.1:{port}", timeout=20, retries=0) as client,
            pytest.raises(serving.UnreadableAnswer, match="confidence"),
        ):
            client.segment([FILE])
    finally:
        server.stop(None)


def test_a_body_that_is_cut_is_asked_for_again():
    body = json.dumps(ANSWERS[":predict"]).encode()
    cuts = [len(body) // 2, 10]

    def respond(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: cuts.pop() if cuts else len(body)])
        handler.close_connection = True

    with http_server(respond) as (url, calls), Client(url, timeout=20, retries=3) as client:
        assert client.segment([FILE])[0].mask.shape == (4, 6)
        assert len(calls) == 3


@pytest.mark.parametrize("part", ["headers", "body"])
def test_the_time_limit_holds_for_the_whole_call(part):
    def drip(handler):
        try:
            if part == "body":
                handler.send_response(200)
                handler.end_headers()
            else:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for index in range(60):
                handler.wfile.write(b" " if part == "body" else b"X-%d: y\r\n" % index)
                handler.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass

    start = time.monotonic()
    with (
        http_server(drip) as (url, _),
        Client(url, timeout=0.5, retries=5) as client,
        pytest.raises(serving.RequestTimeout),
    ):
        try:
            client.segment([FILE])
        finally:
            took = time.monotonic() - start
    assert took < 2.5


def test_a_connection_is_used_again_after_a_deadline(double):
    url, said = double
    said["answer"] = ANSWERS[":predict"]
    with Client(url, timeout=0.5, retries=0) as client:
        client.segment([FILE])
        time.sleep(0.7)
        assert client.segment([FILE])[0].mask.shape == (4, 6)


def test_a_redirect_names_its_target():
    def respond(handler):
        handler.send_response(302)
        handler.send_header("Location", "https://login.example/start")
        handler.end_headers()

    with (
        http_server(respond) as (url, _),
        Client(url, timeout=20, retries=0) as client,
        pytest.raises(serving.ServerFailed, match=r"HTTP 302 to https://login\.example/start"),
    ):
        client.segment([FILE])


def test_a_model_that_becomes_available_between_two_questions():
    """Not found when it was asked for an answer, available when it was asked for its state."""
    asked = []

    def respond(handler):
        asked.append(handler.path)
        found = not handler.path.endswith(":predict") or len(asked) > 2
        answer = ANSWERS["" if not handler.path.endswith(":predict") else ":predict"]
        page(
            200 if found else 404,
            json.dumps(answer if found else {"error": "Servable not found"}).encode(),
        )(handler)

    with http_server(respond) as (url, _), Client(url, timeout=20, retries=2) as client:
        assert client.segment([FILE])[0].mask.shape == (4, 6)


@pytest.fixture
def heard():
    """A server that keeps the headers it was sent."""
    headers = []

    def respond(handler):
        headers.append(dict(handler.headers))
        page(200, json.dumps(ANSWERS[":predict"]).encode())(handler)

    with http_server(respond) as (url, _):
        yield url, headers


def test_headers_and_token_from_arguments_and_environment(heard, monkeypatch):
    url, headers = heard
    with Client(url, token="secret", headers={"X-Tenant": "blue"}) as client:
        client.segment([FILE])
    monkeypatch.setenv("SEGTF_SERVING_TOKEN", "other")
    monkeypatch.setenv("SEGTF_SERVING_HEADERS", "X-Tenant: green\nX-More: 1\n")
    with Client(url) as client:
        client.segment([FILE])
    assert headers[0]["Authorization"] == "Bearer secret" and headers[0]["X-Tenant"] == "blue"
    assert headers[1]["Authorization"] == "Bearer other" and headers[1]["X-Tenant"] == "green"
    assert headers[1]["X-More"] == "1"


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_wants_a_token(status):
    with (
        http_server(page(status, b"who are you")) as (url, calls),
        Client(url, timeout=20, retries=2) as client,
        pytest.raises(serving.AccessDenied, match="token or headers"),
    ):
        client.segment([FILE])
    assert len(calls) == 1


@pytest.mark.parametrize(
    "access",
    [
        {"token": "two\r\nlines"},
        {"headers": {"Bad Name": "x"}},
        {"headers": {"X": "é"}},
        {"ca_file": "none.pem"},
    ],
)
def test_access_that_cannot_be_sent(access):
    with pytest.raises(ValueError, match="Received: ") as raised:
        Client("http://127.0.0.1:9", **access)
    assert "lines" not in str(raised.value)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority and the path of its certificate."""
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return authority, path


def test_tls_over_rest(authority, monkeypatch):
    authority, ca_file = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with http_server(page(200, json.dumps(ANSWERS[":predict"]).encode()), context) as (url, _):
        url = url.replace("http:", "https:")
        with (
            Client(url, timeout=20, retries=0) as client,
            pytest.raises(serving.ServerFailed, match="ca_file"),
        ):
            client.segment([FILE])
        with Client(url, timeout=20, ca_file=ca_file) as client:
            assert client.segment([FILE])[0].mask.shape == (4, 6)
        monkeypatch.setenv("SEGTF_SERVING_CA_FILE", str(ca_file))
        with Client(url, timeout=20) as client:
            assert client.segment([FILE])[0].mask.shape == (4, 6)


def test_tls_and_token_over_grpc(authority):
    authority, ca_file = authority
    certificate = authority.issue_cert("127.0.0.1")
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    credentials = grpc.ssl_server_credentials([(certificate.private_key_pem.bytes(), chain)])
    server, heard = _grpc_server(_outputs())
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        url = f"grpcs://127.0.0.1:{port}"
        with Client(url, timeout=20, ca_file=ca_file, token="secret") as client:
            assert client.segment([FILE])[0].mask.shape == (4, 6)
        assert heard[0]["authorization"] == "Bearer secret"
        with (
            Client(url, timeout=5, retries=0) as client,
            pytest.raises(serving.ServerUnavailable),
        ):
            client.segment([FILE])
    finally:
        server.stop(None)
