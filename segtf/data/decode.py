"""Image and mask files to arrays: pictures with Pillow, more channels from .npy and TIFF files."""

import io
import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from segtf.data.array_files import (
    MAX_PIXELS,
    MAX_SIDE,
    DepthError,
    ImageError,
    is_array_file,
    is_there,
    open_array,
    read_array,
    to_8_bits,
)
from segtf.data.image_source import image_source
from segtf.data.jpeg_scans import require_few_scans
from segtf.data.mask_pictures import (
    array_values,
    picture_colors,
    picture_values,
    samples_unread,
    whole_numbers,
)

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are opened, by Pillow's names; others are refused, whatever a file calls itself."""

_MOST_PIXELS = {"AVIF": MAX_PIXELS // 2, "WEBP": MAX_PIXELS // 2}
"""Of formats whose decoders keep pictures of their own: up to 16 bytes a pixel."""
_PILLOW_MODES = {1: "L", 3: "RGB"}
_PIXELS_AT_ONCE = 2**22
_NETPBM, _LONGEST_HEADER = b"P", 2**16
LEAST_OF_DEEP = 32
"""Deep images use the upper 3 of 16 bits somewhere in a set; those of 12-bit sensors do not."""

_SIGNED = 2
_ORIENTATION_TAG, _BITS_TAG, _PHOTOMETRIC_TAG, _SAMPLE_FORMAT_TAG = 0x0112, 258, 262, 339


def read_image(source, channels=3):
    """Decode an image.

    The EXIF orientation is applied, alpha is dropped, of several frames the first is read,
    16-bit values keep their upper 8 bits, floats are taken as 0..255, grey and colour are
    converted into each other as `channels` asks. Files with other numbers of channels are
    ``.npy`` arrays and TIFF (the latter with tifffile: ``segtf[tiff]``).

    Args:
        source: path, encoded bytes (also a `bytearray` or `memoryview`), PIL image, or array or
            tensor `(H, W)` or `(H, W, C)` of dtype uint8.
        channels: 3 for RGB, 1 for grey; any number for ``.npy`` and TIFF files.

    Returns:
        uint8 array `(H, W, channels)`.

    Raises:
        ImageError: if it cannot be read, is too large, has another number of channels, or holds
            values that are no grey levels: fractions of 0..1, values below 0 or beyond 16 bits.
    """
    source = image_source(source)
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
        _refuse_odd_scales(image, source)
        return _values(_load(image, source), channels, _name(source))


def read_single(source, channels=3):
    """Decode an image by itself, as `read_image` does.

    A set is refused where its deep images are nearly black on the scale of 16 bits; one image
    may well be dark, so it is read by the same scale, with a warning.
    """
    source = image_source(source)
    pixels = read_image(source, channels)
    if pixels.max() < LEAST_OF_DEEP and not isinstance(source, np.ndarray) and _is_deep(source):
        warnings.warn(
            f"{_name(source)} comes out nearly black: of 16 bits the upper 8 are kept, and its "
            f"brightest value is {pixels.max()} of 255; scale it to 8 bits as the images were that "
            "the model was trained on",
            stacklevel=3,
        )
    return pixels


def read_mask(source):
    """Decode a mask without interpreting it.

    Args:
        source: path, encoded bytes or PIL image of a bilevel, grey, palette (the indices are
            the values) or 16-bit grey picture; a colour picture only if its channels are equal.

    Returns:
        uint8 or int32 array `(H, W)` of the values in the file; bilevel pictures hold 0 and 1.

    Raises:
        ImageError: if it cannot be read, is too large, holds fractions, is a colour picture, or
            can be read in two ways: several pages or frames, transparency or a palette that is
            another mask than the pixels, fewer bits than a byte.
    """
    name = _name(source)
    if is_array_file(source, channels=1):
        return whole_numbers(array_values(open_array(source), name), name, "array")
    values, mode = _read_one_way(source, picture_values)
    return whole_numbers(values, name, mode)


def read_colors(source):
    """Decode a mask that tells classes by colour.

    Args:
        source: path, encoded bytes or PIL image.

    Returns:
        uint8 array `(H, W, 3)`.

    Raises:
        ImageError: as for `read_mask`, but for colours.
    """
    if is_array_file(source, channels=1):
        return read_array(source, 3)
    return _read_one_way(source, picture_colors)[0]


def _read_one_way(source, read):
    """What a function of `segtf.data.mask_pictures` makes of a picture, and its mode."""
    with open_image(source) as image:
        mode = image.mode
        try:
            return read(image, _name(source), lambda opened: _load(opened, source)), mode
        except ImageError:
            raise
        except Exception as error:  # Pillow's plugins raise many kinds for damaged pages
            raise _damaged(source, error) from None


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
    if isinstance(file, str | os.PathLike) and not is_there(file):
        raise ImageError(f"Expected an image file. Received: {file}, which does not exist")
    try:
        image = open_header(file)
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"Expected at most {MAX_PIXELS} pixels. Received: {_name(source)} ({error})"
        ) from None
    except UnidentifiedImageError:
        raise ImageError(
            f"Expected an image of a known format. Received: {_name(source)}, of another or "
            "damaged where it begins"
        ) from None
    except Exception as error:  # Pillow's plugins raise many kinds for damaged headers
        raise ImageError(
            f"Expected an image that can be read. Received: {_name(source)} ({error})"
        ) from None
    most = most_pixels(image)
    if image.width * image.height > most or max(image.size) > MAX_SIDE:
        of_format = f" of {image.format}" if most < MAX_PIXELS else ""
        raise ImageError(
            f"Expected at most {most} pixels{of_format}, {MAX_SIDE} a side. Received: "
            f"{_name(source)} of {image.width} x {image.height}"
        )
    return image


