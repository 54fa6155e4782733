"""One sample, from its files to arrays: as it is, or at the model's size."""

import functools

import numpy as np

from segtf.data.annotations import Annotation, map_types, ordered_parts
from segtf.data.decode import ImageError
from segtf.data.fast_decode import read_pixels
from segtf.data.fit import fit_image, fit_mask, fit_points
from segtf.data.masks import read_parts, to_class_ids

_CLASSES_ALONE = ("classes",)


def read_sample(sample, spec):
    """Decode one sample at its own size.

    Args:
        sample: a `Sample` with a mask.
        spec: the `ModelSpec`, whose channels and labels say how.

    Returns:
        uint8 image `(H, W, C)` and uint8 mask `(H, W)` of class ids.

    Raises:
        ImageError: naming the file that cannot be used.
    """
    image, annotation = read_annotated(sample, spec, _CLASSES_ALONE)
    return image, annotation.classes


def read_annotated(sample, spec, parts):
    """Decode one sample at its own size, with parts of its annotation.

    Args:
        sample: a `Sample` with a mask.
        spec: the `ModelSpec`, whose channels and labels say how.
        parts: names of the parts of `segtf.data.annotations.Annotation` that are wanted.

    Returns:
        uint8 image `(H, W, C)` and an `Annotation` of arrays.

    Raises:
        ImageError: naming the file that cannot be used, or that does not tell one of the parts.
        ValueError: for a name that is no part.
    """
    image, annotation = _decoded(sample, spec, ordered_parts(parts))
    if annotation.classes is not None:
        classes = to_class_ids(annotation.classes, sample, spec.labels)
        annotation = annotation._replace(classes=classes)
    return image, annotation


def fitted_sample(sample, spec, parts):
    """Decode one sample and bring it to the size of the spec.

    Args:
        sample: a `Sample` with a mask.
        spec: the `ModelSpec`.
        parts: names of the parts that are wanted, in order.

    Returns:
        uint8 image and `Annotation`, as they are stored.

    Raises:
        ImageError: naming the file that cannot be used, or that does not tell one of the parts.
    """
    image, annotation = _decoded(sample, spec, parts)
    fill = 0 if spec.labels.ignore_class is None else spec.labels.ignore_class
    fitted, types = {}, maps_of(parts, spec)
    for name, values in annotation.maps.items():
        if name == "classes":
            to_stored = functools.partial(to_class_ids, sample=sample, labels=spec.labels)
        else:
            to_stored = functools.partial(np.asarray, dtype=types[name][1])
        outside = 0 if name == "instances" else fill
        fitted[name] = fit_mask(values, spec.resize, spec.size, outside, to_stored)
    if annotation.points is not None:
        size = image.shape[:2]
        fitted["points"] = fit_points(annotation.points, spec.resize, size, spec.size)
    return fit_image(image, spec.resize, spec.size), Annotation(**fitted)


def maps_of(parts, spec):
    """Return name to shape and dtype of each map of an annotation at the model's size.

    Args:
        parts: names of the parts that are wanted.
        spec: the `ModelSpec`.
    """
    return map_types(ordered_parts(parts), spec.size, spec.labels.num_classes)


def _decoded(sample, spec, parts):
    image = read_pixels(sample.image, spec.channels)
    annotation = read_parts(sample, parts, spec.labels.num_classes)
    for values in annotation.maps.values():
        if values.shape[:2] != image.shape[:2]:
            raise ImageError(
                f"Expected a mask of {image.shape[1]} x {image.shape[0]} (width x height) for "
                f"{sample.image}. Received: {values.shape[1]} x {values.shape[0]}"
            )
    points = annotation.points
    if points is not None and (points.ndim != 3 or points.shape[-1] != 3):
        raise ImageError(
            f"Expected points (objects, joints, 3) for {sample.image}. Received: {points.shape}"
        )
    return image, annotation
