"""A small TensorFlow Serving: its two protocols before an exported SavedModel.

gRPC by the official stubs, REST by the rules in `rest_rules`. It is for tests and the benchmark,
and listens on the loopback address alone, on ports that the system chooses.

    python tests/serving/server.py MODEL_DIR [--name segtf]

prints its ports as a line of JSON and serves until standard input ends.
"""

import argparse
import json
import re
import sys
import threading
import urllib.parse
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import rest_rules
from served_models import Models, StatusError
from tensorflow_serving.apis import (
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

_PLACE = r"(?i)/v1/models/([^/:]+)(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?"
_PREDICT = re.compile(_PLACE + r":(classify|regress|predict)")
_STATUS = re.compile(_PLACE + r"(?:/(metadata))?")
_HTTP_STATUS = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_THREADS = 8


class ModelServer:
    """Serves `models` while it is open.

    Args:
        models: a `Models`.
        rest_port: likewise `grpc_port`: the system chooses unless it is given.
        largest_message: bytes of a gRPC message; TensorFlow Serving takes up to 2 GB.

    Attributes:
        before: called before each prediction; a test may let it wait or raise `StatusError`.
    """

    def __init__(self, models, rest_port=0, grpc_port=0, largest_message=2**31 - 1):
        self.models = models
        self.before = lambda: None
        self._http = ThreadingHTTPServer(("127.0.0.1", rest_port), _handler(self))
        self._http.daemon_threads = True
        self._grpc = grpc.server(
            futures.ThreadPoolExecutor(_THREADS),
            options=[("grpc.max_receive_message_length", largest_message)],
        )
        predictions, model_service = _PredictionService(self), _ModelService(self)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(predictions, self._grpc)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(model_service, self._grpc)
        self.grpc_port = self._grpc.add_insecure_port(f"127.0.0.1:{grpc_port}")
        self.rest_port = self._http.server_address[1]

    def __enter__(self):
        self._grpc.start()
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception):
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(grace=None).wait()

    @property
    def urls(self):
        """Protocol to URL."""
        return {
            "rest": f"http://127.0.0.1:{self.rest_port}",
            "grpc": f"grpc://127.0.0.1:{self.grpc_port}",
        }


class _PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, server):
        self._server = server

    def Predict(self, request, context):
        def predict():
            self._server.before()
            return self._server.models.predict(request)

        return _answer(predict, context)

    def GetModelMetadata(self, request, context):
        if list(request.metadata_field) != ["signature_def"]:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Metadata field is not supported")
        return _answer(
            lambda: rest_rules.metadata(self._server.models, request.model_spec), context
        )


class _ModelService(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, server):
        self._server = server

    def GetModelStatus(self, request, context):
        return _answer(lambda: rest_rules.status(self._server.models, request.model_spec), context)


def _answer(ask, context):
    try:
        return ask()
    except StatusError as error:
        context.abort(grpc.StatusCode[error.code], error.message[:1000])


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            length = int(self.headers.get("Content-Length") or 0)
            self._reply(_PREDICT, self.rfile.read(length))

        def do_GET(self):
            self._reply(_STATUS, b"")

        def _reply(self, pattern, body):
            if not self.path.lower().startswith("/v1/"):
                self.send_error(404)
                return
            try:
                status, text = 200, self._answer(pattern.fullmatch(self.path), body)
            except StatusError as error:
                status = _HTTP_STATUS.get(error.code, 500)
                text = json.dumps({"error": error.message})
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _answer(self, match, body):
            if match is None:
                raise rest_rules.refuse(f"Malformed request: {self.command} {self.path}")
            name, version, label, verb = match.groups()
            name, label = (one and urllib.parse.unquote(one) for one in (name, label))
            spec = rest_rules.model_spec(name, version, label)
            if verb == "predict":
                server.before()
                return rest_rules.predict(server.models, spec, body)
            if verb == "metadata":
                return rest_rules.metadata_json(rest_rules.metadata(server.models, spec))
            if verb is None:
                return rest_rules.status_json(rest_rules.status(server.models, spec))
            raise rest_rules.refuse(f"Expected a signature for {verb}")

        def log_message(self, *arguments):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model_dir")
    parser.add_argument("--name", default="segtf")
    options = parser.parse_args()
    with ModelServer(Models.load(options.model_dir, options.name)) as server:
        print(json.dumps(server.urls), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
