"""Images as the bytes that are sent."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from segtf.data.decode import ImageError

_PNG_MODES = ("1", "L", "P", "RGB", "RGBA", "I;16")


def encoded(image):
    """Return an image as the bytes of a file.

    Args:
        image: path (sent as it is), bytes (likewise), PIL image, or uint8 array `(H, W)`,
            `(H, W, 1)` or `(H, W, 3)` (sent as PNG, which loses nothing).

    Raises:
        ImageError: (a `ValueError`) for something else, or a file that is not there.
    """
    if isinstance(image, bytes | bytearray):
        return bytes(image)
    if isinstance(image, str | os.PathLike):
        return _read(Path(image))
    if isinstance(image, np.ndarray):
        return _png(_picture(image))
    if isinstance(image, Image.Image):
        image = ImageOps.exif_transpose(image)
        return _png(image if image.mode in _PNG_MODES else image.convert("RGB"))
    raise ImageError(
        "Expected an image as path, bytes, PIL image or uint8 array. "
        f"Received: {type(image).__name__}"
    )


def _read(path):
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"Expected an image file. Received: {path} ({error.strerror})") from None


def _picture(array):
    shape = array.shape
    if array.ndim == 3 and shape[-1] == 1:
        array = array[..., 0]
    if array.dtype != np.uint8 or not (array.ndim == 2 or shape[2:] == (3,)) or not array.size:
        raise ImageError(
            "Expected a uint8 array (H, W), (H, W, 1) or (H, W, 3). "
            f"Received: {array.dtype} of shape {shape}"
        )
    return Image.fromarray(array)


def _png(picture):
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
