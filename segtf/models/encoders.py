"""Encoders: networks that were made to classify, their feature maps and their scaling."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import keras
from keras import layers

from segtf.models.applications import Application, build_application
from segtf.models.efficientnet_lite import SCALES
from segtf.models.efficientnet_lite_weights import build_efficientnet_lite
from segtf.models.layer_copies import copy_layers
from segtf.models.weight_files import Classifier
from segtf.nearest import names_to_choose

ENCODER_DEPTH = 5
"""Number of times that every encoder halves the resolution."""

PREFIX = "encoder_"
"""How the names of all layers of an encoder begin."""

_OUTPUT = "output"


@dataclass(frozen=True)
class Encoder:
    """A network, and how to use it as an encoder.

    Args:
        build: function of its name, the shape of what it takes and its weights (`None`,
            ``"imagenet"`` or a path) that returns the network without its head.
        entering: names of the layers that the feature maps of strides 2, 4, 8, 16 and 32 enter;
            ``output`` for the network's own output, `None` where it has no map of that stride.
        mean: what is taken off pixels 0..255, one number for each of red, green and blue.
        deviation: what they are divided by then.
        has_wide_maps: whether the maps are taken where the network is widest, so that a decoder
            narrows them first.
        stages: names of the layers that what comes out of each stage enters, which is narrow;
            empty where none is known.
    """

    build: Callable[..., keras.Model]
    entering: tuple[str | None, ...]
    mean: tuple[float, float, float] = (127.5, 127.5, 127.5)
    deviation: tuple[float, float, float] = (127.5, 127.5, 127.5)
    has_wide_maps: bool = False
    stages: tuple[str, ...] = ()


def _application(*settings, **more):
    return partial(build_application, Application(*settings, **more))


# Mean and standard deviation of the pixels of ImageNet.
_IMAGENET = {
    "mean": (0.485 * 255, 0.456 * 255, 0.406 * 255),
    "deviation": (0.229 * 255, 0.224 * 255, 0.225 * 255),
}


def _efficientnet_v2(size):
    # Stages 1 to 3 and 5 end where the next one halves the resolution. What enters the last 1x1
    # convolution has a seventh of its channels, which is what a decoder wants.
    return Encoder(
        _application(f"EfficientNetV2{size}"),
        (
            "block2a_expand_conv",
            "block3a_expand_conv",
            "block4a_expand_conv",
            "block6a_expand_conv",
            "top_conv",
        ),
        **_IMAGENET,
    )


# A stage ends where the depthwise convolution of the next one halves the resolution, which reads
# features of six times the width that leaves the stage.
_EFFICIENTNET_LITE = Encoder(
    build_efficientnet_lite,
    ("block2a_dwconv", "block3a_dwconv", "block4a_dwconv", "block6a_dwconv", "top_conv"),
    mean=(127.0, 127.0, 127.0),
    deviation=(128.0, 128.0, 128.0),
    has_wide_maps=True,
    stages=(*(f"block{number}a_expand_conv" for number in range(2, 8)), "top_conv"),
)

_MOBILENET_V3_HEAD = Classifier("logits", 4)

ENCODERS = {
    **dict.fromkeys(SCALES, _EFFICIENTNET_LITE),
    "mobilenetv3-small": Encoder(
        _application("MobileNetV3Small", head=_MOBILENET_V3_HEAD),
        (
            "expanded_conv_depthwise_pad",
            "expanded_conv_1_expand",
            "expanded_conv_3_expand",
            "expanded_conv_8_expand",
            "conv_1",
        ),
    ),
    "mobilenetv3-large": Encoder(
        _application("MobileNetV3Large", head=_MOBILENET_V3_HEAD),
        (
            "expanded_conv_1_expand",
            "expanded_conv_3_expand",
            "expanded_conv_6_expand",
            "expanded_conv_12_expand",
            "conv_1",
        ),
    ),
    # The last block of a stage, not the first of the next, halves the resolution; before it, the
    # features are normalised and rectified.
    "resnet50v2": Encoder(
        _application("ResNet50V2", settings=()),
        ("pool1_pad", "conv2_block3_1_conv", "conv3_block4_1_conv", "conv4_block6_1_conv", _OUTPUT),
    ),
    "efficientnetv2-b0": _efficientnet_v2("B0"),
    "efficientnetv2-b1": _efficientnet_v2("B1"),
    "efficientnetv2-b2": _efficientnet_v2("B2"),
    "efficientnetv2-b3": _efficientnet_v2("B3"),
    # Its first convolution has stride 4.
    "convnext-tiny": Encoder(
        _application("ConvNeXtTiny", head=Classifier("convnext_tiny_head_dense")),
        (None, *(f"convnext_tiny_downsampling_layernorm_{index}" for index in range(3)), _OUTPUT),
        **_IMAGENET,
    ),
}


def encoder_features(
    image, encoder, encoder_weights=None, include_rescaling=True, batch_norm_momentum=0.9
):
    """Return the feature maps of an encoder.

    Grey images are given to it as RGB. Weights are those of RGB images; where an image has more
    channels, these come first, and the others begin at the mean of their weights.

    Args:
        image: batch of pixels 0..255 `(B, H, W, C)`; `H` and `W` are multiples of 32, or unknown.
        encoder: a name in `ENCODERS`.
        encoder_weights: `None`, ``"imagenet"`` or the path of a weight file (see `unet`).
        include_rescaling: whether the scaling that belongs to the encoder comes first.
        batch_norm_momentum: weight of the past in the moving statistics.

    Returns:
        A list of the maps of strides 2, 4, 8, 16 and 32, with `None` where there is none.

    Raises:
        ValueError: for an unknown encoder, weights that cannot be had or do not fit, or weights
            for images of 2 channels.

    Example:

    >>> import keras
    >>> maps = encoder_features(keras.Input((64, 64, 3)), "mobilenetv3-small")
    >>> [tuple(map.shape[1:]) for map in maps[:2]]
    [(32, 32, 16), (16, 16, 16)]
    """
    details = find_encoder(encoder)
    entered, output = _copy_encoder(
        image, encoder, encoder_weights, include_rescaling, batch_norm_momentum
    )
    maps = {**entered, _OUTPUT: output}
    return [None if name is None else maps[name] for name in details.entering]


def encoder_stages(
    image, encoder, stages, encoder_weights=None, include_rescaling=True, batch_norm_momentum=0.9
):
    """Return what comes out of the first stages of an encoder, which ends there.

    Args:
        image: batch of pixels 0..255 `(B, H, W, C)`; `H` and `W` are multiples of the last stride,
            or unknown.
        encoder: a name in `ENCODERS` whose stages are known: an EfficientNet-Lite.
        stages: their number.
        encoder_weights: `None`, ``"imagenet"`` or the path of a weight file (see `unet`).
        include_rescaling: whether the scaling that belongs to the encoder comes first.
        batch_norm_momentum: weight of the past in the moving statistics.

    Returns:
        A list of as many maps, finest first; stages may have the same stride.

    Raises:
        ValueError: as `encoder_features`, and for an encoder without stages or not that many.

    Example:

    >>> maps = encoder_stages(keras.Input((64, 64, 3)), "efficientnet-lite0", stages=5)
    >>> [tuple(map.shape[1:]) for map in maps]
    [(32, 32, 16), (16, 16, 24), (8, 8, 40), (4, 4, 80), (4, 4, 112)]
    """
    known = find_encoder(encoder).stages
    if not known:
        names = ", ".join(name for name, details in ENCODERS.items() if details.stages)
        raise ValueError(f"Expected encoder as one of {names}. Received: {encoder!r}")
    if not 1 <= stages <= len(known):
        raise ValueError(f"Expected stages from 1 to {len(known)}. Received: stages={stages!r}")
    entered, output = _copy_encoder(
        image,
        encoder,
        encoder_weights,
        include_rescaling,
        batch_norm_momentum,
        end=known[stages - 1],
    )
    return [*(entered[name] for name in known[: stages - 1]), output]


def _copy_encoder(
    image, encoder, encoder_weights, include_rescaling, batch_norm_momentum, end=None
):
    """Copy a network onto an image, up to what enters the layer `end` where one is named.

    Returns what enters each layer, by its name, and what comes out in the end.
    """
    details = find_encoder(encoder)
    x = image
    if x.shape[-1] == 1:
        x = layers.Concatenate(name="grey_to_rgb")([x, x, x])
    if include_rescaling:
        x = _rescale(x, details)
    shape = x.shape[1:]
    if encoder_weights is not None:
        if shape[-1] < 3:
            raise ValueError(
                "Expected images of 1, 3 or more channels, which encoder_weights are for. "
                f"Received: {shape[-1]} channels and encoder_weights={encoder_weights!r}"
            )
        shape = (*shape[:2], 3)
    network = details.build(encoder, shape, encoder_weights)
    if end is not None:
        network = keras.Model(network.input, network.get_layer(end).input)
    return copy_layers(
        network, x, PREFIX, batch_norm_momentum, with_weights=encoder_weights is not None
    )


def find_encoder(name):
    """Return the `Encoder` of a name.

    Args:
        name: one of `ENCODERS`.

    Raises:
        ValueError: for an unknown name; the message names the nearest ones.
    """
    if name not in ENCODERS:
        known = names_to_choose(ENCODERS, name)
        raise ValueError(f"Expected encoder as one of {known}. Received: {name!r}")
    return ENCODERS[name]


def _rescale(x, details):
    mean, deviation = (
        _for_channels(values, x.shape[-1]) for values in (details.mean, details.deviation)
    )
    scale = [1 / value for value in deviation]
    offset = [-value * factor for value, factor in zip(mean, scale, strict=True)]
    return layers.Rescaling(scale, offset, name="rescaling")(x)


def _for_channels(values, channels):
    """Those of red, green and blue, and their mean for further channels."""
    mean = sum(values) / 3
    if channels < 3:
        return [mean]
    return [*values, *[mean] * (channels - 3)]
