"""Pictures of single images: what was shown, what is true, what was said, what is wrong."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from segtf.inference.truth import read_truth
from segtf.tasks.choice import task_of
from segtf.viz import ERROR_COLORS, error_colors

SIDE = 512
"""Longest side of the pictures that are kept, in pixels."""


class Case(NamedTuple):
    """What is drawn of an image.

    Args:
        pictures: title to uint8 `(h, w, 3)`, none longer than `SIDE`.
        classes: ids of the classes that truth or prediction hold.
        errors: name to colour of what the errors show.
    """

    pictures: dict
    classes: set
    errors: dict


def draw_case(sample, predict, labels):
    """Segment an image again and draw it.

    Args:
        sample: a `Sample` with a mask.
        predict: a `Predictor`.
        labels: the `LabelMap` of both.

    Returns:
        A `Case`.
    """
    spec = replace(predict.spec, labels=labels)
    image, truth = read_truth(sample, spec)
    mask = predict(image).mask
    task = task_of(spec)
    pictures = task.pictures(image, truth, mask, labels)
    ids = [labels.names.index(name) for name in task.names(labels)]
    classes = _classes_in(truth, ids) | _classes_in(mask, ids)
    fitted = {title: _fit(picture) for title, picture in pictures.items()}
    errors = _kinds_in(pictures["errors"], labels)
    if labels.ignore_class not in np.unique(truth):
        errors.pop("ignored", None)  # a dimmed image may have that grey
    return Case(fitted, classes, errors)


def legend_of(cases, labels):
    """Return what the pictures of cases show.

    Args:
        cases: the `Case`s.
        labels: the `LabelMap`.

    Returns:
        Two dicts of name to colour: of the classes that are painted, and of right and wrong.
    """
    ids = set().union(*(case.classes for case in cases)) - {labels.background}
    shown = {
        name: color
        for id_, (name, color) in enumerate(zip(labels.names, labels.colors, strict=True))
        if id_ in ids
    }
    errors = {name: color for case in cases for name, color in case.errors.items()}
    return shown, {name: errors[name] for name in ERROR_COLORS if name in errors}


def _classes_in(values, ids):
    """Ids in a map of class ids, or of the classes that are there in maps of each of these."""
    if values.ndim == 3:
        return {ids[place] for place in np.flatnonzero((values == 1).any(axis=(0, 1)))}
    return set(np.unique(values).tolist())


def _kinds_in(picture, labels):
    """Right and wrong, by the colours of a picture of errors: a dimmed image has none of them."""
    present = {tuple(color) for color in np.unique(picture.reshape(-1, 3), axis=0).tolist()}
    kinds = {"hit": ERROR_COLORS["hit"]}
    for colors in (ERROR_COLORS, error_colors(labels)):
        kinds |= {kind: color for kind, color in colors.items() if color in present}
    return kinds


def _fit(picture):
    """Make a picture smaller if it is long; a small one stays as it is."""
    if max(picture.shape[:2]) <= SIDE:
        return picture
    size = (SIDE, SIDE)
    return np.asarray(ImageOps.contain(Image.fromarray(picture), size, Image.Resampling.BOX))
