"""Masks as PNG files of class ids, and the pictures beside them, which never take the place of what
is not theirs."""

import io
import unicodedata
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from segtf.files import write_atomically
from segtf.pages.page import MARK

_NOTES = {"Software": "segtf"}
"""What a mask says about itself, so that a later one may take its place."""
_COMMENT = b"segtf"
"""The same in a JPEG file."""
_HEAD = 1024
_IGNORED_COLOR = (224, 224, 192)  # as in the masks of Pascal VOC
_JPEG_QUALITY = 90


def plan_masks(images, folder, suffix=".png"):
    """Return where the mask of each image goes: ``FOLDER/<image stem>.png``. Nothing is written.

    A mask of an earlier call may be replaced. Anything else that lies there may not, be it one of
    the images or another file.

    Args:
        images: paths of image files, which need not be there.
        folder: where the masks, or other pictures of the images, are to go; need not exist.
        suffix: of the files, ``.png`` or ``.jpg``.

    Returns:
        A dict from image to mask path, in the order of the images.

    Raises:
        ValueError: for images whose masks would have one name, also on systems that do not tell
            capitals from small letters, for a mask in the place of another file, or a `folder`
            that is none.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"Expected a folder for the masks. Received: {folder}, which is a file")
    _require_distinct_names(images)
    planned = {Path(image): folder / f"{Path(image).stem}{suffix}" for image in images}
    files = {_identity(image) for image in planned} - {None}
    for image, mask in planned.items():
        if _identity(mask) in files:
            raise ValueError(
                "Expected another folder for the masks than that of the images: nothing is "
                f"overwritten. Received: {mask} for the mask of {image}, which is an image"
            )
        require_ours(mask, f"the mask of {image}")
    return planned


def require_ours(path, what):
    """Check that a file to be written takes the place of nothing but an earlier one of segtf.

    Args:
        path: of a ``.png``, ``.jpg`` or ``.html`` file.
        what: that is to be written, for the message.

    Raises:
        ValueError: if another file is there.
    """
    if path.exists() and not _is_ours(path):
        raise ValueError(
            "Expected a folder where the masks have room: nothing is overwritten but earlier "
            f"masks of segtf. Received: {path}, another file, for {what}"
        )


def keep_apart(path, files):
    """Check that a file to be written is none of those that it is made from.

    Args:
        path: what is to be written.
        files: paths of images and masks.

    Raises:
        ValueError: if it is one of them, by whatever name.
    """
    if _identity(Path(path)) in {_identity(Path(file)) for file in files} - {None}:
        raise ValueError(
            f"Expected another file to write to: nothing is overwritten. Received: {path}, which "
            "is one of the data set"
        )


def write_mask(mask, path, labels=None):
    """Write a mask as a PNG file that says that segtf wrote it.

    Args:
        mask: uint8 array `(H, W)` of class ids.
        path: one of those that `plan_masks` returned; its folder is made if it is missing.
        labels: a `LabelMap` whose colours the file is to show, as a palette: its numbers are the
            class ids all the same. By default it is grey.
    """
    picture = Image.fromarray(mask)
    if labels is not None:
        picture = Image.frombytes("P", picture.size, mask.tobytes())
        picture.putpalette(_palette(labels).tobytes())
    # Masks are areas of one number: run lengths make smaller files than a search for repetitions,
    # and take less time.
    write_picture(picture, path, compress_type=zlib.Z_RLE)


def write_picture(picture, path, **settings):
    """Write a picture that says that segtf wrote it.

    Args:
        picture: PIL image, or uint8 array `(H, W)`, `(H, W, 3)` or `(H, W, 4)`.
        path: a ``.png`` or ``.jpg`` file; its folder is made if it is missing.
        settings: of Pillow's PNG writer.
    """
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    content = io.BytesIO()
    if path.suffix == ".jpg":
        picture.save(content, "JPEG", quality=_JPEG_QUALITY, comment=_COMMENT)
    else:
        notes = PngInfo()
        for key, text in _NOTES.items():
            notes.add_text(key, text)
        picture.save(content, "PNG", pnginfo=notes, **settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content.getvalue())


def _palette(labels):
    """Colours of all 256 numbers: that of pixels which count nowhere is pale, others are black."""
    colors = np.zeros((256, 3), np.uint8)
    colors[: labels.num_classes] = labels.colors
    if labels.ignore_class is not None:
        colors[labels.ignore_class] = _IGNORED_COLOR
    return colors


def _require_distinct_names(images):
    """Refuse images whose masks would have one name, on any file system."""
    seen = {}
    for image in images:
        name = unicodedata.normalize("NFC", Path(image).stem).casefold()
        if name in seen:
            raise ValueError(
                "Expected images whose names differ by more than folder, ending, or capital and "
                f"small letters. Received: {seen[name]} and {image}"
            )
        seen[name] = image


def _identity(path):
    """What two names of one file have in common, or `None` if there is no such file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _is_ours(path):
    try:
        if path.suffix == ".html":
            with path.open("rb") as file:
                return MARK.encode() in file.read(_HEAD)
        with Image.open(path, formats=["JPEG" if path.suffix == ".jpg" else "PNG"]) as image:
            return _NOTES.items() <= image.info.items() or image.info.get("comment") == _COMMENT
    except (OSError, ValueError, SyntaxError):
        return False
