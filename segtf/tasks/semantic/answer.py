"""What a semantic model says of an image, and how it decides. Without TensorFlow."""

from typing import NamedTuple

import numpy as np

from segtf.signatures import LOGITS
from segtf.tasks.task import HeadText


class Answer(NamedTuple):
    """What is said about one image, as arrays or tensors.

    Args:
        mask: uint8 `(H, W)` of class ids at the image's size. Pixels that a crop kept from the
            model are `ignore_class` (0 without one) and count in none of the others.
        coverage: float32 `(classes,)`: share of the pixels that each class has.
        confidence: float32 `()`: mean probability of the decided class; `None` of a model that
            gives class ids alone.
    """

    mask: np.ndarray
    coverage: np.ndarray
    confidence: np.ndarray | None


def texts(spec):
    """Return what the one head, ``logits``, of a semantic model says.

    Args:
        spec: its `ModelSpec`.

    Returns:
        A dict of head name to `HeadText`.

    Example:

    >>> from segtf.labels import LabelMap
    >>> from segtf.spec import ModelSpec
    >>> texts(ModelSpec(LabelMap(("skin", "lesion")), (64, 64)))["logits"].names
    ('lesion',)
    >>> texts(ModelSpec(LabelMap(("road", "tree", "car")), (64, 64)))["logits"].activation
    'softmax'
    """
    names = channel_names(spec.labels.names)
    if len(names) > 1:
        meaning = "One logit per class for each pixel: the largest decides."
        return {LOGITS: HeadText(names, "softmax", meaning)}
    meaning = (
        f"Logit of {names[0]} for each pixel: its sigmoid is a probability, which decides "
        f"for {names[0]} from {spec.threshold:g} on."
    )
    return {LOGITS: HeadText(names, "sigmoid", meaning)}


def channel_names(names):
    """Return what each channel of the logits tells: the foreground of two classes, or each class.

    Args:
        names: of all classes, in order.
    """
    return tuple(names[1:] if len(names) == 2 else names)


def thresholded_class(names):
    """Return the name of the class that a threshold decides for; `None` for several classes.

    Args:
        names: of all classes, in order.
    """
    channels = channel_names(names)
    return channels[0] if len(channels) == 1 else None


def names_for_channels(channels):
    """Return names for the classes of a model that brings none.

    Args:
        channels: of its logits; one is the foreground of two classes.

    Example:

    >>> names_for_channels(1), names_for_channels(3)
    (('class_0', 'class_1'), ('class_0', 'class_1', 'class_2'))
    """
    return tuple(f"class_{index}" for index in range(max(2, channels)))
