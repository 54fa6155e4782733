"""Where to crop: anywhere, or so that a rare class is in the picture."""

import tensorflow as tf

from segtf.data.augment.draws import share


def crop_center(size, annotations, numbers, settings, shown, ignore_class):
    """Draw the middle of each crop, such that the crop lies within the image.

    Args:
        size: height and width.
        annotations: a `segtf.data.annotations.Annotation` of tensors, whose classes, or labels
            where it has none, say where rare classes are.
        numbers: of `draw_numbers`.
        settings: an `Augmentation`.
        shown: share of height and width that each crop shows, float32 `(B,)`.
        ignore_class: mask value that is no class, or `None`.

    Returns:
        x and y in pixels, float32 `(B, 2)`.
    """
    height, width = size
    size = tf.constant([width, height], tf.float32)
    within = tf.stack([share(numbers["crop_x"]), share(numbers["crop_y"])], axis=1)
    half = shown[:, tf.newaxis] * size / 2.0
    center = half + within * (size - 2.0 * half) - 0.5
    if not settings.crop_rare:
        return center
    pixel, is_there = _pixel_of_a_class(annotations, share(numbers["crop_pixel"]), ignore_class)
    # The pixel may lie anywhere in its crop, up to a pixel from the border.
    reach = tf.maximum(half - 1.0, 0.0)
    around = tf.clip_by_value(pixel + (2.0 * within - 1.0) * reach, half - 0.5, size - half - 0.5)
    is_rare = (share(numbers["crop_rare"]) < settings.crop_rare) & is_there
    return tf.where(is_rare[:, tf.newaxis], around, center)


def _pixel_of_a_class(annotations, number, ignore_class):
    """Draw a pixel: each class is as likely as any other, and so is each of its pixels.

    Returns:
        x and y, float32 `(B, 2)`, and whether there is any pixel of a class, `(B,)`.
    """
    if annotations.classes is not None:
        _, height, width = annotations.classes.shape
        weights = _weights_of_ids(annotations.classes, ignore_class)
    else:
        _, height, width, _ = annotations.labels.shape
        weights = _weights_of_labels(annotations.labels)
    upto = tf.cumsum(tf.cast(weights, tf.float64), axis=1)
    wanted = tf.cast(number, tf.float64)[:, tf.newaxis] * upto[:, -1:]
    place = tf.searchsorted(upto, wanted, side="right")[:, 0]
    place = tf.minimum(place, height * width - 1)
    pixel = tf.stack([place % width, place // width], axis=1)
    return tf.cast(pixel, tf.float32), upto[:, -1] > 0.0


def _weights_of_ids(masks, ignore_class):
    """Of each pixel, one over the number of those of its class, float32 `(B, H * W)`."""
    batch, height, width = masks.shape
    ids = tf.cast(tf.reshape(masks, (batch, height * width)), tf.int32)
    counts = tf.math.bincount(ids, minlength=256, maxlength=256, axis=-1, dtype=tf.float32)
    weights = tf.math.divide_no_nan(1.0, counts)
    if ignore_class is not None:
        weights *= 1.0 - tf.one_hot(ignore_class, 256)
    return tf.gather(weights, ids, batch_dims=1)


def _weights_of_labels(labels):
    """The same, added up over the classes that a pixel has."""
    batch, height, width, classes = labels.shape
    there = tf.cast(tf.reshape(labels == 1, (batch, height * width, classes)), tf.float32)
    weights = tf.math.divide_no_nan(1.0, tf.reduce_sum(there, axis=1))
    return tf.linalg.matvec(there, weights)
