"""Models called on batches that may be empty.

oneDNN, which TensorFlow switches on by itself on CPUs with AVX-512, answers the convolution of an
empty batch with a tensor of the wrong shape, and the next operation fails.
"""

import functools

import tensorflow as tf


def never_empty(function):
    """Return a function that gives an empty batch its empty answer, whatever `function` does.

    `function` sees one image of zeros in the place of an empty batch, and its answer to that is
    cut off. Where the size of the batch is known beforehand and is not zero, nothing is added.
    It works eagerly, in a `tf.function` and compiled by XLA.

    Args:
        function: takes a batch, a tensor or array `(B, ...)`, and other arguments that stay as
            they are; returns one tensor, or a dict, list or tuple of tensors, `(B, ...)` each.

    Example:

    >>> def mean(images):
    ...     tf.debugging.assert_positive(tf.size(images))
    ...     return tf.reduce_mean(images, axis=(1, 2))
    >>> never_empty(mean)(tf.zeros((0, 8, 8, 3))).shape.as_list()
    [0, 3]
    """

    @functools.wraps(function)
    def answer(batch, *args, **kwargs):
        batch = tf.convert_to_tensor(batch)
        if batch.shape[0]:
            return function(batch, *args, **kwargs)
        count = tf.shape(batch)[0]
        missing = tf.zeros(
            [1 - tf.minimum(count, 1), *tf.unstack(tf.shape(batch)[1:])], batch.dtype
        )
        filled = tf.concat([batch, missing], axis=0)
        filled.set_shape([None, *batch.shape[1:]])
        outputs = function(filled, *args, **kwargs)
        return tf.nest.map_structure(lambda output: _first(output, count, batch), outputs)

    return answer


def _first(output, count, batch):
    output = output[:count]
    output.set_shape([batch.shape[0], *output.shape[1:]])
    return output
