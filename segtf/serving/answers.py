"""What a server says."""

import io
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from segtf import signatures
from segtf.serving.errors import WrongSignature

_OUTPUTS = (
    signatures.MASK_BYTES,
    signatures.COVERAGE,
    signatures.CONFIDENCE,
    signatures.CLASS_NAMES,
    signatures.ERROR,
)


@dataclass(frozen=True)
class Answer:
    """What the served model says about one image.

    Args:
        mask: uint8 array `(H, W)` of class ids at the image's own size; `None` with an error.
        coverage: class name to the share of the pixels that have it; empty with an error.
        confidence: mean probability of the decided class, 0..1; `None` with an error.
        error: why there is no mask, or `None`.
    """

    mask: np.ndarray | None = None
    coverage: dict[str, float] = field(default_factory=dict)
    confidence: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class VersionStatus:
    """Where a version of a model stands on a server.

    Args:
        version: its number.
        state: ``START``, ``LOADING``, ``AVAILABLE``, ``UNLOADING`` or ``END``.
        error: what went wrong, or empty.
    """

    version: int
    state: str
    error: str = ""


@dataclass(frozen=True)
class TensorInfo:
    """An input or output: name of its dtype, such as ``DT_UINT8``, and its shape.

    A size that is not fixed is `None` in `shape`; an unknown number of axes makes `shape` `None`.
    """

    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs by key, each a `TensorInfo`."""

    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]


@dataclass(frozen=True)
class ModelMetadata:
    """The version that a server would answer with, and its signatures by name."""

    model: str
    version: int
    signatures: dict[str, Signature]


def make_answers(outputs, count):
    """Return the `Answer`s in the outputs of ``serving_default``.

    Args:
        outputs: key to a list with one value per image; text as `str`, masks as bytes.
        count: number of images that were sent.

    Raises:
        WrongSignature: if outputs are missing, or answers.
    """
    missing = [name for name in _OUTPUTS if name not in outputs]
    if missing:
        raise WrongSignature(
            f"Expected the outputs {', '.join(_OUTPUTS)} of a model that segtf.export wrote. "
            f"Received: {', '.join(sorted(outputs))}"
        )
    columns = [outputs[name] for name in _OUTPUTS]
    if any(len(column) != count for column in columns):
        raise WrongSignature(
            f"Expected {count} answers. Received: {[len(column) for column in columns]}"
        )
    return [_make_answer(*row) for row in zip(*columns, strict=True)]


def _make_answer(png, coverage, confidence, names, error):
    if error:
        return Answer(error=error)
    with Image.open(io.BytesIO(png)) as mask:
        ids = np.asarray(mask)
    shares = {name: float(share) for name, share in zip(names, coverage, strict=True)}
    return Answer(ids, shares, float(confidence))
