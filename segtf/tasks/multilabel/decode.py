"""From logits to classes that may overlap: the one place that decides, in Python and in graphs."""

import numpy as np
import tensorflow as tf

from segtf.signatures import LABELS, LOGITS
from segtf.tasks.multilabel.answer import Answer
from segtf.tasks.strips import decide_in_strips, surround


def probabilities(logits):
    """Return the probability of each class, whatever others are there.

    Args:
        logits: float32 tensor `(..., K)`.

    Returns:
        float32 tensor `(..., K)`, each within 0..1.
    """
    return tf.sigmoid(logits)


def labels_of(logits, chosen):
    """Return of each class whether it is there.

    Args:
        logits: float32 tensor `(..., K)`.
        chosen: K probabilities, from which on each class is there.

    Returns:
        uint8 tensor `(..., K)` of 0 and 1.

    Example:

    >>> labels_of(tf.constant([[-1.0, 0.5], [2.0, 0.3]]), (0.7, 0.6)).numpy().tolist()
    [[0, 1], [1, 0]]
    """
    # sigmoid(x) >= t is x >= log(t / (1 - t)): no sigmoid needed, not even in int8.
    chosen = np.asarray(chosen, np.float64)
    cuts = np.log(chosen / (1.0 - chosen)).astype(np.float32)
    return tf.cast(logits >= cuts, tf.uint8)


def decode(outputs, image_size, spec):
    """Return what the heads of a model say about one image.

    Args:
        outputs: ``logits``, float32 `(H, W, K)`, or, of a model that has decided already,
            ``labels``, uint8 `(H, W, K)`, on the model's canvas.
        image_size: height and width of the image, whole numbers or tensors.
        spec: the `ModelSpec`.

    Returns:
        An `Answer` of tensors.
    """
    if LOGITS in outputs:
        return _answer(outputs[LOGITS], image_size, spec, spec.task.thresholds)
    # The thresholds have decided these: what is left is what is nearer.
    logits = tf.where(tf.convert_to_tensor(outputs[LABELS]) == 1, 1.0, -1.0)
    halves = (0.5,) * logits.shape[-1]
    return _answer(logits, image_size, spec, halves)._replace(confidence=None)


def _answer(logits, image_size, spec, chosen):
    def decide(part):
        labels = labels_of(part, chosen)
        there = labels == 1
        counts = tf.reduce_sum(tf.cast(there, tf.float32), axis=(0, 1))
        return labels, counts, tf.reduce_sum(tf.sigmoid(tf.where(there, part, -part)))

    channels = logits.shape[-1]
    part, box, counts, chances = decide_in_strips(
        logits, image_size, spec.resize, decide, (None, None, channels), channels
    )
    mask = surround(part, box, image_size, spec.labels.ignore_class or 0)
    pixels = tf.cast(box.height * box.width, tf.float32)
    return Answer(mask, counts / pixels, chances / (pixels * channels))
