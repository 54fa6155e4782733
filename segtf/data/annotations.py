"""What is annotated in an image, part by part: maps of its pixels, and points on it."""

from typing import NamedTuple

import numpy as np

from segtf.data.array_files import ImageError
from segtf.labels import IGNORE_CLASS


class Annotation(NamedTuple):
    """What is annotated in an image: arrays or tensors, `None` where a set has none.

    In a batch each part has one axis more in front.

    Args:
        classes: uint8 class ids `(H, W)`.
        instances: int32 numbers of objects `(H, W)`; 0 where there is none.
        labels: uint8 `(H, W, K)`, of each of K classes whether it is there: 0 or 1, or the ignore
            class where nobody knows. Classes may overlap.
        points: float32 `(N, K, 3)`, of each of N objects the K joints of a
            `segtf.labels.Skeleton`: x and y in pixels, of which whole numbers are the middles, and
            visibility: 0 for a joint that is not in the image, and above that for one that is.
    """

    classes: object = None
    instances: object = None
    labels: object = None
    points: object = None

    @property
    def maps(self):
        """Name to map of the parts that are of pixels."""
        parts = self._asdict()
        del parts["points"]
        return {name: values for name, values in parts.items() if values is not None}

    def each(self, function):
        """Return an annotation with what a function returns for each part that is there."""
        return Annotation(*(values if values is None else function(values) for values in self))


def as_annotation(values):
    """Return an `Annotation`: `values`, or one of `values` as class ids and nothing else."""
    return values if isinstance(values, Annotation) else Annotation(classes=values)


def class_ids(annotation):
    """Return the class ids of an `Annotation`: the targets where a task names no others."""
    return annotation.classes


def ordered_parts(parts):
    """Return names of parts in the order of `Annotation`.

    Raises:
        ValueError: for a name that is no part, or no name at all.
    """
    unknown = set(parts) - set(Annotation._fields)
    if unknown or not parts:
        raise ValueError(
            f"Expected parts of an annotation, out of {', '.join(Annotation._fields)}. "
            f"Received: {', '.join(sorted(parts)) or 'none'}"
        )
    return tuple(name for name in Annotation._fields if name in parts)


def map_types(parts, size, num_classes):
    """Return name to shape and dtype of the maps among `parts`.

    Args:
        parts: names of parts of an `Annotation`.
        size: height and width.
        num_classes: number of classes, which labels tell apart.
    """
    types = {
        "classes": (tuple(size), np.uint8),
        "instances": (tuple(size), np.int32),
        "labels": ((*size, num_classes), np.uint8),
    }
    return {name: type_ for name, type_ in types.items() if name in parts}


def lay_over(objects, size, parts, num_classes):
    """Lay objects over each other, as the maps of an annotation.

    Args:
        objects: iterable of class id and bool array `size`. Class 0 and the ignore class (255)
            have no number among instances.
        size: height and width.
        parts: names of the maps to make.
        num_classes: number of classes, which labels tell apart.

    Returns:
        An `Annotation`. The number of an object is its place among `objects`, from 1 on; where two
        cover a pixel the later one has its class and number, and labels hold the classes of both.

    Raises:
        ImageError: for labels of a class beyond `num_classes`.

    Example:

    >>> left, right = np.array([[True, True, False]]), np.array([[False, True, True]])
    >>> found = lay_over([(1, left), (2, right)], (1, 3), ("classes", "labels"), 3)
    >>> found.classes.tolist(), found.labels[0, 1].tolist()
    ([[1, 2, 2]], [0, 1, 1])
    """
    types = map_types(parts, size, num_classes)
    maps = {name: np.zeros(shape, dtype) for name, (shape, dtype) in types.items()}
    for number, (class_id, covered) in enumerate(objects, start=1):
        is_ignored = class_id == IGNORE_CLASS
        if "classes" in maps:
            maps["classes"][covered] = class_id
        if "instances" in maps:
            maps["instances"][covered] = 0 if class_id == 0 or is_ignored else number
        if "labels" in maps:
            if not (is_ignored or class_id < num_classes):
                raise ImageError(f"Expected class ids below {num_classes}. Received: {class_id}")
            # Nobody knows which classes are in a region that counts nowhere.
            channel = slice(None) if is_ignored else class_id
            maps["labels"][covered, channel] = IGNORE_CLASS if is_ignored else 1
    return Annotation(**maps)
