"""Models by name: an architecture and its settings."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras

from segtf.models.costs import multiply_adds
from segtf.models.encoder_costs import LITE_COSTS, UNET_COSTS
from segtf.models.encoders import ENCODER_DEPTH
from segtf.models.lite import LITE_STAGES, lite, lite_stride
from segtf.models.segnet import BASIC_DEPTH, SEGNET_DEPTH, segnet, segnet_basic
from segtf.models.unet import UNET_DEPTH, unet

_BYTES_PER_FLOAT32 = 4


@dataclass(frozen=True)
class ModelVariant:
    """An architecture under a name.

    Args:
        builder: function of `input_shape`, `num_classes` and settings that returns a
            `keras.Model` from float32 pixels 0..255 to logits.
        description: what it is, in a line.
        settings: what this variant sets differently from the builder's defaults.
    """

    builder: Callable[..., keras.Model]
    description: str
    settings: Mapping[str, Any] = field(default_factory=dict)


class ModelCost(NamedTuple):
    """What a variant costs for images of one size."""

    name: str
    description: str
    parameters: int
    multiply_adds: int
    megabytes: float


_VARIANTS: dict[str, ModelVariant] = {}


def register_model(name, builder, description, **settings):
    """Make a model available by name.

    Args:
        name: the name; not in use yet.
        builder: function of `input_shape`, `num_classes` and settings that returns a
            `keras.Model` from float32 pixels 0..255 to logits.
        description: what it is, in a line.
        **settings: what is passed to `builder` unless `build_model` is told otherwise.

    Raises:
        ValueError: if the name is taken, or `builder` does not know a setting.

    Example:

    >>> register_model("unet-tiny", unet, "for a doctest", base_filters=2, depth=1)
    >>> build_model("unet-tiny", (16, 16, 3), num_classes=4).output_shape
    (None, 16, 16, 4)
    >>> unregister_model("unet-tiny")
    """
    if name in _VARIANTS:
        raise ValueError(f"Expected a name that is not taken. Received: {name!r}")
    _check_settings(name, builder, settings)
    _VARIANTS[name] = ModelVariant(builder, description, settings)


def unregister_model(name):
    """Undo `register_model`.

    Raises:
        ValueError: for an unknown name.
    """
    find_model(name)
    del _VARIANTS[name]


def model_names():
    """Return the names that `build_model` knows, in the order in which they were registered."""
    return tuple(_VARIANTS)


def find_model(name):
    """Return the `ModelVariant` of a name.

    Raises:
        ValueError: for an unknown name; the message lists the known ones.
    """
    if name not in _VARIANTS:
        raise ValueError(
            f"Expected a model name, one of {', '.join(_VARIANTS)}. Received: {name!r}"
        )
    return _VARIANTS[name]


def smallest_side(name, **settings):
    """Return the least height and width in pixels that a model by name can learn from.

    Below it, the features at the lowest resolution are of padding more than of the image. Models
    can be built for any size.

    Args:
        name: one of `model_names()`.
        **settings: arguments of the builder that take precedence over the variant's.

    Raises:
        ValueError: for an unknown name.

    Example:

    >>> smallest_side("unet"), smallest_side("unet", depth=2), smallest_side("segnet")
    (16, 4, 32)
    """
    variant = find_model(name)
    settings = {**variant.settings, **settings}
    if variant.builder is lite:
        known = {key: settings[key] for key in ("encoder", "stages") if key in settings}
        return lite_stride(**known)
    if variant.builder is unet:
        own = ENCODER_DEPTH if settings.get("encoder") else UNET_DEPTH
        depth = settings.get("depth")
        return 2 ** (depth if isinstance(depth, int) and depth > 0 else own)
    return 2 ** {segnet: SEGNET_DEPTH, segnet_basic: BASIC_DEPTH}.get(variant.builder, 0)


def build_model(name, input_shape=(None, None, 3), num_classes=1, **settings):
    """Build a model by name.

    Args:
        name: one of `model_names()`.
        input_shape: `(height, width, channels)`; height and width may be `None`.
        num_classes: channels of the output; 1 for a binary task.
        **settings: arguments of the builder that take precedence over the variant's.

    Returns:
        A `keras.Model` from float32 pixels 0..255 `(B, H, W, C)` to float32 logits
        `(B, H, W, num_classes)`.

    Raises:
        ValueError: for an unknown name or setting; the message lists the known ones.

    Example:

    >>> build_model("unet-small", (64, 64, 3), 3).output_shape
    (None, 64, 64, 3)
    """
    variant = find_model(name)
    _check_settings(name, variant.builder, settings)
    settings = {**variant.settings, **settings}
    try:
        return variant.builder(input_shape=input_shape, num_classes=num_classes, **settings)
    except TypeError as error:
        raise ValueError(
            f"Expected settings of the kinds that {name} takes. Received: {settings} ({error})"
        ) from error


def describe_models(size=(256, 256), num_classes=1, channels=3):
    """Return what each registered model costs.

    Args:
        size: height and width of the image in pixels.
        num_classes: channels of the output.
        channels: channels of the image.

    Returns:
        A list of `ModelCost`: name, description, number of parameters, multiply-adds for one
        image, and size of the parameters as float32 in megabytes (10**6 bytes).
    """
    costs = []
    for name, variant in _VARIANTS.items():
        parameters, operations = _count(name, variant, size, num_classes, channels)
        megabytes = parameters * _BYTES_PER_FLOAT32 / 1e6
        costs.append(ModelCost(name, variant.description, parameters, operations, megabytes))
    return costs


def _count(name, variant, size, num_classes, channels):
    """Parameters and multiply-adds: counted, unless they are known beforehand."""
    known = _known_cost(variant)
    if known and channels in (1, 3):
        return known.of_model(size, num_classes)
    model = build_model(name, (*size, channels), num_classes)
    return model.count_params(), multiply_adds(model)


def _known_cost(variant):
    settings = dict(variant.settings)
    encoder = settings.pop("encoder", None)
    if variant.builder is unet and encoder in UNET_COSTS:
        known = UNET_COSTS[encoder]
        base_filters = settings.pop("base_filters", 16)
        return None if settings or base_filters != known.base_filters else known
    if variant.builder is lite and encoder == "efficientnet-lite0":
        known = LITE_COSTS.get(settings.pop("stages", LITE_STAGES))
        return None if settings else known
    return None


def _check_settings(name, builder, settings):
    parameters = inspect.signature(builder).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    known = [key for key in parameters if key not in ("input_shape", "num_classes")]
    unknown = [key for key in settings if key not in known]
    if unknown:
        raise ValueError(
            f"Expected settings of {name!r} among {', '.join(known)}. "
            f"Received: {', '.join(unknown)}"
        )


register_model("unet", unet, "U-Net that trains on two cores")
register_model(
    "unet-original",
    unet,
    "U-Net as published, with same padding",
    base_filters=64,
    normalization=None,
)
register_model("unet-large", unet, "U-Net of twice the width, for a GPU", base_filters=32)
register_model("unet-small", unet, "U-Net of half the width, for trying out", base_filters=8)
register_model("segnet", segnet, "SegNet as published, with the encoder of VGG16")
register_model(
    "segnet-small",
    segnet,
    "SegNet of a quarter of the width",
    base_filters=16,
    use_bias=False,
)
register_model("segnet-basic", segnet_basic, "SegNet-Basic as published")
register_model(
    "segnet-bilinear",
    segnet,
    "SegNet that interpolates instead of unpooling",
    unpooling="bilinear",
)

register_model(
    "lite",
    lite,
    "EfficientNet-Lite0 up to stride 16 and a light decoder, for phones",
    encoder="efficientnet-lite0",
)
register_model(
    "lite-small",
    lite,
    "lite without the fifth stage, in less than half the file",
    encoder="efficientnet-lite0",
    stages=4,
)
register_model(
    "lite-scratch",
    lite,
    "lite of an encoder after Fast-SCNN that needs no pretrained weights, the quickest",
    encoder=None,
)

for _number in range(3):
    register_model(
        f"unet-efficientnet-lite{_number}",
        unet,
        f"U-Net of 8 base filters with the encoder EfficientNet-Lite{_number}",
        encoder=f"efficientnet-lite{_number}",
        base_filters=8,
    )
for _encoder, _network in (
    ("mobilenetv3-small", "MobileNetV3-Small"),
    ("mobilenetv3-large", "MobileNetV3-Large"),
    ("efficientnetv2-b0", "EfficientNetV2-B0"),
    ("efficientnetv2-b1", "EfficientNetV2-B1"),
    ("efficientnetv2-b2", "EfficientNetV2-B2"),
    ("efficientnetv2-b3", "EfficientNetV2-B3"),
    ("resnet50v2", "ResNet50V2"),
    ("convnext-tiny", "ConvNeXt-Tiny"),
):
    register_model(f"unet-{_encoder}", unet, f"U-Net with the encoder {_network}", encoder=_encoder)
