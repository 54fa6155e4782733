"""What a model costs: parameters, multiply-adds, bytes."""

import math

import keras
from keras import layers


def multiply_adds(model):
    """Count the multiplications and additions, taken as one, of a forward pass on one image.

    Convolutions (plain, transposed, depthwise, separable) and dense layers are counted, from
    the shapes of their kernels and feature maps; the rest is small beside them.

    Args:
        model: a functional `keras.Model` whose height and width are known.

    Returns:
        A whole number.

    Raises:
        ValueError: if a feature map has an unknown height or width.

    Example:

    >>> image = keras.Input((8, 8, 3))
    >>> multiply_adds(keras.Model(image, layers.Conv2D(4, 3, padding="same")(image)))
    6912
    """
    return sum(_of_layer(layer) for layer in model.layers)


def _of_layer(layer):
    if isinstance(layer, keras.Model):
        return multiply_adds(layer)
    if isinstance(layer, layers.Conv2DTranspose):
        # Every pixel of the input is spread by the whole kernel.
        return _positions(layer.input) * _size(layer.kernel)
    if isinstance(layer, layers.SeparableConv2D):
        kernels = _size(layer.depthwise_kernel) + _size(layer.pointwise_kernel)
        return _positions(layer.output) * kernels
    if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)):
        return _positions(layer.output) * _size(layer.kernel)
    return 0


def _positions(tensor):
    """Number of places of a feature map, channels and batch left aside."""
    places = tensor.shape[1:-1]
    if None in places:
        raise ValueError(
            "Expected a model of known height and width, such as one built with "
            f"input_shape=(256, 256, 3). Received: a feature map of shape {tuple(tensor.shape)}"
        )
    return math.prod(places)


def _size(variable):
    return math.prod(variable.shape)
