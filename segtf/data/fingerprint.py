"""A short text that two data sets share only if their files are the same."""

import hashlib
from pathlib import Path

from segtf.data.masks import mask_files


def fingerprint(source):
    """Digest the contents of a data set: sample ids, image and mask files, class names.

    Where the files lie, and in which order they are listed, makes no difference.

    Args:
        source: a `Source`.

    Returns:
        ``sha256:`` and 64 hexadecimal digits.

    Raises:
        OSError: if a file cannot be read.

    Example:

    >>> import tempfile
    >>> from segtf.data import load_source, write_synthetic
    >>> source = load_source("synthetic", write_synthetic(tempfile.mkdtemp() + "/data", count=2))
    >>> len(fingerprint(source))
    71
    """
    digest = hashlib.sha256("\0".join(source.labels.names).encode())
    for sample in sorted(source.samples, key=lambda sample: sample.id):
        digest.update(b"\0\0" + sample.id.encode())
        for path in (sample.image, *mask_files(sample)):
            with Path(path).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{digest.hexdigest()}"
