"""Pictures of classes that overlap."""

import numpy as np
from scipy import ndimage

from segtf.labels import IGNORE_CLASS
from segtf.viz import IGNORED_COLOR, paint_kinds


def overlay_labels(image, labels, colors, alpha=0.45):
    """Lay classes that overlap over an image: their colours mixed, each with a contour of its own.

    Args:
        image: uint8 `(H, W)`, `(H, W, 1)` or `(H, W, 3)`.
        labels: `(H, W, K)`, of each class whether it is there: 1; what is neither 0 nor 1 is
            dark grey where all classes are so.
        colors: K times (red, green, blue).
        alpha: opacity of the colours in 0..1.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        ValueError: for image and labels of different size, or other than one colour a class.

    Example:

    >>> labels = np.ones((1, 1, 2), np.uint8)
    >>> red_and_blue = [(200, 0, 0), (0, 0, 200)]
    >>> overlay_labels(np.zeros((1, 1), np.uint8), labels, red_and_blue, alpha=1).tolist()
    [[[100, 0, 100]]]
    """
    image = np.asarray(image)
    labels = np.asarray(labels)
    image = image[..., np.newaxis] if image.ndim == 2 else image
    if labels.ndim != 3 or image.shape[:2] != labels.shape[:2]:
        raise ValueError(
            "Expected an image (H, W, C) and labels (H, W, K) of the same height and width. "
            f"Received: {image.shape} and {labels.shape}"
        )
    if len(colors) != labels.shape[-1]:
        raise ValueError(
            f"Expected a colour for each of {labels.shape[-1]} classes. Received: {len(colors)}"
        )
    there = labels == 1
    count = there.sum(axis=-1, keepdims=True)
    mixed = there @ np.asarray(colors, np.float32) / np.maximum(count, 1)
    ignored = ((labels != 0) & ~there).all(axis=-1, keepdims=True)
    mixed = np.where(ignored, np.float32(IGNORED_COLOR), mixed)
    picture = image + np.where((count > 0) | ignored, alpha, 0.0) * (mixed - image)
    # As wide in a thumbnail of the picture as in the picture itself.
    width = 1 + 2 * max(1, round(min(labels.shape[:2]) / 150))
    for one, color in zip(np.moveaxis(there, -1, 0), colors, strict=True):
        # Within the class, so that the contours of two that share an edge are both seen.
        picture[one & ~ndimage.minimum_filter(one, width)] = color
    return np.round(picture).astype(np.uint8)


def error_map_of_labels(truth, prediction, ignore_class=IGNORE_CLASS, image=None, colors=None):
    """Paint where a prediction of classes that overlap is right and how it is wrong.

    The colours are `segtf.viz.ERROR_COLORS`. A pixel is missed where a class is not found, a false
    alarm where one is found that is not there, a wrong class where both are; it is a hit where
    all classes that are there are found, and no other.

    Args:
        truth: `(H, W, K)`, of each class whether it is there: 0, 1 or `ignore_class`.
        prediction: `(H, W, K)`, the same that was predicted.
        ignore_class: value in `truth` of what counts nowhere, or `None`.
        image: uint8 `(H, W)`, `(H, W, 1)` or `(H, W, 3)` to lay the errors over, or `None`. What
            is right is a white veil over it.
        colors: what `segtf.viz.error_colors` returned; by default `segtf.viz.ERROR_COLORS`.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        ValueError: for arrays of different shape.

    Example:

    >>> truth, said = [[[1, 1], [1, 0], [0, 0]]], [[[1, 1], [0, 0], [1, 0]]]
    >>> error_map_of_labels(truth, said).tolist()
    [[[255, 255, 255], [213, 94, 0], [0, 114, 178]]]
    """
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.shape != prediction.shape or truth.ndim != 3:
        raise ValueError(
            "Expected a truth and a prediction (H, W, K) of one shape. "
            f"Received: {truth.shape} and {prediction.shape}"
        )
    said = prediction == 1
    missed = ((truth == 1) & ~said).any(axis=-1)
    false_alarm = ((truth == 0) & said).any(axis=-1)
    kinds = {
        "hit": (truth == 1).any(axis=-1) & ~missed & ~false_alarm,
        "missed": missed,
        "false alarm": false_alarm,
        "wrong class": missed & false_alarm,
    }
    if ignore_class is not None:
        kinds["ignored"] = (truth == ignore_class).all(axis=-1)
    return paint_kinds(kinds, truth.shape[:2], image, colors)
