"""Networks copied, layer by layer, into a model around them."""

import re
from collections import Counter

import keras
import numpy as np
from keras import layers


def copy_layers(network, x, prefix, batch_norm_momentum, with_weights):
    """Copy a network layer by layer, so that the copies are layers of the model around it.

    The copies of layers that Keras has named by counting are counted anew, so that a model has the
    same names whatever was built before it. Convolutions of one channel each become depthwise
    ones: TensorFlow trains grouped convolutions on CPUs only through XLA.

    Args:
        network: a functional `keras.Model`, of the channels of `x` or of three.
        x: what goes in, of the height and width that `network` takes.
        prefix: how the names of the copies begin.
        batch_norm_momentum: weight of the past in the moving statistics of the copies.
        with_weights: whether the copies get the weights; else they have initial ones.

    Returns:
        A dict from the name of each original layer to the tensor that enters its copy, and the
        tensor that comes out at the end.
    """
    pairs, entered, results, counts = [], {}, [], Counter()

    def copy(layer):
        if isinstance(layer, keras.Sequential):
            return [copy(part) for part in layer.layers]
        made = _copy(layer, prefix + _stable_name(layer, counts), batch_norm_momentum)
        pairs.append((layer, made))
        return made

    def call(copies, *inputs, **settings):
        if not isinstance(copies, list):
            entered[copies.name.removeprefix(prefix)] = inputs[0]
            results.append(copies(*inputs, **settings))
            return results[-1]
        (x,) = inputs
        for one in copies:
            x = call(one, x)
        return x

    # What this returns begins at an input of its own; the calls were made on `x`.
    keras.models.clone_model(network, input_tensors=x, clone_function=copy, call_function=call)
    if with_weights:
        for layer, made in pairs:
            _copy_weights(layer, made)
    return entered, results[-1]


def _stable_name(layer, counts):
    """The layer's name; one that Keras has given is counted within the network."""
    kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()
    if not re.fullmatch(rf"{kind}(_\d+)?", layer.name):
        return layer.name
    counts[kind] += 1
    return kind if counts[kind] == 1 else f"{kind}_{counts[kind] - 1}"


def _copy(layer, name, batch_norm_momentum):
    config = {**layer.get_config(), "name": name}
    if isinstance(layer, layers.BatchNormalization):
        config["momentum"] = batch_norm_momentum
    if _is_depthwise(layer):
        return layers.DepthwiseConv2D(
            layer.kernel_size,
            layer.strides,
            padding=layer.padding,
            use_bias=layer.use_bias,
            depthwise_initializer=config["kernel_initializer"],
            dtype=config["dtype"],
            name=name,
        )
    return type(layer).from_config(config)


def _is_depthwise(layer):
    return type(layer) is layers.Conv2D and layer.groups == layer.filters > 1


def widen_kernel(kernel, channels):
    """Fit the kernel of a first convolution, of red, green and blue, to images of more channels.

    The further ones begin at the mean of the three.

    Args:
        kernel: array `(height, width, 3, filters)`.
        channels: those of the images, 3 or more.

    Example:

    >>> widen_kernel(np.array([[[[2.0], [3.0], [7.0]]]]), 5).ravel().tolist()
    [2.0, 3.0, 7.0, 4.0, 4.0]
    """
    mean = kernel.mean(axis=2, keepdims=True)
    return np.concatenate([kernel, *[mean] * (channels - kernel.shape[2])], axis=2)


def _copy_weights(layer, made):
    weights = layer.get_weights() if hasattr(layer, "get_weights") else []
    if _is_depthwise(layer):
        kernel, *bias = weights  # kernel: (height, width, 1, channels)
        weights = [kernel.swapaxes(2, 3), *bias]
    elif type(layer) is layers.Conv2D and made.kernel.shape[2] > weights[0].shape[2]:
        weights[0] = widen_kernel(weights[0], made.kernel.shape[2])
    if weights:
        made.set_weights(weights)
