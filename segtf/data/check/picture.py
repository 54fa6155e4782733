"""One picture file: what its header says, and why it cannot be read if so."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from segtf.data.array_files import (
    MAX_PIXELS,
    DepthError,
    ImageError,
    is_array_file,
    open_array,
)
from segtf.data.decode import is_deep_picture, most_pixels, open_header
from segtf.data.mask_pictures import palette_of, samples_unread

ARRAY_MODE = "array"
"""Mode of a `Picture` that is a file of an array, not decoded by Pillow."""

_ORIENTATION = 0x0112
_SUFFIXES = {
    "JPEG": {".jpg", ".jpeg"},
    "MPO": {".jpg", ".jpeg"},
    "PNG": {".png"},
    "BMP": {".bmp"},
    "GIF": {".gif"},
    "TIFF": {".tif", ".tiff"},
    "WEBP": {".webp"},
    "NPY": {".npy"},
}
_BEGINNINGS = (b"\xff\xd8", b"\x89PNG", b"BM", b"GIF8", b"II*\0", b"MM\0*", b"RIFF")


class PictureError(Exception):
    """A file that cannot be read: the kind of finding, and the cause."""

    def __init__(self, kind, cause):
        super().__init__(cause)
        self.kind = kind


@dataclass(frozen=True)
class Picture:
    """A picture file whose header could be read.

    Args:
        path: the file.
        content: its bytes.
        format: what Pillow calls its format.
        mode: what Pillow calls the kind of its pixels.
        stored_size: height and width as stored.
        orientation: of EXIF, 1 to 8; 1 is upright.
        frames: how many pictures it holds.
        has_alpha: whether it has transparency.
        is_deep: whether its values have more than 8 bits.
        palette: its colours (red, green, blue) by number, if it is a palette image.
    """

    path: Path
    content: bytes
    format: str
    mode: str
    stored_size: tuple[int, int]
    orientation: int
    frames: int
    has_alpha: bool
    is_deep: bool
    palette: tuple[tuple[int, int, int], ...] = ()

    @property
    def size(self):
        """Height and width after turning the picture upright."""
        return self.stored_size[::-1] if self.orientation >= 5 else self.stored_size

    @property
    def fits_suffix(self):
        """Whether the file is named after its format."""
        return self.path.suffix.lower() in _SUFFIXES.get(self.format, ())


def open_picture(path, channels):
    """Read a file and its header.

    Args:
        path: the file.
        channels: channels that it is to be decoded to; 1 for a mask.

    Raises:
        PictureError: if there is no picture, or one beyond the size limit.
    """
    content = _read(path)
    if is_array_file(path, channels):
        return _open_array(path, channels)
    if channels not in (1, 3):
        cause = f"is a picture; {channels} channels need .npy or TIFF files"
        raise PictureError("channels", cause)
    try:
        with open_header(io.BytesIO(content)) as image:
            _refuse_large(image)
            if samples_unread(image):
                cause = f"holds {samples_unread(image)} channels, of which Pillow reads one"
                raise PictureError("channels", cause)
            return Picture(
                path,
                content,
                image.format,
                image.mode,
                (image.height, image.width),
                _orientation(image, content),
                getattr(image, "n_frames", 1),
                "A" in image.mode or "transparency" in image.info,
                is_deep_picture(image),
                palette_of(image) if image.mode in ("P", "PA") else (),
            )
    except PictureError:
        raise
    except Image.DecompressionBombError:
        cause = f"has more than {MAX_PIXELS} pixels by its header"
        raise PictureError("too large", cause) from None
    except UnidentifiedImageError:
        raise _no_picture(content) from None
    except Exception as error:  # Pillow's plugins raise many kinds for damaged headers
        raise PictureError("damaged", f"has a damaged header ({error})") from None


def decode_quickly(picture):
    """Decode every byte of a picture to see whether it is whole; JPEG at an eighth of its size.

    Raises:
        PictureError: if it is damaged or truncated.
    """
    if picture.mode == ARRAY_MODE:
        return
    try:
        with open_header(io.BytesIO(picture.content)) as image:
            image.draft("L", (image.width // 8, image.height // 8))
            image.load()
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        raise damaged(error) from None


def damaged(error):
    """Return the `PictureError` for an error of a decoder."""
    return PictureError("damaged", f"cannot be decoded to its end ({error})")


def _read(path):
    if path.is_symlink() and not path.exists():
        raise PictureError("dangling link", f"links to {path.readlink()}, which is not there")
    if not path.exists():
        raise PictureError("missing file", "does not exist")
    if not path.is_file():
        raise PictureError(
            "unreadable", "is a folder, not a file" if path.is_dir() else "is no regular file"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PictureError("unreadable", f"cannot be opened ({error.strerror})") from None
    if not content:
        raise PictureError("unreadable", "is empty (0 bytes)")
    return content


def _open_array(path, channels):
    try:
        values = open_array(path)
    except DepthError as error:
        raise PictureError(error.kind, error.cause) from None
    except ImageError as error:
        raise damaged(error) from None
    shape = values.shape if values.ndim == 3 else (*values.shape, 1)
    if shape[-1] != channels and shape[0] == channels:
        shape = (*shape[1:], shape[0])
    if channels != 1 and shape[-1] != channels:
        cause = f"has the shape {values.shape}, for {channels} channels"
        raise PictureError("channels", cause)
    format_ = "NPY" if path.suffix.lower() == ".npy" else "TIFF"
    is_deep = values.dtype != np.uint8
    return Picture(path, b"", format_, ARRAY_MODE, shape[:2], 1, 1, False, is_deep)


def _refuse_large(image):
    most = most_pixels(image)
    if image.width * image.height > most:
        size = f"{image.width} x {image.height}"
        cause = f"is {size} by its header; the limit is {most} pixels"
        raise PictureError("too large", cause)


def _orientation(image, content):
    """Of EXIF. Pillow decodes a whole PNG to look for it behind the pixels: only if it is there."""
    if image.format == "PNG" and b"eXIf" not in content:
        return 1
    return image.getexif().get(_ORIENTATION, 1)


def _no_picture(content):
    """The error for a file that Pillow does not recognise: what it may be by how it begins."""
    start = content[:64].lstrip().lower()
    if content.startswith(_BEGINNINGS):
        return PictureError("damaged", "begins like a picture, but its header cannot be read")
    if start.startswith(b"version https://git-lfs"):
        cause = "is a pointer of Git LFS; fetch the picture itself with `git lfs pull`"
    elif start.startswith((b"<!doctype", b"<html", b"<?xml")):
        cause = "is a web page or XML, not a picture: a failed download"
    elif not any(content):
        cause = f"holds {len(content)} zero bytes, nothing else: an unfinished copy"
    else:
        cause = f"is no picture in a known format; it begins with {content[:8]!r}"
    return PictureError("unreadable", cause)
