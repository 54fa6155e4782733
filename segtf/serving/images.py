"""Images as the bytes that are sent.

The server's graph decodes less than Pillow does. What it would decode otherwise than
`segtf.data.decode.read_image`, or not at all, is decoded here and sent as PNG, which loses nothing.
"""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from segtf.data.array_files import open_array
from segtf.data.decode import ImageError, image_orientation, open_image, read_image

MAX_FILE_BYTES = 32 * 2**20
"""A larger file is decoded and sent as PNG, whose size is bounded by that of the picture."""

_GREY_MODES = ("1", "L", "LA", "I", "F")
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
_PNG_ORIENTATIONS = (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type exif")
_PNG_TEXTS, _MOST_TEXTS, _MORE_BYTES = (b"zTXt", b"iTXt", b"iCCP"), 16, 2**18
_SEARCHED_BY_GRAPH = 2**16
_ORIENTATION_TAG = 0x0112


def encoded(image):
    """Return an image as the bytes of a file that the server decodes as `segtf predict` does.

    Args:
        image: path, bytes of an image file, PIL image, or uint8 array `(H, W)`, `(H, W, 1)` or
            `(H, W, 3)`.

    Raises:
        ImageError: for a file that is not there or cannot be read.
        ValueError: for something else than these.
    """
    if isinstance(image, np.ndarray):
        return _png(_picture(image))
    if isinstance(image, Image.Image):
        return _decoded(image)
    if isinstance(image, bytes | bytearray | memoryview):
        return _file(bytes(image), len(image))
    if isinstance(image, str | os.PathLike):
        return _file(Path(image), _size(Path(image)))
    raise ValueError(
        "Expected an image as path, bytes, PIL image or uint8 array. "
        f"Received: {type(image).__name__}"
    )


def _size(path):
    try:
        return path.stat().st_size
    except OSError as error:
        raise ImageError(f"Expected an image file. Received: {path} ({error.strerror})") from None


def _file(source, size):
    if size > MAX_FILE_BYTES or (isinstance(source, Path) and source.suffix.lower() == ".npy"):
        return _decoded(source)
    try:
        content = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise ImageError(f"Expected an image file. Received: {source} ({error.strerror})") from None
    with open_image(source) as opened:
        is_decoded_alike = _is_decoded_alike(opened, content)
    return content if is_decoded_alike else _decoded(source)


def _is_decoded_alike(opened, content):
    """Whether the server's graph gives the pixels that Pillow does."""
    if opened.format in ("JPEG", "MPO"):
        return opened.mode in ("L", "RGB") and _graph_sees_orientation(opened, content)
    if opened.format == "PNG":
        is_deep = content[24:25] == b"\x10"
        is_turned = any(mark in content for mark in _PNG_ORIENTATIONS)
        is_still = getattr(opened, "n_frames", 1) == 1
        is_plain = is_still and not (is_deep or is_turned or _holds_more(opened, content))
        return opened.mode in _PNG_MODES and is_plain
    return False


def _holds_more(opened, content):
    """Whether a PNG is larger than its pixels, or has texts, than the graph puts up with."""
    texts = sum(map(content.count, _PNG_TEXTS))
    return len(content) > 9 * opened.width * opened.height + _MORE_BYTES or texts > _MOST_TEXTS


def _graph_sees_orientation(opened, content):
    """The graph looks into one EXIF segment near the beginning, Pillow into every one and XMP."""
    orientation = image_orientation(opened)
    marks = content[: 2 * _SEARCHED_BY_GRAPH].count(b"Exif\0\0")
    if orientation == 1:
        return marks <= 1
    exif = Image.Exif()
    exif.load(opened.info.get("exif", b""))
    is_near = 0 <= content.find(b"Exif\0\0") < _SEARCHED_BY_GRAPH
    return marks == 1 and is_near and exif.get(_ORIENTATION_TAG, 1) == orientation


def _decoded(source):
    """Bytes of a PNG of what `read_image` gives, grey if the image is."""
    pixels = read_image(source, _channels(source))
    return _png(Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels))


def _channels(source):
    if isinstance(source, Path) and source.suffix.lower() == ".npy":
        shape = open_array(source).shape
        return 3 if len(shape) == 3 and 3 in (shape[0], shape[-1]) else 1
    with open_image(source) as opened:
        return 1 if opened.mode in _GREY_MODES or opened.mode.startswith("I;16") else 3


def _picture(array):
    shape = array.shape
    if array.ndim == 3 and shape[-1] == 1:
        array = array[..., 0]
    if array.dtype != np.uint8 or not (array.ndim == 2 or shape[2:] == (3,)) or not array.size:
        raise ValueError(
            "Expected a uint8 array (H, W), (H, W, 1) or (H, W, 3). "
            f"Received: {array.dtype} of shape {shape}"
        )
    return Image.fromarray(array)


def _png(picture):
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
