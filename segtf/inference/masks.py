"""Masks as files."""

from segtf.mask_files import require_distinct_stems, write_mask


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
    require_distinct_stems(images)
    folder.mkdir(parents=True, exist_ok=True)
    for image in images:
        prediction = predict(image)
        yield write_mask(prediction.mask, folder, image.stem), prediction
