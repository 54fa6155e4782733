"""From logits to classes: the one place that decides, in Python and in exported graphs."""

import math
from dataclasses import replace

import numpy as np
import tensorflow as tf

from segtf.signatures import CLASS_IDS, LOGITS
from segtf.tasks.semantic.answer import Answer, channel_names
from segtf.tasks.strips import decide_in_strips, surround


def probabilities(logits):
    """Return the probabilities of logits.

    Args:
        logits: float32 tensor `(..., K)`; K = 1 for a binary task.

    Returns:
        float32 tensor `(..., K)`: the probability of the foreground for K = 1, otherwise one
        probability per class, which sum to 1.
    """
    return tf.sigmoid(logits) if logits.shape[-1] == 1 else tf.nn.softmax(logits)


def class_ids(logits, threshold):
    """Return the class of each pixel.

    Args:
        logits: float32 tensor `(..., K)`; K = 1 for a binary task.
        threshold: probability from which a pixel of a binary task is foreground; the largest
            logit decides where there are several.

    Returns:
        uint8 tensor `(...)`.

    Example:

    >>> class_ids(tf.constant([[-1.0], [0.5], [2.0]]), threshold=0.7).numpy()
    array([0, 0, 1], dtype=uint8)
    """
    if logits.shape[-1] == 1:
        # sigmoid(x) >= t is x >= log(t / (1 - t)): no sigmoid needed, not even in int8.
        return tf.cast(logits[..., 0] >= math.log(threshold / (1.0 - threshold)), tf.uint8)
    return tf.cast(tf.argmax(logits, axis=-1, output_type=tf.int32), tf.uint8)


def decode(outputs, image_size, spec):
    """Return what the heads of a model say about one image.

    Args:
        outputs: ``logits``, float32 `(H, W, K)`, or, of a model that has decided already,
            ``class_ids``, uint8 `(H, W)`, on the model's canvas.
        image_size: height and width of the image, whole numbers or tensors.
        spec: the `ModelSpec`.

    Returns:
        An `Answer`.
    """
    if LOGITS in outputs:
        return answer(outputs[LOGITS], image_size, spec)
    # The threshold has decided these: what is left is which class is nearer.
    logits = _logits_of_ids(outputs[CLASS_IDS], len(channel_names(spec.labels.names)))
    return answer(logits, image_size, replace(spec, threshold=0.5))._replace(confidence=None)


def answer(logits, image_size, spec):
    """Return what is said about one image.

    Args:
        logits: float32 array or tensor `(H, W, K)` on the model's canvas, or
            `segtf.tasks.strips.Restored`.
        image_size: height and width of the image, whole numbers or tensors.
        spec: the `ModelSpec`.

    Returns:
        An `Answer` of tensors.
    """
    num_classes = spec.labels.num_classes

    def decide(part):
        ids = class_ids(part, spec.threshold)
        counts = tf.math.bincount(tf.cast(ids, tf.int32), minlength=num_classes, dtype=tf.float32)
        return ids, counts, tf.reduce_sum(_probability_of_decision(part, ids))

    part, box, counts, chances = decide_in_strips(
        logits, image_size, spec.resize, decide, (None, None), num_classes
    )
    mask = surround(part, box, image_size, spec.labels.ignore_class or 0)
    pixels = tf.reduce_sum(counts)
    return Answer(mask, counts / pixels, chances / pixels)


def _logits_of_ids(ids, channels):
    """Logits that stand for class ids, so that these are restored to an image like any others."""
    if channels == 1:
        return np.where(ids[..., np.newaxis] == 1, 1.0, -1.0).astype(np.float32)
    return np.eye(channels, dtype=np.float32)[ids]


def _probability_of_decision(logits, ids):
    if logits.shape[-1] == 1:
        chances = probabilities(logits)[..., 0]
        return tf.where(ids == 1, chances, 1.0 - chances)
    # The largest of a softmax, without the pass that divides all of them.
    highest = tf.reduce_max(logits, axis=-1, keepdims=True)
    return 1.0 / tf.reduce_sum(tf.exp(logits - highest), axis=-1)
