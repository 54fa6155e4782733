"""Masks as files."""

import io
from collections import Counter

from PIL import Image

from segtf.files import write_atomically


def write_masks(predict, images, folder):
    """Segment image files and write each mask as ``FOLDER/<image stem>.png``.

    Args:
        predict: a `Predictor`.
        images: paths of image files.
        folder: made if it is missing; masks of the same names are replaced.

    Yields:
        Path of the mask and its `Prediction`, for each image.

    Raises:
        ValueError: for an image that cannot be read, or two of the same stem, which would
            overwrite each other.
    """
    twice = [stem for stem, count in Counter(image.stem for image in images).items() if count > 1]
    if twice:
        raise ValueError(f"Expected images whose names differ. Received twice: {twice[:5]}")
    folder.mkdir(parents=True, exist_ok=True)
    for image in images:
        prediction = predict(image)
        png = io.BytesIO()
        Image.fromarray(prediction.mask).save(png, "PNG")
        path = folder / f"{image.stem}.png"
        write_atomically(path, png.getvalue())
        yield path, prediction
