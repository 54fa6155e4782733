"""Layers for images whose height and width are known only when they arrive.

Where sizes are known beforehand, `segtf.models.blocks` uses Keras' own layers instead, so that
the model loads with Keras alone.
"""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="segtf")
class PadToMultiple2D(keras.layers.Layer):
    """Pads height and width with zeros, below and to the right, up to the next multiple.

    Args:
        multiple: what the height and width of the result are divisible by.

    Input: `(B, H, W, C)`. Output: the same with `H` and `W` rounded up.

    Example:

    >>> PadToMultiple2D(16)(tf.zeros((1, 45, 64, 3))).shape.as_list()
    [1, 48, 64, 3]
    """

    def __init__(self, multiple, **kwargs):
        super().__init__(**kwargs)
        self.multiple = multiple

    def call(self, inputs):
        """Return the padded batch."""
        # Zeros are laid beside, since of `tf.pad` by tensors TFLite does not know the channels.
        padded = inputs
        for axis in (1, 2):
            shape = tf.unstack(tf.shape(padded))
            # Of positive numbers only: of negative ones, ONNX's remainder differs.
            shape[axis] = (self.multiple - shape[axis] % self.multiple) % self.multiple
            padded = tf.concat([padded, tf.zeros(tf.stack(shape), padded.dtype)], axis=axis)
        padded.set_shape(self.compute_output_shape(inputs.shape))
        return padded

    def compute_output_shape(self, input_shape):
        """Round height and width up where they are known."""
        batch, height, width, channels = input_shape
        return (batch, self._round_up(height), self._round_up(width), channels)

    def get_config(self):
        """Return what the layer is made again from."""
        return {**super().get_config(), "multiple": self.multiple}

    def _round_up(self, side):
        return None if side is None else side + -side % self.multiple


@keras.saving.register_keras_serializable(package="segtf")
class CropLike2D(keras.layers.Layer):
    """Cuts height and width, below and to the right, down to those of a reference.

    Input: a batch `(B, H, W, C)` and a reference `(B, h, w, ...)` with `h <= H` and `w <= W`.
    Output: `(B, h, w, C)`.

    Example:

    >>> CropLike2D()(tf.zeros((1, 48, 64, 8)), tf.zeros((1, 45, 61, 3))).shape.as_list()
    [1, 45, 61, 8]
    """

    def call(self, inputs, reference):
        """Return the cropped batch."""
        shape = tf.shape(reference)
        cropped = inputs[:, : shape[1], : shape[2]]
        cropped.set_shape(self.compute_output_shape(inputs.shape, reference.shape))
        return cropped

    def compute_output_shape(self, inputs_shape, reference_shape):
        """Height and width of the reference, the rest of the batch."""
        return (inputs_shape[0], *reference_shape[1:3], inputs_shape[-1])


@keras.saving.register_keras_serializable(package="segtf")
class BilinearUpsampling2D(keras.layers.Layer):
    """Enlarges height and width by bilinear interpolation with half-pixel centres.

    Equal to `keras.layers.UpSampling2D(interpolation="bilinear")`, which does not run in
    graphs where height or width is unknown.

    Args:
        factor: how many times larger they become.

    Input: `(B, H, W, C)`. Output: `(B, factor * H, factor * W, C)`.

    Example:

    >>> BilinearUpsampling2D()(tf.zeros((1, 3, 5, 2))).shape.as_list()
    [1, 6, 10, 2]
    """

    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        """Return the enlarged batch."""
        enlarged = tf.image.resize(inputs, self.factor * tf.shape(inputs)[1:3])
        enlarged.set_shape(self.compute_output_shape(inputs.shape))
        return tf.cast(enlarged, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        """Enlarge height and width where they are known."""
        batch, height, width, channels = input_shape
        height, width = (None if side is None else self.factor * side for side in (height, width))
        return (batch, height, width, channels)

    def get_config(self):
        """Return what the layer is made again from."""
        return {**super().get_config(), "factor": self.factor}
