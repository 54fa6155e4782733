"""What comes out of a model: a dict of head name to tensor, whatever runs it.

A model has one head: ``logits``, float32 `(N, H, W, K)`, or, of one that has decided already,
``class_ids``, uint8 `(N, H, W)`, or ``labels``, uint8 `(N, H, W, K)` where classes overlap.
"""

import numpy as np
import tensorflow as tf

from segtf import signatures
from segtf.tasks.choice import task_of


def heads_of(spec, gives=signatures.LOGITS):
    """Return the heads of a model.

    Args:
        spec: its `ModelSpec`.
        gives: name of what comes out, ``logits``, ``class_ids`` or ``labels``.

    Returns:
        A dict of head name to the `tf.TensorSpec` of what one image gives.
    """
    if gives == signatures.CLASS_IDS:
        return {gives: tf.TensorSpec(spec.size, tf.uint8)}
    channels = task_of(spec).channels(spec)
    dtype = tf.float32 if gives == signatures.LOGITS else tf.uint8
    return {gives: tf.TensorSpec((*spec.size, channels), dtype)}


def of_no_images(heads):
    """Return what heads give for an empty batch, which runtimes answer with wrong shapes."""
    return {
        name: np.zeros((0, *head.shape), head.dtype.as_numpy_dtype) for name, head in heads.items()
    }


def of_image(outputs, index):
    """Return what heads gave for one image of a batch."""
    return {name: values[index] for name, values in outputs.items()}
