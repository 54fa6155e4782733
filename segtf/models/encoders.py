"""Encoders out of keras.applications: their feature maps, their scaling, their weights."""

from dataclasses import dataclass
from typing import NamedTuple

from keras import layers

from segtf.models.applications import build_application, copy_layers

ENCODER_DEPTH = 5
"""Number of times that every encoder halves the resolution."""

PREFIX = "encoder_"
"""How the names of all layers of an encoder begin."""

_OUTPUT = "output"


class Head(NamedTuple):
    """What a whole application has beyond the headless one.

    Args:
        classifier: name of the layer that classifies.
        weights: number of weights of the head.
    """

    classifier: str = "predictions"
    weights: int = 2


_DENSE_HEAD = Head()


@dataclass(frozen=True)
class Encoder:
    """A network of keras.applications, and how to use it as an encoder.

    Args:
        application: its name there.
        entering: names of the layers that the feature maps of strides 2, 4, 8, 16 and 32 enter;
            ``output`` for the headless application's own output, `None` where it has no map of
            that stride.
        mean: what is taken off pixels 0..255, one number for each of red, green and blue.
        deviation: what they are divided by then.
        settings: arguments of the application that leave its own scaling out.
        head: what the whole application has beyond the headless one.
    """

    application: str
    entering: tuple[str | None, ...]
    mean: tuple[float, float, float] = (127.5, 127.5, 127.5)
    deviation: tuple[float, float, float] = (127.5, 127.5, 127.5)
    settings: tuple[tuple[str, object], ...] = (("include_preprocessing", False),)
    head: Head = _DENSE_HEAD


# Mean and standard deviation of the pixels of ImageNet.
_IMAGENET = {
    "mean": (0.485 * 255, 0.456 * 255, 0.406 * 255),
    "deviation": (0.229 * 255, 0.224 * 255, 0.225 * 255),
}


def _efficientnet_v2(size):
    # Stages 1 to 3 and 5 end where the next one halves the resolution. What enters the last 1x1
    # convolution has a seventh of its channels, which is what a decoder wants.
    return Encoder(
        f"EfficientNetV2{size}",
        (
            "block2a_expand_conv",
            "block3a_expand_conv",
            "block4a_expand_conv",
            "block6a_expand_conv",
            "top_conv",
        ),
        **_IMAGENET,
    )


ENCODERS = {
    "mobilenetv3-small": Encoder(
        "MobileNetV3Small",
        (
            "expanded_conv_depthwise_pad",
            "expanded_conv_1_expand",
            "expanded_conv_3_expand",
            "expanded_conv_8_expand",
            "conv_1",
        ),
        head=Head("logits", 4),
    ),
    "mobilenetv3-large": Encoder(
        "MobileNetV3Large",
        (
            "expanded_conv_1_expand",
            "expanded_conv_3_expand",
            "expanded_conv_6_expand",
            "expanded_conv_12_expand",
            "conv_1",
        ),
        head=Head("logits", 4),
    ),
    # The last block of a stage, not the first of the next, halves the resolution; before it, the
    # features are normalised and rectified.
    "resnet50v2": Encoder(
        "ResNet50V2",
        ("pool1_pad", "conv2_block3_1_conv", "conv3_block4_1_conv", "conv4_block6_1_conv", _OUTPUT),
        settings=(),
    ),
    "efficientnetv2-b0": _efficientnet_v2("B0"),
    "efficientnetv2-b1": _efficientnet_v2("B1"),
    "efficientnetv2-b2": _efficientnet_v2("B2"),
    "efficientnetv2-b3": _efficientnet_v2("B3"),
    # Its first convolution has stride 4.
    "convnext-tiny": Encoder(
        "ConvNeXtTiny",
        (None, *(f"convnext_tiny_downsampling_layernorm_{index}" for index in range(3)), _OUTPUT),
        head=Head("convnext_tiny_head_dense"),
        **_IMAGENET,
    ),
}


def encoder_features(
    image, encoder, encoder_weights=None, include_rescaling=True, batch_norm_momentum=0.9
):
    """Return the feature maps of an encoder.

    Grey images are given to it as RGB. Weights are those of RGB images; without them, an encoder
    takes any number of channels.

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
            for images of other than 1 or 3 channels.

    Example:

    >>> import keras
    >>> maps = encoder_features(keras.Input((64, 64, 3)), "mobilenetv3-small")
    >>> [tuple(map.shape[1:]) for map in maps[:2]]
    [(32, 32, 16), (16, 16, 16)]
    """
    details = find_encoder(encoder)
    x = image
    if x.shape[-1] == 1:
        x = layers.Concatenate(name="grey_to_rgb")([x, x, x])
    if include_rescaling:
        x = _rescale(x, details)
    if encoder_weights is not None and x.shape[-1] != 3:
        raise ValueError(
            "Expected images of 1 or 3 channels, which encoder_weights are for. "
            f"Received: {x.shape[-1]} channels and encoder_weights={encoder_weights!r}"
        )
    application = build_application(details, encoder, x.shape[1:], encoder_weights)
    entered, output = copy_layers(
        application,
        x,
        PREFIX,
        batch_norm_momentum,
        with_weights=encoder_weights is not None,
    )
    maps = {**entered, _OUTPUT: output}
    return [None if name is None else maps[name] for name in details.entering]


def find_encoder(name):
    """Return the `Encoder` of a name.

    Raises:
        ValueError: for an unknown name; the message lists the known ones.
    """
    if name not in ENCODERS:
        raise ValueError(f"Expected encoder as one of {', '.join(ENCODERS)}. Received: {name!r}")
    return ENCODERS[name]


def _rescale(x, details):
    mean, deviation = details.mean, details.deviation
    if x.shape[-1] != 3:
        # No channel is red, green or blue.
        mean, deviation = [sum(mean) / 3], [sum(deviation) / 3]
    scale = [1 / value for value in deviation]
    offset = [-value * factor for value, factor in zip(mean, scale, strict=True)]
    return layers.Rescaling(scale, offset, name="rescaling")(x)
