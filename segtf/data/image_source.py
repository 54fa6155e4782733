"""What may be given as an image, brought to the few kinds that are decoded."""

import contextlib
import os

import numpy as np
from PIL import Image

from segtf.data.array_files import ImageError, is_folder


def image_source(source):
    """Return what was given as an image as a path, bytes, PIL image or array.

    Args:
        source: one of these; or a `bytearray` or `memoryview` of an encoded file, or whatever
            NumPy takes for an array (a tensor of TensorFlow or PyTorch).

    Raises:
        ImageError: for something else, or the path of a folder.
    """
    if isinstance(source, bytes | Image.Image | np.ndarray):
        return source
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        if is_folder(source):
            raise ImageError(
                f"Expected an image file. Received: {source}, which is a folder: give the files "
                "in it, for example predict.batch(sorted(folder.glob('*.jpg')))"
            )
        return source
    if hasattr(source, "__array__"):
        with contextlib.suppress(Exception):  # whatever a library raises for what has no values
            return np.asarray(source)
    raise ImageError(
        "Expected an image as path, encoded bytes, PIL image, or uint8 array or tensor. "
        f"Received: {type(source).__name__}"
    )
