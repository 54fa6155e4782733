"""What is predicted of an image, as pictures to look at."""

import re

import numpy as np
from PIL import Image

from segtf.data.check.sheet import visible
from segtf.data.fit import fit_mask
from segtf.signatures import LOGITS
from segtf.tasks.choice import task_of

LONGEST_SIDE = 1600
"""Of overlays, in pixels: they are to be looked at."""
_LONGEST_NAME = 60


def draw_overlay(image, prediction):
    """Lay what is predicted over an image.

    Args:
        image: uint8 array `(H, W, C)`.
        prediction: its `Prediction`.

    Returns:
        uint8 RGB array `(h, w, 3)`, no side longer than `LONGEST_SIDE`.
    """
    image, mask = Image.fromarray(_rgb(image)), prediction.mask
    shrink = LONGEST_SIDE / max(image.size)
    if shrink < 1:
        size = tuple(max(1, round(side * shrink)) for side in image.size)
        image = image.resize(size, Image.Resampling.BOX)
        mask = fit_mask(mask, "stretch", size[::-1], 0)
    spec = prediction.spec
    pictures = task_of(spec).pictures(np.asarray(image), None, mask, spec.labels)
    return pictures["prediction"]


def cut_out(image, prediction):
    """Cut what is no background out of an image.

    Args:
        image: uint8 array `(H, W, C)`.
        prediction: its `Prediction`.

    Returns:
        uint8 RGBA array `(H, W, 4)`; background, and pixels that the model did not see, are
        transparent black.

    Raises:
        ValueError: if no class is the background.
    """
    labels = prediction.spec.labels
    require_background(labels)
    mask = prediction.mask
    is_object = (mask != labels.background) & (mask < labels.num_classes)
    if mask.ndim == 3:  # of each class whether it is there
        is_object = (mask == 1).any(axis=-1)
    cutout = np.zeros((*is_object.shape, 4), np.uint8)
    cutout[is_object, :3] = _rgb(image)[is_object]
    cutout[is_object, 3] = 255
    return cutout


def require_background(labels):
    """Check that a `LabelMap` has a class that is the background.

    Raises:
        ValueError: if every pixel is of some class.
    """
    if labels.background is None:
        raise ValueError(
            "Expected classes of which one is the background, to cut out the others. "
            f"Received: {', '.join(labels.names)}"
        )


def draw_probabilities(prediction):
    """Draw the probability of each class that has one of its own.

    Args:
        prediction: a `Prediction`.

    Returns:
        A dict of class name to uint8 array `(H, W)`, of which 0 is a probability of 0, 255 one of
        1; of a binary task the foreground alone.

    Raises:
        ValueError: for a model that gives class ids and nothing else.
    """
    chances = prediction.probabilities
    return {
        name: np.round(255 * chances[..., channel]).astype(np.uint8)
        for channel, name in enumerate(names_with_probabilities(prediction.spec))
    }


def names_with_probabilities(spec):
    """Return the names of the classes that have a probability of their own.

    Args:
        spec: a `ModelSpec`.
    """
    return task_of(spec).texts(spec)[LOGITS].names


def class_folder(id_, name):
    """Return a class as the name of a folder, which any system takes.

    Example:

    >>> class_folder(3, "traffic light/sign")
    '3-traffic_light_sign'
    """
    plain = re.sub(r"[^\w-]", "_", name)[:_LONGEST_NAME]
    return f"{id_}-{plain}"


def _rgb(image):
    image = visible(image)
    return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
