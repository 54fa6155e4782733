"""Does an exported model say what the Keras model says?"""

import io

import numpy as np
import tensorflow as tf
from PIL import Image

from segtf import signatures
from segtf.data.decode import read_image
from segtf.inference import decide


class ExportError(ValueError):
    """An export that cannot be made, or that differs from the Keras model too much."""


def check_agreement(reference, exported, images, least):
    """Compare an exported model with the model that it came from.

    Args:
        reference: `Predictor` of the Keras model.
        exported: `Predictor` of the exported model.
        images: what a predictor takes.
        least: share of the pixels, 0..1, whose class has to be the same.

    Returns:
        Share of the pixels whose class is the same, over all images, and the largest difference
        of a logit. Classes are compared at the images' own sizes; those of a model that gives
        class ids at the model's size, where it decides, and its logit difference is `None`.

    Raises:
        ExportError: if fewer agree.
    """
    canvases = np.stack([reference.canvas(image) for image in images])
    expected, received = reference.backend(canvases), exported.backend(canvases)
    if exported.backend.gives_class_ids:
        ids = decide.class_ids(tf.constant(expected), reference.spec.threshold).numpy()
        return _share_of_equal_pixels(ids, received, least), None
    agreement = _share_of_equal_pixels(
        [reference(image).mask for image in images],
        [exported(image).mask for image in images],
        least,
    )
    return agreement, float(np.abs(expected - received).max())


def check_files(reference, saved_model, images, least):
    """Compare the masks that a SavedModel gives for image files with those of the Keras model.

    Args:
        reference: `Predictor` of the Keras model.
        saved_model: what `tf.saved_model.load` returned.
        images: what a predictor takes.
        least: share of the pixels, 0..1, whose class has to be the same.

    Raises:
        ExportError: if fewer are, or if an image got an error for an answer.
    """
    arrays = [read_image(image, reference.spec.channels) for image in images]
    answers = saved_model.signatures[signatures.SERVING_DEFAULT](
        **{signatures.IMAGE_BYTES: tf.constant([_png(array) for array in arrays])}
    )
    errors = [error.decode() for error in answers[signatures.ERROR].numpy() if error]
    if errors:
        raise ExportError(f"Expected a mask for each image. Received: {errors[0]}")
    masks = [tf.io.decode_png(png).numpy()[..., 0] for png in answers[signatures.MASK_BYTES]]
    _share_of_equal_pixels([reference(array).mask for array in arrays], masks, least)


def _share_of_equal_pixels(expected, received, least):
    equal = sum(
        int(np.count_nonzero(one == other)) for one, other in zip(expected, received, strict=True)
    )
    share = equal / sum(mask.size for mask in expected)
    if share < least:
        raise ExportError(
            f"Expected at least {least:.2%} of the pixels to have the class that the Keras model "
            f"gives them, on {len(expected)} images. Received: {share:.2%}"
        )
    return share


def _png(array):
    file = io.BytesIO()
    Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array).save(file, "PNG")
    return file.getvalue()


def generated_images(spec, count=4):
    """Return images to compare on where no others are given: the same ones every time.

    Coarse random colours, blown up, with fine noise on them: both large areas and detail.

    Args:
        spec: `ModelSpec`; the images differ in size from the model's and from each other.
        count: number of images.

    Returns:
        A list of uint8 arrays `(H, W, C)`.
    """
    rng = np.random.default_rng(0)
    images = []
    for index in range(count):
        height = spec.size[0] + 8 * (index % 3)
        width = spec.size[1] + 12 * (index % 2)
        coarse = rng.integers(0, 256, (-(-height // 16), -(-width // 16), spec.channels))
        areas = np.kron(coarse, np.ones((16, 16, 1)))[:height, :width]
        noise = rng.normal(0.0, 20.0, areas.shape)
        images.append(np.clip(areas + noise, 0, 255).astype(np.uint8))
    return images
