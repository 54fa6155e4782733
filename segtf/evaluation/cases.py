"""Pictures of single images: what was shown, what is true, what was said, what is wrong."""

from dataclasses import replace

import numpy as np
from PIL import Image, ImageOps

from segtf.data import read_sample
from segtf.tasks.choice import task_of

TITLES = ("image", "truth", "prediction", "errors")
SIDE = 512
"""Longest side of the pictures that are kept, in pixels."""


def draw_case(sample, predict, labels):
    """Segment an image again and draw it.

    Args:
        sample: a `Sample` with a mask.
        predict: a `Predictor`.
        labels: the `LabelMap` of both.

    Returns:
        uint8 pictures `(h, w, 3)` of `TITLES`, none longer than `SIDE`.
    """
    spec = replace(predict.spec, labels=labels)
    image, truth = read_sample(sample, spec)
    pictures = task_of(spec).pictures(image, truth, predict(image).mask, labels)
    return [_fit(pictures[title]) for title in TITLES]


def _fit(picture):
    """Make a picture smaller if it is long; a small one stays as it is."""
    if max(picture.shape[:2]) <= SIDE:
        return picture
    size = (SIDE, SIDE)
    return np.asarray(ImageOps.contain(Image.fromarray(picture), size, Image.Resampling.BOX))
