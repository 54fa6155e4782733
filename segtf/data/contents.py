"""What the files of a data set hold, as digests: of the whole set, and of each sample."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from segtf.data.masks import mask_files

_DIGITS = 32


@dataclass(frozen=True)
class Contents:
    """Digests of a data set.

    Args:
        fingerprint: ``sha256:`` and 64 hexadecimal digits, of sample ids, files and class names.
        samples: sample id to the digests of its ``image`` and ``mask``, hexadecimal.
    """

    fingerprint: str
    samples: dict


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
    return read_contents(source).fingerprint


def read_contents(source):
    """Digest every file of a data set, each once.

    Args:
        source: a `Source`.

    Returns:
        Its `Contents`.

    Raises:
        OSError: if a file cannot be read.

    Example:

    >>> import tempfile
    >>> from segtf.data import load_source, write_synthetic
    >>> source = load_source("synthetic", write_synthetic(tempfile.mkdtemp() + "/data", count=2))
    >>> sorted(read_contents(source).samples)
    ['0000', '0001']
    """
    of_file = cache(_digest_of_file)  # one annotation file may hold the masks of all samples
    whole = hashlib.sha256("\0".join(source.labels.names).encode())
    samples = {}
    for sample in sorted(source.samples, key=lambda sample: sample.id):
        image, *masks = (of_file(path) for path in (sample.image, *mask_files(sample)))
        whole.update(b"\0\0" + sample.id.encode(errors="surrogateescape") + image)
        for mask in masks:
            whole.update(mask)
        samples[sample.id] = {
            "image": image.hex()[:_DIGITS],
            "mask": hashlib.sha256(_own_part(sample, masks)).hexdigest()[:_DIGITS],
        }
    return Contents(f"sha256:{whole.hexdigest()}", samples)


def _digest_of_file(path):
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _own_part(sample, masks):
    """What of the mask files belongs to this sample: all, unless its reader knows better."""
    own = getattr(sample.mask, "own_part", None)
    return b"".join(masks) if own is None else own
