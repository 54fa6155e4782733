"""Max pooling that remembers where each maximum was, and unpooling that puts values back there.

Made of two steps, columns then rows, each of which compares two halves of a reshaped batch. That
needs neither `tf.nn.max_pool_with_argmax`, which TFLite lacks, nor a scatter: memory is only
moved in runs of whole pixels, and the indices are two boolean tensors.
"""

import keras
from keras import KerasTensor, ops


def max_pool_with_indices(x):
    """Return the maxima of 2x2 windows and where they were.

    Of equal values, the first in row-major order wins, as in `tf.nn.max_pool_with_argmax`.

    Args:
        x: feature map `(B, H, W, C)`; `H` and `W` are even.

    Returns:
        The maxima `(B, H / 2, W / 2, C)`, and the indices for `max_unpool`: two boolean
        tensors, whether the right one of two columns won, `(B, H, W / 2, C)`, and whether the
        lower one of two rows won, `(B * H / 2, 1, W / 2, C)`.

    Example:

    >>> x = ops.reshape(ops.array([1.0, 4.0, 3.0, 2.0]), (1, 2, 2, 1))
    >>> maxima, indices = max_pool_with_indices(x)
    >>> print(ops.convert_to_numpy(max_unpool(maxima, indices))[0, :, :, 0])
    [[0. 4.]
     [0. 0.]]
    """
    _, height, width, channels = ops.shape(x)
    half_height, half_width = height // 2, width // 2

    columns = ops.reshape(x, (-1, height, half_width, 2 * channels))
    left, right = ops.split(columns, 2, axis=-1)
    right_won = ops.greater(right, left)

    rows = ops.reshape(ops.maximum(left, right), (-1, 2, half_width, channels))
    upper, lower = ops.split(rows, 2, axis=1)
    lower_won = ops.greater(lower, upper)

    maxima = ops.reshape(ops.maximum(upper, lower), (-1, half_height, half_width, channels))
    return maxima, (right_won, lower_won)


def max_unpool(x, indices):
    """Put values where the maxima were, and zeros everywhere else.

    Args:
        x: feature map `(B, H, W, C)`.
        indices: those that `max_pool_with_indices` returned along with maxima of that shape.

    Returns:
        Feature map `(B, 2 * H, 2 * W, C)`.
    """
    right_won, lower_won = indices
    _, height, width, channels = ops.shape(x)

    row = ops.reshape(x, (-1, 1, width, channels))
    rows = ops.concatenate(_either(lower_won, row), axis=1)

    column = ops.reshape(rows, (-1, 2 * height, width, channels))
    columns = ops.concatenate(_either(right_won, column), axis=-1)
    return ops.reshape(columns, (-1, 2 * height, 2 * width, channels))


def _either(second_won, values):
    """Values for the first and for the second of two places: zero where the other one won."""
    return ops.where(second_won, 0.0, values), ops.where(second_won, values, 0.0)


@keras.saving.register_keras_serializable(package="segtf")
class MaxPoolingWithIndices2D(keras.layers.Layer):
    """`max_pool_with_indices` for a height and width that are known only when images arrive.

    Output: the maxima, and the two tensors of indices.

    Example:

    >>> x = ops.ones((2, 4, 6, 3))
    >>> maxima, *indices = MaxPoolingWithIndices2D()(x)
    >>> MaxUnpooling2D()([maxima, *indices]).shape.as_list()
    [2, 4, 6, 3]
    """

    def call(self, inputs):
        """Return the maxima and the indices."""
        maxima, indices = max_pool_with_indices(inputs)
        return (maxima, *indices)

    def compute_output_spec(self, inputs):
        """Shapes and dtypes of the maxima and the indices."""
        batch, height, width, channels = inputs.shape
        half_height, half_width = (side and side // 2 for side in (height, width))
        rows = None if None in (batch, half_height) else batch * half_height
        return (
            KerasTensor((batch, half_height, half_width, channels), dtype=self.compute_dtype),
            KerasTensor((batch, height, half_width, channels), dtype="bool"),
            KerasTensor((rows, 1, half_width, channels), dtype="bool"),
        )


@keras.saving.register_keras_serializable(package="segtf")
class MaxUnpooling2D(keras.layers.Layer):
    """`max_unpool` for a height and width that are known only when images arrive.

    Input: a list of the values and the two tensors of indices.
    """

    def call(self, inputs):
        """Return the enlarged batch."""
        x, *indices = inputs
        return max_unpool(x, indices)

    def compute_output_shape(self, input_shape):
        """Double height and width where they are known."""
        batch, height, width, channels = input_shape[0]
        height, width = (side and 2 * side for side in (height, width))
        return (batch, height, width, channels)
