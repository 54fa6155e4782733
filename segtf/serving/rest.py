"""The REST interface of TensorFlow Serving."""

import base64
import binascii
import json
from urllib.parse import quote

import urllib3

from segtf import signatures
from segtf.serving.answers import ModelMetadata, Signature, TensorInfo, VersionStatus
from segtf.serving.deadline import Deadline, pool_manager
from segtf.serving.errors import RequestTimeout, ServerFailed, ServerUnavailable, error_of
from segtf.serving.fields import Fields

_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "TOO_LARGE",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_REDIRECTS = (301, 302, 303, 307, 308)
_CONNECTIONS = 16
_CHUNK = 2**16


class RestTransport:
    """Talks REST to one model.

    Args:
        target: the `Target`.
        access: the `Access` to it.
    """

    def __init__(self, target, access):
        self.target = target
        self._headers = {"Content-Type": "application/json", **access.all_headers}
        self._pool = pool_manager(_CONNECTIONS, access.ca_file)
        base = f"{target.url.rstrip('/')}/v1/models/{quote(target.model, safe='')}"
        if target.version is not None:
            base += f"/versions/{target.version}"
        if target.label is not None:
            base += f"/labels/{quote(target.label, safe='')}"
        self._base = base

    def predict(self, files, seconds):
        """Send image files; returns the outputs as lists, by key."""
        images = [{"b64": base64.b64encode(file).decode("ascii")} for file in files]
        request = {
            "signature_name": signatures.SERVING_DEFAULT,
            "inputs": {signatures.IMAGE_BYTES: images},
        }
        body = json.dumps(request).encode("ascii")
        outputs = self._json("POST", f"{self._base}:predict", seconds, body).get("outputs")
        if not isinstance(outputs, dict):  # so it is for a signature of one output
            return {"outputs": outputs}
        return {name: _values(column) for name, column in outputs.items()}

    def status(self, seconds):
        """Return the `VersionStatus` of each version."""
        answer = Fields(self._json("GET", self._base, seconds))
        return [
            VersionStatus(
                one.integer("version"),
                one.text("state"),
                one.text("status", "error_message", default=""),
            )
            for one in answer.each("model_version_status")
        ]

    def metadata(self, seconds):
        """Return the `ModelMetadata`."""
        answer = Fields(self._json("GET", f"{self._base}/metadata", seconds))
        defs = answer.named("metadata", "signature_def", "signature_def")
        return ModelMetadata(
            answer.text("model_spec", "name"),
            answer.integer("model_spec", "version"),
            {
                name: Signature(_tensors(one.named("inputs")), _tensors(one.named("outputs")))
                for name, one in defs.items()
            },
        )

    def close(self):
        """Close the connections."""
        self._pool.clear()

    def _json(self, method, url, seconds, body=None):
        status, content, location = self._send(method, url, seconds, body)
        if status in _REDIRECTS:
            raise ServerFailed(
                "Expected the server itself, not a redirect: use the URL that it leads to, or the "
                f"headers or token that it asks for. Received: HTTP {status} to {location} from "
                f"{self.target.url}"
            )
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            answer = None
        if status in (200, 201) and isinstance(answer, dict):
            return answer
        is_servings_own = isinstance(answer, dict) and "error" in answer
        text = answer["error"] if is_servings_own else content[:200].decode("utf-8", "replace")
        code = _CODES.get(status, f"HTTP {status}")
        if code == "NOT_FOUND" and not is_servings_own:
            code = "HTTP 404"
        raise error_of(code, str(text), self.target)

    def _send(self, method, url, seconds, body):
        """HTTP status, body and new location of the answer, all of it within `seconds`."""
        with Deadline(seconds) as deadline:
            try:
                response = self._pool.request(
                    method,
                    url,
                    body=body,
                    headers=self._headers,
                    timeout=urllib3.Timeout(total=max(seconds, 1e-3)),
                    redirect=False,
                    preload_content=False,
                )
                with response:
                    content = b"".join(iter(lambda: response.read1(_CHUNK), b""))
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise self._failure(error, deadline, seconds) from None
            if deadline.has_passed:
                raise self._too_late(seconds)
            return response.status, content, response.headers.get("Location")

    def _failure(self, error, deadline, seconds):
        """What an exception of the connection means; one that broke may hold the next time."""
        is_new = isinstance(error, urllib3.exceptions.NewConnectionError)
        is_late = isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)) and not is_new
        if is_late or deadline.has_passed:
            return self._too_late(seconds)
        if isinstance(error, urllib3.exceptions.SSLError):
            return ServerFailed(
                "Expected a server with a certificate that is trusted: name the file of its "
                f"authority as ca_file. Received: {error}"
            )
        return self._unavailable(error)

    def _too_late(self, seconds):
        return RequestTimeout(
            "Expected an answer in time: allow more timeout or send less at once. "
            f"Received: none within {seconds:.1f} s from {self.target.url}"
        )

    def _unavailable(self, error):
        return ServerUnavailable(
            "Expected a server that answers: see that it runs and that this is its REST port. "
            f"Received: {_cause(error)} from {self.target.url}"
        )


def _cause(error):
    """The last words of an exception that wraps others."""
    return str(error).rsplit(": ", 1)[-1].strip("()")


def _values(column):
    """A list of values, or of lists of them: bytes where they are binary; what is neither stays."""
    return [_value(one) for one in column] if isinstance(column, list) else column


def _value(value):
    if isinstance(value, list):
        return [_value(one) for one in value]
    if not (isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str)):
        return value
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        return value


def _tensors(infos):
    return {
        name: TensorInfo(one.text("dtype"), _shape(one.inside("tensor_shape")))
        for name, one in infos.items()
    }


def _shape(shape):
    if shape.get("unknown_rank"):
        return None
    sizes = (dim.integer("size") for dim in shape.each("dim", default=()))
    return tuple(None if size < 0 else size for size in sizes)
