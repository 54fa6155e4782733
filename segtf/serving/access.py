"""What a server, or a proxy before it, asks of those who call it."""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TOKEN_VARIABLE = "SEGTF_SERVING_TOKEN"
HEADERS_VARIABLE = "SEGTF_SERVING_HEADERS"
CA_FILE_VARIABLE = "SEGTF_SERVING_CA_FILE"

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True)
class Access:
    """Headers, token and trusted certificates of a client.

    Args:
        headers: name to value of what is sent with each request (gRPC: its metadata).
        token: bearer token, sent as ``Authorization: Bearer TOKEN``.
        ca_file: path of a PEM file of the certificates to trust, in place of the system's.

    Raises:
        ValueError: for a header or token that cannot be sent, or a file without certificates.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    def __post_init__(self):
        for name, value in self.all_headers.items():
            # The value may be a secret, so that a message shows its name alone.
            if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
                raise ValueError(
                    "Expected headers (and a token) of printable ASCII characters. "
                    f"Received: header {name!r}"
                )
        if self.ca_file is not None:
            _require_certificates(Path(self.ca_file))

    @property
    def all_headers(self):
        """The headers, with that of the token."""
        token = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return {**self.headers, **token}

    @classmethod
    def with_environment(cls, headers=None, token=None, ca_file=None):
        """Return the access; what is not given comes from the environment, if it is there.

        ``SEGTF_SERVING_HEADERS`` has a line ``Name: value`` for each header; the other variables
        are ``SEGTF_SERVING_TOKEN`` and ``SEGTF_SERVING_CA_FILE``.
        """
        if headers is None:
            headers = parse_headers(os.environ.get(HEADERS_VARIABLE, "").splitlines())
        return cls(
            headers,
            token or os.environ.get(TOKEN_VARIABLE) or None,
            ca_file or os.environ.get(CA_FILE_VARIABLE) or None,
        )


def parse_headers(lines):
    """Return name to value of lines ``Name: value``; blank ones are left out.

    Raises:
        ValueError: for another line.

    Example:

    >>> parse_headers(["X-Tenant: blue"])
    {'X-Tenant': 'blue'}
    """
    headers = {}
    for line in filter(str.strip, lines):
        name, colon, value = line.partition(":")
        if not (colon and name.strip()):
            raise ValueError(f"Expected a header as 'Name: value'. Received: {name!r}")
        headers[name.strip()] = value.strip()
    return headers


def _require_certificates(path):
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one, too
        raise ValueError(
            f"Expected a PEM file of certificates. Received: {path} ({error.strerror or error})"
        ) from None
