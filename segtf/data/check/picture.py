"""One picture file: what its header says, and why it cannot be read if so."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from segtf.data.decode import MAX_PIXELS

_ORIENTATION = 0x0112
_SUFFIXES = {
    "JPEG": {".jpg", ".jpeg"},
    "MPO": {".jpg", ".jpeg"},
    "PNG": {".png"},
    "BMP": {".bmp"},
    "GIF": {".gif"},
    "TIFF": {".tif", ".tiff"},
    "WEBP": {".webp"},
}


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

    @property
    def size(self):
        """Height and width after turning the picture upright."""
        return self.stored_size[::-1] if self.orientation >= 5 else self.stored_size

    @property
    def fits_suffix(self):
        """Whether the file is named after its format."""
        return self.path.suffix.lower() in _SUFFIXES.get(self.format, ())


def open_picture(path):
    """Read a file and its header.

    Raises:
        PictureError: if there is no picture, or one beyond the size limit.
    """
    content = _read(path)
    try:
        with Image.open(io.BytesIO(content)) as image:
            picture = Picture(
                path,
                content,
                image.format,
                image.mode,
                (image.height, image.width),
                image.getexif().get(_ORIENTATION, 1),
                getattr(image, "n_frames", 1),
                "A" in image.mode or "transparency" in image.info,
                image.mode[0] in "IF" or _is_deep_png(image.format, content),
            )
    except Image.DecompressionBombError:
        raise PictureError(
            "too large", f"has more than {MAX_PIXELS} pixels by its header"
        ) from None
    except UnidentifiedImageError:
        raise PictureError("unreadable", _what_instead(content)) from None
    except Exception as error:  # Pillow's plugins raise many kinds for damaged headers
        raise PictureError("damaged", f"has a damaged header ({error})") from None
    height, width = picture.stored_size
    if height * width > MAX_PIXELS:
        raise PictureError(
            "too large",
            f"is {width} x {height} by its header; the limit is {MAX_PIXELS} pixels",
        )
    return picture


def decode_quickly(picture):
    """Decode every byte of a picture to see whether it is whole; JPEG at an eighth of its size.

    Raises:
        PictureError: if it is damaged or truncated.
    """
    try:
        with Image.open(io.BytesIO(picture.content)) as image:
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
        raise PictureError("unreadable", "is a folder, not a file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PictureError("unreadable", f"cannot be opened ({error.strerror})") from None
    if not content:
        raise PictureError("unreadable", "is empty (0 bytes)")
    return content


def _is_deep_png(format_, content):
    """Pillow reads PNG in colour of 16 bits as if it had 8; the header tells."""
    return format_ == "PNG" and content[24] == 16


def _what_instead(content):
    """Say what a file that is no picture may be, from how it begins."""
    start = content[:64].lstrip().lower()
    if start.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS; fetch the picture itself with `git lfs pull`"
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page or XML, not a picture: a failed download"
    if not any(content):
        return f"holds {len(content)} zero bytes, nothing else: an unfinished copy"
    return f"is no picture in a known format; it begins with {content[:8]!r}"
