"""What a multi-label model says of an image, and how it decides. Without TensorFlow."""

from typing import NamedTuple

import numpy as np

from segtf.signatures import LOGITS
from segtf.tasks.task import HeadText


class Answer(NamedTuple):
    """What is said about one image, as arrays or tensors.

    Args:
        mask: uint8 `(H, W, K)` at the image's size, of each of K classes whether it is there: 0 or
            1. Pixels that a crop kept from the model are `ignore_class` (0 without one) and count
            in none of the others.
        coverage: float32 `(K,)`: share of the pixels that each class has. As classes overlap, they
            may add up to more than 1.
        confidence: float32 `()`: mean probability of what was decided, over pixels and classes;
            `None` of a model that has decided already.
    """

    mask: np.ndarray
    coverage: np.ndarray
    confidence: np.ndarray | None


def class_ids(labels):
    """Return the ids of the classes that are decided: all but the background.

    Args:
        labels: a `LabelMap`.

    Example:

    >>> from segtf.labels import LabelMap
    >>> class_ids(LabelMap(("background", "disc", "ring")))
    (1, 2)
    """
    return tuple(id_ for id_ in range(labels.num_classes) if id_ != labels.background)


def class_names(labels):
    """Return the names of the classes that are decided, in the order of the channels.

    Args:
        labels: a `LabelMap`.
    """
    return tuple(labels.names[id_] for id_ in class_ids(labels))


def class_colors(labels):
    """Return the colours of the classes that are decided, in the order of the channels.

    Args:
        labels: a `LabelMap`.
    """
    return tuple(labels.colors[id_] for id_ in class_ids(labels))


def texts(spec):
    """Return what the one head, ``logits``, of a multi-label model says.

    Args:
        spec: its `ModelSpec`.

    Returns:
        A dict of head name to `HeadText`.
    """
    said = ", ".join(f"{name} from {one:g}" for name, one in thresholds(spec).items())
    meaning = (
        "One logit per class for each pixel: its sigmoid is the probability that the class is "
        f"there, whatever others are, which decides for {said} on."
    )
    return {LOGITS: HeadText(class_names(spec.labels), "sigmoid", meaning)}


def thresholds(spec):
    """Return the probability from which on each class is there.

    Args:
        spec: a `ModelSpec`.

    Returns:
        A dict of class name to a number above 0 and below 1, in the order of the channels.
    """
    return dict(zip(class_names(spec.labels), spec.task.thresholds, strict=True))
