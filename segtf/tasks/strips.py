"""An image decided in strips: the logits of all its pixels at once would take too much memory."""

from typing import NamedTuple

import tensorflow as tf

from segtf.geometry import Box, place, restore, restore_rows

_VALUES_AT_ONCE = 2**22
"""Logits of a large image are brought to its size, and decided, in strips of so many."""
_STRIPS_AT_ONCE = 2


class Restored(NamedTuple):
    """Logits that have been brought to an image's size already, for more than one use.

    Args:
        part: float32 tensor `(h, w, K)`, of the part of the image that the model saw.
        box: the `segtf.geometry.Box` of that part within the image.
    """

    part: tf.Tensor
    box: Box

    @property
    def shape(self):
        """Shape of the logits."""
        return self.part.shape


def restored(logits, image_size, rule):
    """Bring logits to an image's size once, in the strips in which they are decided.

    Args:
        logits: float32 tensor or array `(H, W, K)` on the model's canvas.
        image_size: height and width of the image, whole numbers.
        rule: one of `segtf.spec.RESIZE_RULES`.

    Returns:
        `Restored`, which `decide_in_strips` and `image_logits` take in the place of the logits.
    """
    logits = tf.convert_to_tensor(logits)
    box, strip, count = _strips(logits, image_size, rule)
    height, strip = int(box.height), int(strip)
    parts = [
        restore_rows(logits, rule, image_size, first, min(strip, height - first))
        for first in range(0, int(count) * strip, strip)
    ]
    return Restored(tf.concat(parts, axis=0), box)


def image_logits(logits, image_size, rule):
    """Return logits at an image's size, of the part that the model saw, and that part's `Box`.

    Args:
        logits: float32 tensor `(H, W, K)` on the model's canvas, or `Restored`.
        image_size: height and width of the image, whole numbers or tensors.
        rule: one of `segtf.spec.RESIZE_RULES`.
    """
    return logits if isinstance(logits, Restored) else restore(logits, rule, image_size)


def decide_in_strips(logits, image_size, rule, decide, element_shape, num_counts):
    """Bring logits to an image's size and decide there; in Python and in a graph.

    Args:
        logits: float32 tensor or array `(H, W, K)` on the model's canvas, or `Restored`.
        image_size: height and width of the image, whole numbers or tensors.
        rule: one of `segtf.spec.RESIZE_RULES`.
        decide: function of the logits `(h, w, K)` of a strip that returns what is decided, uint8
            `(h, w)` or `(h, w, L)`; counts, float32 `(num_counts,)`; and a sum, float32 `()`.
        element_shape: shape of what is decided, `None` for height and width.
        num_counts: how many counts there are.

    Returns:
        What is decided of the part of the image that the model saw; that part's
        `segtf.geometry.Box`; the counts and the sum of all strips.
    """
    is_restored = isinstance(logits, Restored)
    logits = logits if is_restored else tf.convert_to_tensor(logits)
    box, strip, count = _strips(logits, image_size, rule)
    rows = tf.TensorArray(tf.uint8, count, element_shape=element_shape, infer_shape=False)

    def step(index, rows, counts, total):
        first = index * strip
        height = tf.minimum(strip, box.height - first)
        if is_restored:
            part = logits.part[first : first + height]
        else:
            part = restore_rows(logits, rule, image_size, first, height)
        decided, more, added = decide(part)
        return index + 1, rows.write(index, decided), counts + more, total + added

    _, rows, counts, total = tf.while_loop(
        lambda index, *_: index < count,
        step,
        (0, rows, tf.zeros(num_counts), 0.0),
        parallel_iterations=_STRIPS_AT_ONCE,
    )
    return rows.concat(), box, counts, total


def _strips(logits, image_size, rule):
    """The part of the image that the model saw, the rows of a strip of it, and the strips."""
    if isinstance(logits, Restored):
        box = logits.box
    else:
        box, _ = place(rule, image_size, tuple(logits.shape[:2]))
    strip = tf.maximum(_VALUES_AT_ONCE // (box.width * logits.shape[-1]), 1)
    return box, strip, -(-box.height // strip)


def surround(part, box, image_size, fill):
    """Put the part of an image at its place in the image.

    Args:
        part: tensor `(h, w)` or `(h, w, K)`.
        box: its `segtf.geometry.Box`.
        image_size: height and width of the image, whole numbers or tensors.
        fill: what surrounds it.
    """
    below = image_size[0] - box.top - box.height
    right = image_size[1] - box.left - box.width
    padding = [[box.top, below], [box.left, right]] + [[0, 0]] * (part.shape.rank - 2)
    return tf.pad(part, padding, constant_values=tf.cast(fill, part.dtype))


def image_probabilities(probabilities, logits, image_size, spec):
    """Return probabilities at the image's own size.

    Args:
        probabilities: function of logits that returns those of a task.
        logits: float32 tensor `(H, W, K)` on the model's canvas, or `Restored`.
        image_size: height and width of the image, whole numbers or tensors.
        spec: the `ModelSpec`.

    Returns:
        float32 tensor `(h, w, K)`; 0 where a crop kept pixels from the model.
    """
    part, box = image_logits(logits, image_size, spec.resize)
    return surround(probabilities(part), box, image_size, 0)
