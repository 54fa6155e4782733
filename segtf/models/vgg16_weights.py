"""Weights of VGG16 for the encoder of a SegNet."""

import numpy as np

from segtf.models.applications import Application, build_application
from segtf.models.layer_copies import widen_kernel
from segtf.models.weight_files import Classifier

_VGG16 = Application("VGG16", settings=(), head=Classifier("predictions", 6))

# What keras.applications takes off its blue, green and red pixels 0..255.
_MEANS = (103.939, 116.779, 123.68)


def vgg16_convolutions(weights, channels=3):
    """Return the convolutions of VGG16, for images whose values are 0..1.

    Args:
        weights: ``"imagenet"``, which keras.applications downloads once, or the path of a
            ``.weights.h5``, ``.h5`` or ``.keras`` file of its VGG16.
        channels: those of the image: grey, or red, green, blue and what follows them.

    Returns:
        A list of levels, each a list of kernel `(3, 3, channels, filters)` and bias `(filters,)`.
        The first kernel is that of red, green and blue, and takes the scaling of VGG16 upon
        itself; those of further channels begin at the mean of the three.

    Raises:
        ValueError: if the weights cannot be had or do not fit, or for images of 2 channels.
    """
    if channels == 2:
        raise ValueError(
            "Expected images of 1, 3 or more channels, which encoder_weights are for. "
            f"Received: {channels} channels and encoder_weights={str(weights)!r}"
        )
    network = build_application(_VGG16, "vgg16", (None, None, 3), weights)
    levels = [
        [
            layer.get_weights()
            for layer in network.layers
            if layer.name.startswith(f"block{level}_conv")
        ]
        for level in range(1, 6)
    ]
    levels[0][0] = _of_pixels_in_0_to_1(*levels[0][0], channels)
    return levels


def _of_pixels_in_0_to_1(kernel, bias, channels):
    """A first convolution of scaled BGR pixels, for pixels 0..1 of grey or RGB."""
    kernel, means = kernel[:, :, ::-1], np.array(_MEANS[::-1])
    if channels > 3:
        kernel = widen_kernel(kernel, channels)
        means = np.append(means, [means.mean()] * (channels - 3))
    bias = bias - kernel.sum(axis=(0, 1)).T @ means
    if channels == 1:
        kernel = kernel.sum(axis=2, keepdims=True)
    return [255.0 * kernel, bias]
