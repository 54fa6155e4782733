"""What a client talks to."""

from dataclasses import dataclass
from urllib.parse import urlsplit

SCHEMES = ("http", "https", "grpc", "grpcs")


@dataclass(frozen=True)
class Target:
    """A model on a server.

    Args:
        url: ``http://HOST:PORT`` (REST) or ``grpc://HOST:PORT``, or with TLS ``https://...`` or
            ``grpcs://...``.
        model: its name there.
        version: whole number, or `None` for the newest.
        label: name that the server's configuration gives a version, or `None`.

    Raises:
        ValueError: for another URL, or both version and label.
    """

    url: str
    model: str
    version: int | None = None
    label: str | None = None

    def __post_init__(self):
        try:
            parts = urlsplit(self.url)
        except ValueError as error:
            raise ValueError(f"Expected a URL. Received: {self.url!r} ({error})") from None
        _require_port(parts, self.url)
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ValueError(
                "Expected http://HOST:PORT or grpc://HOST:PORT, with TLS https:// or grpcs://. "
                f"Received: {self.url!r}"
            )
        if self.version is not None and self.label is not None:
            raise ValueError(
                "Expected a version or a label, not both. "
                f"Received: version {self.version} and label {self.label!r}"
            )
        if not self.model:
            raise ValueError(f"Expected the name of a model. Received: {self.model!r}")

    @property
    def is_grpc(self):
        """Whether gRPC is spoken there, and not REST."""
        return urlsplit(self.url).scheme in ("grpc", "grpcs")

    @property
    def is_secure(self):
        """Whether it is spoken to by TLS."""
        return urlsplit(self.url).scheme in ("https", "grpcs")

    @property
    def address(self):
        """Host and port."""
        return urlsplit(self.url).netloc

    def __str__(self):
        if self.version is not None:
            return f"version {self.version} of model {self.model!r}"
        if self.label is not None:
            return f"label {self.label!r} of model {self.model!r}"
        return f"model {self.model!r}"


def _require_port(parts, url):
    """Refuse a port that there cannot be; none is that of the scheme."""
    try:
        fits = parts.port is None or parts.port > 0
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"Expected a port from 1 to 65535. Received: {url!r}")