def most_pixels(image):
    """Return how many pixels may be decoded of a PIL image that is open, by its format."""
    return _MOST_PIXELS.get(image.format, MAX_PIXELS)


def open_header(file):
    """Open a file with Pillow, if it is of one of the `FORMATS` that this Pillow has."""
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]
    start = _start_of_netpbm(file)
    if start:  # without an error, its header ends here
        Image.open(io.BytesIO(start), formats=formats).close()
    return Image.open(file, formats=formats)


def _start_of_netpbm(file):
    """The first bytes of a PPM file; of another one, nothing.

    Pillow reads its header byte by byte, and its comments have no end.
    """
    if isinstance(file, io.BytesIO):
        start = bytes(file.getbuffer()[:_LONGEST_HEADER])
    else:
        with Path(file).open("rb") as opened:
            start = opened.read(1)
            start += opened.read(_LONGEST_HEADER - 1) if start == _NETPBM else b""
    return start if start[:1] == _NETPBM else b""


def _refuse_odd_scales(image, source):
    """Refuse the kinds of TIFF whose values Pillow gives as others than they are."""
    if image.format != "TIFF":
        return
    if samples_unread(image):
        raise ImageError(
            f"Expected an image of {len(image.getbands())} channels. Received: {_name(source)} of "
            f"{samples_unread(image)}; more than 3 are read as an array (channels)"
        )
    if image.mode == "L" and _is_signed(image):
        raise DepthError(_name(source), "holds signed numbers of 8 bits")
    if image.mode.startswith("I;16") and image.tag_v2.get(_PHOTOMETRIC_TAG) == 0:
        raise DepthError(_name(source), "holds 16 bits of which 0 is white")


def is_deep_picture(image):
    """Whether a PIL image that is open holds other numbers than 0..255, by its header.

    Pillow reads colour of 16 bits as if it had 8.
    """
    if image.mode[0] in "IF":
        return True
    if image.format == "TIFF":
        return max(image.tag_v2.get(_BITS_TAG, (1,))) > 8 or _is_signed(image)
    return image.format == "PNG" and bool(image.tile) and ";16" in str(image.tile[0][3])


def _is_signed(image):
    return _SIGNED in image.tag_v2.get(_SAMPLE_FORMAT_TAG, ())


def _is_deep(source):
    if is_array_file(source, channels=1):
        return open_array(source).dtype != np.uint8
    with open_image(source) as image:
        return is_deep_picture(image)


def _load(image, source):
    try:
        _require_few_scans(image, source)
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return image
    except ImageError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        raise _damaged(source, error) from None


def _require_few_scans(image, source):
    if image.format in ("JPEG", "MPO") and image.tile:
        place = image.fp.tell()
        image.fp.seek(0)
        require_few_scans(image.fp.read(), image.height, image.width, _name(source))
        image.fp.seek(place)


def _values(image, channels, name):
    """uint8 array `(H, W, channels)` of a picture that is decoded.

    It is made in strips: Pillow's own copies would take four times the memory of the picture.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = Image.fromarray(to_8_bits(np.asarray(image), name))
    values = np.empty((image.height, image.width, channels), np.uint8)
    rows = max(1, _PIXELS_AT_ONCE // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        values[top : top + rows] = np.atleast_3d(np.asarray(_plain(strip, channels)))
    return values


def _plain(picture, channels):
    if picture.mode == "P" and "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.mode in ("La", "RGBa"):
        picture = picture.convert(picture.mode.upper())
    return picture.convert(_PILLOW_MODES[channels])


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
