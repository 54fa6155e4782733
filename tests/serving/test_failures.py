"""Servers that are away, late, busy, strict or something else: one clear error each."""

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import tensorflow as tf
from served_models import Models, StatusError
from server import ModelServer
from serving_examples import encode, http, picture

from segtf import serving
from segtf.serving import Client, retry

FILE = encode(picture(9, 9))


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def failing(server, *codes):
    """Let predictions fail with these codes, one after the other; counts them all in a list."""
    calls, codes = [], list(codes)

    def before():
        calls.append(time.monotonic())
        if codes:
            raise StatusError(codes.pop(0), "for a test")

    server.before = before
    return calls


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_nobody_there(scheme, free_port):
    with (
        Client(f"{scheme}://127.0.0.1:{free_port}", timeout=20, retries=2) as client,
        pytest.raises(serving.ServerUnavailable, match="see that it runs") as raised,
    ):
        client.segment([FILE])
    assert f"127.0.0.1:{free_port}" in str(raised.value)


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_a_server_that_comes_up_in_time_is_met(scheme, free_port, models, monkeypatch):
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.1)
    with Client(f"{scheme}://127.0.0.1:{free_port}", timeout=30, retries=50) as client:
        opened = contextlib.ExitStack()

        def come_up():
            time.sleep(0.3)
            ports = {"rest_port" if scheme == "http" else "grpc_port": free_port}
            opened.enter_context(ModelServer(models, **ports))

        thread = threading.Thread(target=come_up)
        thread.start()
        try:
            assert client.segment([FILE])[0].mask.shape == (9, 9)
        finally:
            thread.join()
            opened.close()


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED"])
def test_a_busy_server_is_asked_again(server, client, code):
    calls = failing(server, code, code)
    assert client.segment([FILE])[0].mask.shape == (9, 9)
    assert len(calls) == 3
    assert calls[2] - calls[1] > 0.009


def test_but_not_for_ever(server, client):
    calls = failing(server, *["UNAVAILABLE"] * 20)
    with pytest.raises(serving.ServerUnavailable, match="for a test"):
        client.segment([FILE])
    assert len(calls) == 1 + client.retries


def test_nor_beyond_the_time_out(server, url, monkeypatch):
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.2)
    calls = failing(server, *["UNAVAILABLE"] * 20)
    start = time.monotonic()
    with (
        Client(url, timeout=1, retries=20) as client,
        pytest.raises((serving.ServerUnavailable, serving.RequestTimeout)),
    ):
        client.segment([FILE])
    assert time.monotonic() - start < 5
    assert 1 <= len(calls) <= 6


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("INVALID_ARGUMENT", serving.RequestRefused),
        ("INTERNAL", serving.ServerFailed),
        ("UNIMPLEMENTED", serving.ServerFailed),
        ("DEADLINE_EXCEEDED", serving.RequestTimeout),
    ],
)
def test_what_would_fail_again_is_not_asked_again(server, client, code, error):
    calls = failing(server, code)
    with pytest.raises(error, match=r"Expected .*for a test"):
        client.segment([FILE])
    assert len(calls) == 1
    assert client.segment([FILE])[0].mask.shape == (9, 9)


def test_time_out(server, url):
    server.before = lambda: time.sleep(2)
    start = time.monotonic()
    with (
        Client(url, timeout=0.3) as client,
        pytest.raises(serving.RequestTimeout, match="allow more timeout"),
    ):
        client.segment([FILE])
    assert time.monotonic() - start < 1.8


def test_no_such_model_version_or_label(url):
    for asked in ({"model": "none"}, {"version": 9}, {"label": "none"}):
        with (
            Client(url, **asked) as client,
            pytest.raises(serving.ModelNotFound, match=r"models\.config") as raised,
        ):
            client.segment([FILE])
        assert str(next(iter(asked.values()))) in str(raised.value)
        if "model" in asked:
            with Client(url, **asked) as client, pytest.raises(serving.ModelNotFound):
                client.status()


@pytest.fixture
def loading(server, models, monkeypatch):
    monkeypatch.setattr(models, "states", {1: "END", 2: "LOADING"})


@pytest.mark.usefixtures("loading")
def test_a_model_that_is_loading_is_waited_for(client, models, monkeypatch):
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.2)
    timer = threading.Timer(0.05, lambda: models.states.update({2: "AVAILABLE"}))
    timer.start()
    assert client.segment([FILE])[0].mask.shape == (9, 9)
    timer.join()


