"""The REST interface of TensorFlow Serving."""

import base64
import json
import time
from urllib.parse import quote

import urllib3

from segtf import signatures
from segtf.serving.answers import ModelMetadata, Signature, TensorInfo, VersionStatus
from segtf.serving.errors import RequestTimeout, ServerFailed, ServerUnavailable, error_of

_CODES = {
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "TOO_LARGE",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_CONNECTIONS = 16


class RestTransport:
    """Talks REST to one model.

    Args:
        target: the `Target`.
    """

    def __init__(self, target):
        self.target = target
        self._pool = urllib3.PoolManager(maxsize=_CONNECTIONS, retries=False)
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
        return {name: [_value(one) for one in column] for name, column in outputs.items()}

    def status(self, seconds):
        """Return the `VersionStatus` of each version."""
        answer = self._json("GET", self._base, seconds)
        return [
            VersionStatus(
                int(one["version"]), one["state"], one.get("status", {}).get("error_message", "")
            )
            for one in answer["model_version_status"]
        ]

    def metadata(self, seconds):
        """Return the `ModelMetadata`."""
        answer = self._json("GET", f"{self._base}/metadata", seconds)
        defs = answer["metadata"]["signature_def"]["signature_def"]
        return ModelMetadata(
            answer["model_spec"]["name"],
            int(answer["model_spec"]["version"]),
            {
                name: Signature(_tensors(one["inputs"]), _tensors(one["outputs"]))
                for name, one in defs.items()
            },
        )

    def close(self):
        """Close the connections."""
        self._pool.clear()

    def _json(self, method, url, seconds, body=None):
        status, content = self._send(method, url, seconds, body)
        try:
            answer = json.loads(content)
        except ValueError:
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
        """HTTP status and body of the answer, all of it within `seconds`."""
        end = time.monotonic() + seconds
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={"Content-Type": "application/json"},
                timeout=urllib3.Timeout(total=seconds),
                redirect=False,
                preload_content=False,
            )
            with response:
                return response.status, b"".join(self._chunks(response, end, seconds))
        except urllib3.exceptions.NewConnectionError as error:
            raise self._unavailable(error) from None
        except (urllib3.exceptions.TimeoutError, TimeoutError):
            raise self._too_late(seconds) from None
        except urllib3.exceptions.SSLError as error:
            raise ServerFailed(
                f"Expected a server with a certificate that is trusted. Received: {error}"
            ) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unavailable(error) from None

    def _chunks(self, response, end, seconds):
        while chunk := response.read1():
            if time.monotonic() > end:
                raise self._too_late(seconds)
            yield chunk

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


def _value(value):
    """A value of an output: bytes where it is binary."""
    is_binary = isinstance(value, dict) and set(value) == {"b64"}
    return base64.b64decode(value["b64"]) if is_binary else value


def _tensors(infos):
    return {
        name: TensorInfo(one["dtype"], _shape(one["tensor_shape"])) for name, one in infos.items()
    }


def _shape(shape):
    if shape.get("unknown_rank"):
        return None
    sizes = (int(dim["size"]) for dim in shape.get("dim", ()))
    return tuple(None if size < 0 else size for size in sizes)
