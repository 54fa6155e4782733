"""Images that are arrays: .npy files, and TIFF files with more channels than pictures have."""

import math
from pathlib import Path

import numpy as np

MAX_PIXELS = 64 * 2**20
"""Largest image that is decoded, in pixels; checked from the header, before decoding."""
MAX_SIDE = 2**16 - 1
"""Largest height and width of a picture, as JPEG and GIF have it: a line takes as much memory as
the picture that it is brought to has of the longer side."""

_MOST_VALUES = 16 * MAX_PIXELS
_TIFF_SUFFIXES = (".tif", ".tiff")
_PICTURE_CHANNELS = (1, 3)


class ImageError(ValueError):
    """An image or mask that cannot be used, with its name and the reason."""


class DepthError(ImageError):
    """An image whose values are not on a scale that is known, with the cause: a text that follows
    its name."""

    kind = "no grey levels"

    def __init__(self, name, cause):
        super().__init__(
            "Expected pixels of 8 bits, of 16 bits of which the upper 8 are kept, or floats of "
            f"0..255; scale others to 8 bits by one window for all images. Received: {name}, which "
            f"{cause}"
        )
        self.cause = cause


def is_array_file(source, channels):
    """Whether a source is read as an array: a path to .npy, or to TIFF of other than 1 or 3."""
    if not isinstance(source, str | Path):
        return False
    suffix = Path(source).suffix.lower()
    return suffix == ".npy" or (suffix in _TIFF_SUFFIXES and channels not in _PICTURE_CHANNELS)


def read_array(path, channels):
    """Read an image from a file of an array.

    16-bit values keep their upper 8 bits.

    Args:
        path: a .npy or TIFF file of uint8 or uint16: `(H, W)`, `(H, W, C)` or, as TIFF has it,
            `(C, H, W)`, with as many pages as channels.
        channels: how many it should have.

    Returns:
        uint8 array `(H, W, channels)`.

    Raises:
        ImageError: if it cannot be read, is too large, or has another shape or dtype.
    """
    values = open_array(path)
    if values.ndim == 3 and values.shape[-1] != channels and values.shape[0] == channels:
        values = np.moveaxis(values, 0, -1)
    if values.ndim == 2:
        values = values[..., np.newaxis]
    if values.ndim != 3 or values.shape[-1] != channels or values.size == 0:
        raise ImageError(
            f"Expected an image (height, width, {channels}). Received: {path} of shape "
            f"{values.shape}"
        )
    if values.dtype not in (np.uint8, np.uint16):
        raise DepthError(path, f"is of {values.dtype}")
    return np.ascontiguousarray(values if values.dtype == np.uint8 else to_8_bits(values, path))


def is_there(path):
    """Whether a path is that of a file; one too long to be any is not."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


def is_folder(path):
    """Whether a path is that of a folder; one too long to be any is not."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def open_array(path):
    """Open a .npy or TIFF file as an array; pixels are read when they are used, where possible.

    Raises:
        ImageError: if it cannot be read or is too large.
    """
    path = Path(path)
    if not is_there(path):
        raise ImageError(f"Expected an image file. Received: {path}, which does not exist")
    try:
        values = _open_tiff(path) if path.suffix.lower() in _TIFF_SUFFIXES else _open_npy(path)
    except ImageError:
        raise
    except Exception as error:  # readers raise many kinds for damaged files
        raise ImageError(
            f"Expected an array that can be read. Received: {path}, which is damaged ({error})"
        ) from None
    return values


def to_8_bits(values, name):
    """Keep the upper 8 of 16 bits; floats are taken as 0..255.

    The rule is one for all images: a scale that is guessed from an image would differ from one
    to the next.

    Raises:
        DepthError: for values that are on neither scale, and fractions up to 1.
    """
    low, high = values.min(), values.max()
    if values.dtype.kind == "f":
        values = np.round(values)
        if 0 < high <= 1 and low >= 0:
            raise DepthError(name, f"holds fractions of {low:g}..{high:g}, no grey levels")
        if not (values.min() >= 0 and values.max() <= 255):
            raise DepthError(name, f"holds floats of {low:g}..{high:g}, no grey levels of 0..255")
        return values.astype(np.uint8)
    if low < 0 or high > 65535:
        raise DepthError(name, f"holds {low}..{high}, no grey levels of 0..65535")
    return (values // 256).astype(np.uint8)


def _open_npy(path):
    values = np.load(path, mmap_mode="r", allow_pickle=False)
    _check_size(path, values.shape)
    return values


def _open_tiff(path):
    try:
        import tifffile
    except ImportError:
        raise ImageError(
            "Expected tifffile to be installed, to read a TIFF of other than 1 or 3 channels: "
            f"pip install 'segtf[tiff]'. Received: {path}"
        ) from None
    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        _check_size(path, series.shape)
        if series.dtype not in (np.uint8, np.uint16):
            raise DepthError(path, f"is of {series.dtype}")
        return series.asarray()


def _check_size(path, shape):
    """Whichever axis holds the channels, it is the shortest."""
    sides = sorted(shape)[-2:]
    is_too_large = sides[0] * sides[1] > MAX_PIXELS or math.prod(shape) > _MOST_VALUES
    if len(shape) not in (2, 3) or is_too_large:
        raise ImageError(
            f"Expected 2 or 3 axes, at most {MAX_PIXELS} pixels and {_MOST_VALUES} values. "
            f"Received: {path} of shape {shape}"
        )
