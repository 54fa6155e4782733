"""What a server says."""

from dataclasses import dataclass, field
from numbers import Real

import numpy as np

from segtf import signatures
from segtf.class_masks import masks_by_name
from segtf.data.decode import ImageError, read_mask
from segtf.serving.errors import WrongSignature
from segtf.serving.fields import unreadable

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
        mask: uint8 array at the image's own size: `(H, W)` of class ids; of a multi-label model
            `(H, W, K)`, of each of its K classes, in the order of `coverage`, whether it is there,
            0 or 1; `None` with an error.
        coverage: class name to the share of the pixels that have it; empty with an error.
        confidence: mean probability of what was decided, 0..1; `None` with an error.
        error: why there is no mask, or `None`.
    """

    mask: np.ndarray | None = None
    coverage: dict[str, float] = field(default_factory=dict)
    confidence: float | None = None
    error: str | None = None

    @property
    def masks(self):
        """Class name to uint8 array `(H, W)`, of a multi-label model: 1 where the class is.

        Raises:
            ValueError: for a model of one class a pixel, or an answer with an error.
        """
        if self.mask is None:
            raise ValueError(f"Expected an answer with a mask. Received: {self.error}")
        return masks_by_name(self.mask, self.coverage)


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
    """An input or output of a signature.

    Args:
        dtype: name of its dtype, such as ``DT_UINT8``.
        shape: its shape, where a size that is not fixed is `None`; `None` itself for an unknown
            number of axes.
    """

    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs of a signature.

    Args:
        inputs: key to `TensorInfo` of each input.
        outputs: key to `TensorInfo` of each output.
    """

    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]


@dataclass(frozen=True)
class ModelMetadata:
    """The version of a model that a server would answer with.

    Args:
        model: name of the model.
        version: number of the version.
        signatures: name to `Signature`.
    """

    model: str
    version: int
    signatures: dict[str, Signature]


def make_answers(outputs, count):
    """Return the `Answer`s in the outputs of ``serving_default``.

    Args:
        outputs: key to a list with one value per image; text as `str`, masks as bytes.
        count: number of images that were sent.

    Raises:
        WrongSignature: if outputs are missing.
        UnreadableAnswer: naming the output that does not hold what it should.
    """
    missing = [name for name in _OUTPUTS if name not in outputs]
    if missing:
        raise WrongSignature(
            f"Expected the outputs {', '.join(_OUTPUTS)} of a model that segtf.export wrote. "
            f"Received: {', '.join(sorted(outputs))}"
        )
    columns = [_column(outputs, name, count) for name in _OUTPUTS]
    return [_make_answer(*row) for row in zip(*columns, strict=True)]


def _column(outputs, name, count):
    """The values of an output, one for each image."""
    values = outputs[name]
    if not isinstance(values, list) or len(values) != count:
        shown = len(values) if isinstance(values, list) else values
        raise unreadable(name, f"a list of {count} values", shown)
    return values


def _make_answer(png, coverage, confidence, names, error):
    if not isinstance(error, str):
        raise unreadable(signatures.ERROR, "text", error)
    if error:
        return Answer(error=error)
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise unreadable(signatures.CLASS_NAMES, "a list of names", names)
    if not (isinstance(coverage, list) and len(coverage) == len(names)):
        raise unreadable(signatures.COVERAGE, f"{len(names)} numbers", coverage)
    shares = [_number(share, signatures.COVERAGE) for share in coverage]
    return Answer(
        _mask(png, len(names)),
        dict(zip(names, shares, strict=True)),
        _number(confidence, signatures.CONFIDENCE),
    )


def _number(value, name):
    """A share or probability; float32 may exceed 1 by its rounding."""
    if isinstance(value, Real) and not isinstance(value, bool) and 0 <= value <= 1.001:
        return float(value)
    raise unreadable(name, "a number within 0..1", value)


def _mask(png, count):
    """The mask of a PNG file, or of one for each of `count` classes."""
    if not isinstance(png, list):
        return _ids(png)
    if len(png) != count:
        raise unreadable(signatures.MASK_BYTES, f"{count} PNG files", f"{len(png)} of them")
    masks = [_ids(one) for one in png]
    if len({mask.shape for mask in masks}) > 1:
        raise unreadable(signatures.MASK_BYTES, "PNG files of one size", "others")
    return np.stack(masks, axis=-1)


def _ids(png):
    if not isinstance(png, bytes):
        raise unreadable(signatures.MASK_BYTES, "a PNG file as base64", png)
    try:
        ids = read_mask(png)
    except ImageError as error:
        raise unreadable(signatures.MASK_BYTES, f"a PNG file ({error})", png) from None
    if ids.dtype != np.uint8:
        raise unreadable(signatures.MASK_BYTES, "a PNG file of 8 bits", png)
    return ids
