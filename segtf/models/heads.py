"""Bodies and heads: what makes a feature map of an image, and what makes outputs of that."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import keras
from keras import initializers, layers

from segtf.models.blocks import crop_like, image_input, upsample_bilinear

LOGITS = "logits"
"""Name of the head of a model that has one alone."""

FLIPS = ("plain", "negate_x", "swap_pairs")


class Head(NamedTuple):
    """An output of a model.

    Args:
        channels: channels of the output, such as one for each class, or 1 for a binary task.
        stride: how many times smaller than the image the output is, in height and in width;
            sizes that do not divide are rounded up.
        bias: what the bias of every channel begins with, such as the logit of a rare class.
        flip: what a mirrored image does to the output, besides mirroring it: one of `FLIPS`,
            nothing, the other sign of a horizontal offset, or exchanging left and right joints.
    """

    channels: int
    stride: int = 1
    bias: float = 0.0
    flip: str = "plain"


@dataclass(frozen=True)
class Body:
    """An architecture without its heads.

    Args:
        features: function of a batch of pixels 0..255 `(B, H, W, C)` and of settings by keyword,
            that returns the last feature map `(B, h, w, F)`.
        name: name of models of it.
        stride: how many times smaller than the image that map is; where it is not 1, the image is
            padded below and to the right, and the map may be larger than the rest of the image.
        kernel_size: side in pixels of the kernels of its heads.
        coarsest: function of the same settings, by keyword, that returns how many times smaller
            than the image its smallest map is.
    """

    features: Callable[..., keras.KerasTensor]
    name: str = "model"
    stride: int = 1
    kernel_size: int = 1
    coarsest: Callable[..., int] = lambda **settings: 1


def model_of(body, input_shape, heads, name=None, **settings):
    """Build a model of a body and heads.

    Args:
        body: a `Body`.
        input_shape: `(height, width, channels)`; height and width may be `None`.
        heads: name of each output to its `Head`.
        name: name of the model; by default that of the body.
        **settings: those of the body.

    Returns:
        A functional `keras.Model` from float32 pixels 0..255 `(B, H, W, C)` to a float32 tensor
        `(B, H / stride, W / stride, channels)` of one head, or to a dict of them, by their names.

    Raises:
        ValueError: for heads that cannot be attached, or settings out of the range of the body.

    Example:

    >>> from segtf.models.unet import UNET
    >>> heads = {"classes": Head(3), "edges": Head(1, stride=2)}
    >>> model = model_of(UNET, (32, 48, 3), heads, base_filters=2, depth=1)
    >>> model.output["classes"].shape, model.output["edges"].shape
    ((None, 32, 48, 3), (None, 16, 24, 1))
    """
    for key, head in heads.items():
        _check_head(key, head, body)
    if not heads:
        raise ValueError("Expected at least one head. Received: none")
    image = image_input(input_shape)
    features = body.features(image, **settings)
    outputs = {
        key: _attach(image, features, key, head, body, "crop" if len(heads) == 1 else f"{key}_crop")
        for key, head in heads.items()
    }
    if len(outputs) == 1:
        (outputs,) = outputs.values()
    return keras.Model(image, outputs, name=name or body.name)


def segmentation_head(features, num_classes, kernel_size=1, bias=0.0, name=LOGITS):
    """Return one logit per pixel and class.

    They are float32 under every dtype policy, since losses and probabilities in half precision
    lose small values.

    Args:
        features: feature map `(B, H, W, F)` of a body.
        num_classes: channels of the result; 1 for a binary task.
        kernel_size: side of the kernel in pixels.
        bias: what the bias of every channel begins with.
        name: name of the layer, and so of the model's output.

    Returns:
        float32 tensor `(B, H, W, num_classes)`.

    Raises:
        ValueError: if `num_classes` is not positive.

    Example:

    >>> segmentation_head(keras.Input((32, 48, 16)), num_classes=3).shape
    (None, 32, 48, 3)
    """
    if num_classes < 1:
        raise ValueError(f"Expected at least one class. Received: num_classes={num_classes}")
    return layers.Conv2D(
        num_classes,
        kernel_size,
        padding="same",
        bias_initializer=initializers.Constant(bias) if bias else "zeros",
        dtype="float32",
        name=name,
    )(features)


def _check_head(key, head, body):
    if not isinstance(head, Head):
        raise ValueError(f"Expected a segtf.models.Head by name. Received: {head!r} as {key!r}")
    if head.channels < 1:
        raise ValueError(f"Expected at least one class. Received: num_classes={head.channels}")
    larger, smaller = max(head.stride, body.stride), min(head.stride, body.stride)
    if smaller < 1 or larger % smaller:
        raise ValueError(
            f"Expected a stride that divides, or is a multiple of, {body.stride}, that of the "
            f"feature map. Received: stride={head.stride} of head {key!r}"
        )
    if head.flip not in FLIPS:
        raise ValueError(f"Expected flip as one of {FLIPS}. Received: {head.flip!r} of {key!r}")


def _attach(image, features, key, head, body, crop):
    """Convolve where that costs least: before what is coarse is enlarged, after it is shrunk."""
    name, factor = key, body.stride // head.stride
    if head.stride > body.stride:
        shrink = head.stride // body.stride
        pool = layers.AveragePooling2D(shrink, padding="same", name=f"{key}_pool")
        features = pool(features)
    elif factor > 1:
        name = f"coarse_{key}"
    x = segmentation_head(features, head.channels, body.kernel_size, head.bias, name)
    if factor > 1:
        x = upsample_bilinear(x, factor, dtype="float32", name=key)
    if body.stride == 1:
        return x
    reference = image if head.stride == 1 else image[:, :: head.stride, :: head.stride]
    return crop_like(x, reference, dtype="float32", name=crop)
