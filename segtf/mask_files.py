"""Masks as PNG files of class ids."""

import io
from collections import Counter

from PIL import Image

from segtf.files import write_atomically


def require_distinct_stems(images):
    """Check that masks named after these images do not overwrite each other.

    Args:
        images: paths of image files.

    Raises:
        ValueError: naming those that do.
    """
    twice = [stem for stem, count in Counter(image.stem for image in images).items() if count > 1]
    if twice:
        raise ValueError(f"Expected images whose names differ. Received twice: {twice[:5]}")


def write_mask(mask, folder, stem):
    """Write a mask as ``FOLDER/<stem>.png``; one of the same name is replaced.

    Args:
        mask: uint8 array `(H, W)` of class ids.
        folder: an existing folder.
        stem: name of the file without its suffix.

    Returns:
        The path.
    """
    png = io.BytesIO()
    Image.fromarray(mask).save(png, "PNG")
    path = folder / f"{stem}.png"
    write_atomically(path, png.getvalue())
    return path