@pytest.mark.usefixtures("loading")
def test_a_model_that_keeps_loading_is_named(client):
    for ask in (lambda: client.segment([FILE]), client.metadata):
        with pytest.raises(serving.ModelLoading, match=r"wait.*version 2: LOADING"):
            ask()
    assert {one.version: one.state for one in client.status()} == {1: "END", 2: "LOADING"}


@pytest.fixture(scope="module")
def foreign_models(tmp_path_factory):
    """Models of other makers: another key in, one output, and no default signature."""
    folder = tmp_path_factory.mktemp("foreign")

    class Foreign(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
        def lengths(self, image_bytes):
            return {"lengths": tf.strings.length(image_bytes)}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def other(self, text):
            return {"lengths": tf.strings.length(text), "text": text}

    module = Foreign()
    for version, signatures in (
        (1, {"serving_default": module.lengths}),
        (2, {"serving_default": module.other}),
        (3, {"lengths": module.lengths}),
    ):
        tf.saved_model.save(module, str(folder / str(version)), signatures=signatures)
    loaded = Models.load(folder, "foreign")
    yield loaded
    loaded.close()


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_a_model_of_another_maker(foreign_models, protocol, version):
    with (
        ModelServer(foreign_models) as server,
        Client(server.urls[protocol], model="foreign", version=version) as client,
        pytest.raises(serving.WrongSignature, match=r"segtf\.export wrote.*Received"),
    ):
        client.segment([FILE])


@contextlib.contextmanager
def http_server(respond, tls=None):
    """Serve `respond`, a function of a request handler; gives its URL and the list of calls.

    `tls` is an `ssl.SSLContext` to speak TLS by.
    """
    calls = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            calls.append(self.path)
            respond(self)

        do_GET = do_POST

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", calls
        server.shutdown()


def page(status, body):
    def respond(handler):
        handler.send_response(status)
        handler.end_headers()
        handler.wfile.write(body)

    return respond


@pytest.mark.parametrize(
    ("status", "body", "error", "calls"),
    [
        (413, b"<html>too large", serving.RequestTooLarge, 1),
        (404, b"<html>not here", serving.ServerFailed, 1),
        (200, b"<html>welcome", serving.ServerFailed, 1),
        (302, b"", serving.ServerFailed, 1),
        (500, b'{"error": "out of memory"}', serving.ServerFailed, 1),
        (
            400,
            b'{"error": "Task size 50 is larger than maximum input batch size 32"}',
            serving.RequestTooLarge,
            1,
        ),
        (503, b"no healthy upstream", serving.ServerUnavailable, 3),
        (200, b'{"outputs": {"error": []}}', serving.WrongSignature, 1),
    ],
)
def test_what_proxies_and_other_servers_say(status, body, error, calls):
    with (
        http_server(page(status, body)) as (url, seen),
        Client(url, timeout=20, retries=2) as client,
    ):
        with pytest.raises(error, match=r"Expected .*Received: "):
            client.segment([FILE])
        assert len(seen) == calls


def test_a_connection_that_breaks_is_tried_again():
    with (
        http_server(lambda handler: handler.connection.close()) as (url, calls),
        Client(url, timeout=20, retries=2) as client,
    ):
        with pytest.raises(serving.ServerUnavailable):
            client.segment([FILE])
        assert len(calls) == 3


def test_a_grpc_message_beyond_the_limit(models):
    with (
        ModelServer(models, largest_message=10_000) as server,
        Client(server.urls["grpc"], timeout=20) as client,
    ):
        with pytest.raises(serving.RequestTooLarge, match="smaller images"):
            client.segment([FILE + bytes(20_000)])
        assert client.segment([FILE])[0].mask.shape == (9, 9)


def test_garbage_does_not_stop_the_server(server, client):
    for port in (server.rest_port, server.grpc_port):
        for garbage in (
            b"\0\1\2",
            b"POST /v1/models/segtf:predict HTTP/1.1\r\n\r\n",
            b"GET\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(garbage)
    assert http("POST", f"{server.urls['rest']}/v1/models/segtf:predict", b"\xff")[0] == 400
    assert client.segment([FILE])[0].mask.shape == (9, 9)
