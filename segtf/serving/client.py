"""Client: images to a server, masks back."""

import math
import time

import numpy as np
from PIL import Image

from segtf.data.decode import ImageError
from segtf.serving.access import Access
from segtf.serving.answers import Answer, make_answers
from segtf.serving.errors import ModelLoading, ModelNotFound, ServingError
from segtf.serving.images import encoded
from segtf.serving.retry import with_retries
from segtf.serving.target import Target

MAX_REQUEST_BYTES = 32 * 2**20
"""Images are sent in requests of at most so many bytes; a larger one goes alone."""

_NOT_LISTS = (str, bytes, bytearray, np.ndarray, Image.Image)


class Client:
    """Talks to a model that `segtf.export` wrote, behind TensorFlow Serving.

    Several threads may share one. What may go better the next time (no connection, an
    overloaded server, a model that is still loading) is tried again, with growing pauses; what
    the server refuses is not.

    Args:
        url: ``http://HOST:PORT`` (REST) or ``grpc://HOST:PORT`` (needs the extra ``serving`` and
            imports TensorFlow); with TLS ``https://...`` and ``grpcs://...``.
        model: name of the model on the server.
        version: number of the version; the newest by default.
        label: or name that the server's configuration gives a version.
        timeout: seconds for a request, further tries included.
        retries: how often a request is tried again.
        batch_size: largest number of images in a request. A server that batches takes no more
            than its ``max_batch_size``.
        headers: name to value of headers to send, for a proxy before the server; by default those
            of the environment variable ``SEGTF_SERVING_HEADERS``, a line ``Name: value`` each.
        token: bearer token to send; by default that of ``SEGTF_SERVING_TOKEN``.
        ca_file: path of a PEM file of the certificates to trust; by default that of
            ``SEGTF_SERVING_CA_FILE``, or the system's.

    Raises:
        ValueError: for values out of their range, headers that cannot be sent, or a file without
            certificates.
        ServingError: (a `ValueError`) for ``grpc://`` without the extra.

    Example:

    >>> with Client("http://127.0.0.1:9", model="nevus", timeout=1, retries=0) as client:
    ...     client.segment(["image.jpg"])[0].error
    'Expected an image file. Received: image.jpg (No such file or directory)'
    """

    def __init__(
        self,
        url,
        model="segtf",
        version=None,
        label=None,
        timeout=10.0,
        retries=3,
        batch_size=16,
        headers=None,
        token=None,
        ca_file=None,
    ):
        if not 0 < timeout < math.inf or retries < 0 or batch_size < 1:
            raise ValueError(
                "Expected timeout > 0, retries >= 0 and batch_size >= 1. "
                f"Received: timeout={timeout}, retries={retries}, batch_size={batch_size}"
            )
        self.target = Target(url, model, version, label)
        self.timeout = timeout
        self.retries = retries
        self.batch_size = batch_size
        self._transport = _connect(self.target, Access.with_environment(headers, token, ca_file))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Close the connections."""
        self._transport.close()

    def segment(self, images):
        """Segment images, in as many requests as it takes.

        Args:
            images: list (or other iterable) of paths, bytes of image files, PIL images or uint8
                arrays.

        Returns:
            A list of `Answer`s in the same order. An image that cannot be read, here or by the
            model, has an `error` and no mask; the others are not affected.

        Raises:
            ValueError: for what is no image at all, such as an array of another dtype.
            ServingError: (a `ValueError`) if a request fails as a whole.
        """
        return list(self.stream(images))

    def stream(self, images):
        """Segment images like `segment`, yielding each request's answers as they come.

        Images are read when their request is made: no more than one request is in memory.
        """
        if isinstance(images, _NOT_LISTS):
            raise ValueError(
                f"Expected a list of images. Received: a single {type(images).__name__}"
            )
        for batch in _batches(map(_prepared, images), self.batch_size):
            answers = iter(self._answers([one for one in batch if isinstance(one, bytes)]))
            yield from (next(answers) if isinstance(one, bytes) else one for one in batch)

    def _answers(self, files):
        if not files:
            return []
        return make_answers(self._call(lambda seconds: self._predict(files, seconds)), len(files))

    def status(self):
        """Return a `VersionStatus` for each version of the model.

        Raises:
            ServingError: if there is no answer, or no such model.
        """
        return self._call(self._transport.status)

    def metadata(self):
        """Return the `ModelMetadata`: the version that answers, its signatures.

        Raises:
            ServingError: if there is no answer, or no such model.
        """
        return self._call(lambda seconds: self._unless_loading(self._transport.metadata, seconds))

    def _call(self, attempt):
        return with_retries(attempt, self.timeout, self.retries)

    def _predict(self, files, seconds):
        return self._unless_loading(
            lambda seconds: self._transport.predict(files, seconds), seconds
        )

    def _unless_loading(self, ask, seconds):
        """Ask; a model that is not found may be one that is loading, or has just been loaded."""
        end = time.monotonic() + seconds
        try:
            return ask(seconds)
        except ModelNotFound as error:
            states = self._states(end - time.monotonic())
            if any(one.state in self._hopeful_states for one in states):
                raise ModelLoading(
                    f"Expected {self.target} to be loaded: wait, or allow more retries and "
                    f"timeout. Received: {_describe(states)}"
                ) from None
            if not states:
                raise
            raise ModelNotFound(f"{error}; the server has {_describe(states)}") from None

    @property
    def _hopeful_states(self):
        """States of a model that was not found, in which it may be found the next time.

        A server says of all versions where they stand when it is asked for a label, so that one
        which is available says nothing of the label.
        """
        loading = ("START", "LOADING")
        return loading if self.target.label is not None else (*loading, "AVAILABLE")

    def _states(self, seconds):
        if seconds <= 0:
            return []
        try:
            return self._transport.status(seconds)
        except ServingError:
            return []


def _connect(target, access):
    if not target.is_grpc:
        from segtf.serving.rest import RestTransport

        return RestTransport(target, access)
    try:
        from segtf.serving.grpc_transport import GrpcTransport
    except ImportError as error:
        raise ServingError(
            "Expected the extra for gRPC: pip install 'segtf[serving]', or use the server's REST "
            f"port, http://. Received: {target.url}, but {error}"
        ) from None
    return GrpcTransport(target, access)


def _prepared(image):
    """The bytes to send, or the answer for an image that cannot be read."""
    try:
        return encoded(image)
    except ImageError as error:
        return Answer(error=str(error))


def _batches(prepared, batch_size):
    """Lists of bounded number and bytes."""
    batch, size = [], 0
    for one in prepared:
        added = len(one) if isinstance(one, bytes) else 0
        if batch and (len(batch) == batch_size or size + added > MAX_REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += added
    if batch:
        yield batch


def _describe(states):
    return ", ".join(
        f"version {one.version}: {one.state}{f' ({one.error})' if one.error else ''}"
        for one in states
    )
