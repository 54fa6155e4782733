"""A large batch worked through in parts, inside an exported graph."""

import tensorflow as tf


def in_parts(function, items, most, outputs):
    """Apply a function to a batch in parts, one after the other, so that memory is bounded.

    Args:
        function: takes a part, a tensor `(n, ...)` of 1 to `most` items, and gives a tuple of
            tensors `(n, ...)`.
        items: tensor `(N, ...)`; N may be 0.
        most: largest number of items in a part.
        outputs: a `tf.TensorSpec` for each output of the function, without the first axis.

    Returns:
        A tuple of tensors `(N, ...)`.
    """
    total = tf.shape(items)[0]
    count = -(-total // most)
    arrays = tuple(
        tf.TensorArray(one.dtype, count, element_shape=(None, *one.shape), infer_shape=False)
        for one in outputs
    )

    def step(index, arrays):
        answers = function(items[index * most : (index + 1) * most])
        return index + 1, tuple(
            array.write(index, answer) for array, answer in zip(arrays, answers, strict=True)
        )

    _, arrays = tf.while_loop(
        lambda index, arrays: index < count, step, (0, arrays), parallel_iterations=1
    )
    return tuple(array.concat() for array in arrays)
