"""Image and mask files to arrays: pictures with Pillow, more channels from .npy and TIFF files."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from segtf.data.array_files import (
    MAX_PIXELS,
    ImageError,
    is_array_file,
    open_array,
    read_array,
    to_8_bits,
)

_PILLOW_MODES = {1: "L", 3: "RGB"}
_ORIENTATION_TAG = 0x0112


def read_image(source, channels=3):
    """Decode an image.

    The EXIF orientation is applied, alpha is dropped, 16-bit values keep their upper 8 bits,
    grey and colour are converted into each other as `channels` asks. Files with other numbers
    of channels are ``.npy`` arrays and TIFF (the latter with tifffile: ``segtf[tiff]``).

    Args:
        source: path, encoded bytes, PIL image, or array `(H, W)` or `(H, W, C)` of dtype uint8.
        channels: 3 for RGB, 1 for grey; any number for ``.npy`` and TIFF files.

    Returns:
        uint8 array `(H, W, channels)`.

    Raises:
        ImageError: if it cannot be read, is too large, or has another number of channels.
    """
    if isinstance(source, np.ndarray):
        return _check_array(source, channels)
    if is_array_file(source, channels):
        return read_array(source, channels)
    if channels not in _PILLOW_MODES:
        raise ImageError(
            f"Expected an array, .npy or TIFF file (H, W, {channels}), since other image files "
            f"have 1 or 3 channels. Received: {_name(source)}"
        )
    with open_image(source) as image:
        pixels = _load(image, source)
    if pixels.mode in ("I", "F") or pixels.mode.startswith("I;16"):
        pixels = Image.fromarray(to_8_bits(np.asarray(pixels)))
    if pixels.mode == "P" and "transparency" in pixels.info:
        pixels = pixels.convert("RGBA")
    return np.atleast_3d(np.asarray(pixels.convert(_PILLOW_MODES[channels])))


def read_mask(source):
    """Decode a mask without interpreting it.

    Args:
        source: path, encoded bytes or PIL image of a bilevel, grey, palette (the indices are
            the values) or 16-bit grey picture; a colour picture only if its channels are equal.

    Returns:
        uint8 or int32 array `(H, W)` of the values in the file; bilevel pictures hold 0 and 1.

    Raises:
        ImageError: if it cannot be read, is too large, or is a colour picture.
    """
    if is_array_file(source, channels=1):
        values, mode = np.squeeze(open_array(source)), "array"
    else:
        with open_image(source) as image:
            pixels = _load(image, source)
        values, mode = np.asarray(pixels), pixels.mode
    if values.ndim == 3:
        colors = values[..., :3] if values.shape[-1] >= 3 else values[..., :1]
        if (colors != colors[..., :1]).any():
            raise ImageError(
                "Expected a mask of class ids (a grey or palette picture), not of colours. "
                f"Received: {_name(source)} of mode {mode}"
            )
        values = colors[..., 0]
    if values.dtype == np.bool_ or values.dtype == np.uint8:
        return values.astype(np.uint8)
    if not np.array_equal(values, values.astype(np.int32)):
        raise ImageError(
            f"Expected a mask of whole numbers. Received: {_name(source)} of mode {mode}"
        )
    return values.astype(np.int32)


def image_size(source):
    """Read height and width from the header, EXIF orientation applied.

    Raises:
        ImageError: if the header cannot be read or promises too many pixels.
    """
    if is_array_file(source, channels=1):
        return open_array(source).shape[:2]
    with open_image(source) as image:
        try:
            turned = image_orientation(image) >= 5
        except Exception as error:  # Pillow decodes PNG to its end for this
            raise _damaged(source, error) from None
        return (image.width, image.height) if turned else (image.height, image.width)


def image_orientation(image):
    """Return the EXIF orientation of a PIL image: 1 (upright) to 8."""
    return image.getexif().get(_ORIENTATION_TAG, 1)


def open_image(source):
    """Open as a PIL image from the header only; pixels are not decoded yet.

    Raises:
        ImageError: if the header cannot be read or promises too many pixels.
    """
    if isinstance(source, Image.Image):
        return source.copy()
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    if isinstance(file, str | os.PathLike) and not Path(file).is_file():
        raise ImageError(f"Expected an image file. Received: {file}, which does not exist")
    try:
        image = Image.open(file)
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"Expected at most {MAX_PIXELS} pixels. Received: {_name(source)} ({error})"
        ) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageError(
            f"Expected an image that can be read. Received: {_name(source)} ({error})"
        ) from None
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(
            f"Expected at most {MAX_PIXELS} pixels. Received: {_name(source)} of "
            f"{image.width} x {image.height}"
        )
    return image


def _load(image, source):
    try:
        image.load()
        return ImageOps.exif_transpose(image)
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        raise _damaged(source, error) from None


def _damaged(source, error):
    return ImageError(
        f"Expected an image that can be decoded. Received: {_name(source)}, which is damaged or "
        f"truncated ({error})"
    )


def _check_array(image, channels):
    if image.dtype != np.uint8:
        raise ImageError(f"Expected pixels of dtype uint8, 0..255. Received: {image.dtype}")
    if image.ndim == 2:
        image = image[..., np.newaxis]
    if image.ndim != 3 or image.shape[-1] != channels or image.size == 0:
        raise ImageError(
            f"Expected an image (height, width, {channels}). Received: shape {image.shape}"
        )
    return image


def _name(source):
    if isinstance(source, bytes):
        return f"{len(source)} bytes"
    return str(getattr(source, "filename", source))
