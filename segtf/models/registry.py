"""Models by name: an architecture and its settings."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras

from segtf.models.costs import multiply_adds
from segtf.models.encoder_costs import LITE_COSTS, UNET_COSTS
from segtf.models.heads import LOGITS, Body, Head, model_of
from segtf.models.lite import LITE, LITE_STAGES, lite
from segtf.models.segnet import SEGNET, SEGNET_BASIC, segnet, segnet_basic
from segtf.models.unet import UNET, unet
from segtf.nearest import names_to_choose

_BODIES = {unet: UNET, segnet: SEGNET, segnet_basic: SEGNET_BASIC, lite: LITE}
"""Builders of whole models, and the bodies that they give a head."""
_BYTES_PER_FLOAT32 = 4


@dataclass(frozen=True)
class ModelVariant:
    """An architecture under a name.

    Args:
        body: the `segtf.models.Body`; or a function of `input_shape`, `num_classes` and settings
            that returns a whole `keras.Model`, which takes no other heads.
        description: what it is, in a line.
        settings: what this variant sets differently from the defaults of the body.
    """

    body: Body | Callable[..., keras.Model]
    description: str
    settings: Mapping[str, Any] = field(default_factory=dict)


class ModelCost(NamedTuple):
    """What a variant costs for images of one size.

    Args:
        name: its name.
        description: what it is, in a line.
        parameters: their number.
        multiply_adds: multiplications and additions, taken as one, for one image.
        megabytes: size of the parameters as float32, in 10**6 bytes.
    """

    name: str
    description: str
    parameters: int
    multiply_adds: int
    megabytes: float


_VARIANTS: dict[str, ModelVariant] = {}


def register_model(name, body, description, **settings):
    """Make a model available by name.

    Args:
        name: the name; not in use yet.
        body: one of

            - a `segtf.models.Body`,
            - a function of a batch of pixels 0..255 `(B, H, W, C)` and settings that returns a
              feature map `(B, H, W, F)`, which heads are then attached to,
            - a builder: a function of `input_shape`, `num_classes` and settings that returns a
              whole `keras.Model` from float32 pixels 0..255 to logits, such as `segtf.unet`.
        description: what it is, in a line.
        **settings: what this model sets differently from the defaults of the body; arguments of
            `build_model` take precedence over them.

    Raises:
        ValueError: if the name is taken, or the body does not know a setting.

    Example:

    >>> from keras import layers
    >>> def plain(image, filters=8):
    ...     return layers.Conv2D(filters, 3, padding="same")(layers.Rescaling(1 / 255)(image))
    >>> register_model("plain", plain, "for a doctest", filters=4)
    >>> build_model("plain", (16, 16, 3), {"skin": Head(2), "edges": Head(1)}).output["skin"].shape
    (None, 16, 16, 2)
    >>> unregister_model("plain")
    """
    if name in _VARIANTS:
        raise ValueError(f"Expected a name that is not taken. Received: {name!r}")
    if not isinstance(body, Body):
        is_builder = "input_shape" in inspect.signature(body).parameters
        body = _BODIES.get(body, body) if is_builder else Body(body, name)
    _check_settings(name, body, settings)
    _VARIANTS[name] = ModelVariant(body, description, settings)


def unregister_model(name):
    """Undo `register_model`.

    Args:
        name: the name of a model.

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

    Args:
        name: one of `model_names()`.

    Raises:
        ValueError: for an unknown name; the message names the nearest ones.
    """
    if name not in _VARIANTS:
        raise ValueError(
            "Expected a model name, one of "
            f"{names_to_choose(_VARIANTS, name, '`segtf models`')}. Received: {name!r}"
        )
    return _VARIANTS[name]


def smallest_side(name, **settings):
    """Return the least height and width in pixels that a model by name can learn from.

    Below it, the features at the lowest resolution are of padding more than of the image. Models
    can be built for any size.

    Args:
        name: one of `model_names()`.
        **settings: settings of the body, which take precedence over those of the name.

    Raises:
        ValueError: for an unknown name.

    Example:

    >>> smallest_side("unet"), smallest_side("unet", depth=2), smallest_side("segnet")
    (16, 4, 32)
    """
    variant = find_model(name)
    if not isinstance(variant.body, Body):
        return 1
    return variant.body.coarsest(**{**variant.settings, **settings})


def build_model(name, input_shape=(None, None, 3), heads=None, *, num_classes=None, **settings):
    """Build a model by name: its body, with heads attached.

    Args:
        name: one of `model_names()`.
        input_shape: `(height, width, channels)`; height and width may be `None`.
        heads: name of each output to its `segtf.models.Head`; or a number of channels, which
            stands for one head ``logits`` of so many. By default one of 1, a binary task.
        num_classes: that number by name, as the builders take it; not together with `heads`.
        **settings: settings of the body, which take precedence over those of the name; and
            ``name``, of the `keras.Model`.

    Returns:
        A `keras.Model` from float32 pixels 0..255 `(B, H, W, C)` to float32 logits
        `(B, H, W, channels)`, or of several heads to a dict of them by name, each smaller by its
        stride.

    Raises:
        ValueError: for an unknown name or setting (the message lists the known ones), or for
            heads that cannot be attached.

    Example:

    >>> build_model("unet-small", (64, 64, 3), 3).output_shape
    (None, 64, 64, 3)
    >>> heads = {"classes": Head(3), "centres": Head(1, stride=4, bias=-4.0)}
    >>> build_model("unet-small", (64, 64, 3), heads).output["centres"].shape
    (None, 16, 16, 1)
    """
    variant = find_model(name)
    _check_settings(name, variant.body, settings)
    settings = {**variant.settings, **settings}
    if heads is not None and num_classes is not None:
        raise ValueError(
            "Expected heads or num_classes. "
            f"Received: both, heads={heads!r} and num_classes={num_classes!r}"
        )
    heads = num_classes if heads is None else heads
    heads = 1 if heads is None else heads
    try:
        if isinstance(variant.body, Body):
            heads = heads if isinstance(heads, Mapping) else {LOGITS: Head(heads)}
            return model_of(variant.body, input_shape, heads, **settings)
        number = _number_of(heads, name)
        return variant.body(input_shape=input_shape, num_classes=number, **settings)
    except TypeError as error:
        raise ValueError(
            f"Expected settings of the kinds that {name} takes. Received: {settings} ({error})"
        ) from error


def _number_of(heads, name):
    """The channels of heads that are the one with which a whole model is built."""
    if not isinstance(heads, Mapping):
        return heads
    head = heads.get(LOGITS)
    if head is None or heads != {LOGITS: Head(head.channels)}:
        raise ValueError(
            f"Expected num_classes for {name!r}, which is built with its head. "
            f"Received: heads={heads!r}"
        )
    return head.channels


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
    with keras.StatelessScope(initialize_variables=False):  # shapes are enough
        model = build_model(name, (*size, channels), num_classes)
        return model.count_params(), multiply_adds(model)


def _known_cost(variant):
    settings = dict(variant.settings)
    encoder = settings.pop("encoder", None)
    if variant.body is UNET and encoder in UNET_COSTS:
        known = UNET_COSTS[encoder]
        base_filters = settings.pop("base_filters", 16)
        return None if settings or base_filters != known.base_filters else known
    if variant.body is LITE and encoder == "efficientnet-lite0":
        known = LITE_COSTS.get(settings.pop("stages", LITE_STAGES))
        return None if settings else known
    return None


def _check_settings(name, body, settings):
    takes = body.features if isinstance(body, Body) else body
    parameters = inspect.signature(takes).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    known = [key for key in parameters if key not in ("input_shape", "num_classes")]
    if isinstance(body, Body):
        known = [*known[1:], "name"]  # the first is the image
    unknown = [key for key in settings if key not in known]
    if unknown:
        raise ValueError(
            f"Expected settings of {name!r} among {names_to_choose(known, unknown[0])}. "
            f"Received: {', '.join(unknown)}"
        )


register_model("unet", UNET, "U-Net that trains on two cores")
register_model(
    "unet-original",
    UNET,
    "U-Net as published, with same padding",
    base_filters=64,
    normalization=None,
)
register_model("unet-large", UNET, "U-Net of twice the width, for a GPU", base_filters=32)
register_model("unet-small", UNET, "U-Net of half the width, for trying out", base_filters=8)
register_model("segnet", SEGNET, "SegNet as published, with the encoder of VGG16")
register_model(
    "segnet-small",
    SEGNET,
    "SegNet of a quarter of the width",
    base_filters=16,
    use_bias=False,
)
register_model("segnet-basic", SEGNET_BASIC, "SegNet-Basic as published")
register_model(
    "segnet-bilinear",
    SEGNET,
    "SegNet that interpolates instead of unpooling",
    unpooling="bilinear",
)

register_model(
    "lite",
    LITE,
    "EfficientNet-Lite0 up to stride 16 and a light decoder, for phones",
    encoder="efficientnet-lite0",
)
register_model(
    "lite-small",
    LITE,
    "lite without the fifth stage, in less than half the file",
    encoder="efficientnet-lite0",
    stages=4,
)
register_model(
    "lite-scratch",
    LITE,
    "lite of an encoder after Fast-SCNN that needs no pretrained weights, the quickest",
    encoder=None,
)

for _number in range(3):
    register_model(
        f"unet-efficientnet-lite{_number}",
        UNET,
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
    register_model(f"unet-{_encoder}", UNET, f"U-Net with the encoder {_network}", encoder=_encoder)
