"""Masks as PNG files of class ids, which never take the place of what is not theirs."""

import io
import unicodedata
import zlib
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from segtf.files import write_atomically

_MARK = {"Software": "segtf"}
"""What a mask says about itself, so that a later one may take its place."""


def plan_masks(images, folder):
    """Return where the mask of each image goes: ``FOLDER/<image stem>.png``. Nothing is written.

    A mask of an earlier call may be replaced. Anything else that lies there may not, be it one of
    the images or another file.

    Args:
        images: paths of image files, which need not be there.
        folder: where the masks are to go; need not exist.

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
    planned = {Path(image): folder / f"{Path(image).stem}.png" for image in images}
    files = {_identity(image) for image in planned} - {None}
    for image, mask in planned.items():
        if _identity(mask) in files:
            raise ValueError(
                "Expected another folder for the masks than that of the images: nothing is "
                f"overwritten. Received: {mask} for the mask of {image}, which is an image"
            )
        if mask.exists() and not _is_ours(mask):
            raise ValueError(
                "Expected a folder where the masks have room: nothing is overwritten but earlier "
                f"masks of segtf. Received: {mask}, another file, for the mask of {image}"
            )
    return planned


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


def write_mask(mask, path):
    """Write a mask as a PNG file that says that segtf wrote it.

    Args:
        mask: uint8 array `(H, W)` of class ids.
        path: one of those that `plan_masks` returned; its folder is made if it is missing.
    """
    notes = PngInfo()
    for key, text in _MARK.items():
        notes.add_text(key, text)
    png = io.BytesIO()
    # Masks are areas of one number: run lengths make smaller files than a search for repetitions,
    # and take less time.
    Image.fromarray(mask).save(png, "PNG", pnginfo=notes, compress_type=zlib.Z_RLE)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, png.getvalue())


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
        with Image.open(path, formats=["PNG"]) as image:
            return _MARK.items() <= image.info.items()
    except (OSError, ValueError, SyntaxError):
        return False
