"""Lite: small networks of what phones, int8 and GPUs compute quickest.

Convolution, depthwise convolution, ReLU6, addition and bilinear interpolation, nothing else. What
the decoder adds is bounded, so that int8 keeps it.
"""

from functools import partial
from itertools import accumulate
from operator import mul
from typing import NamedTuple

from keras import layers

from segtf.models.blocks import (
    convolution,
    depthwise_convolution,
    pad_to_multiple,
    upsample_bilinear,
)
from segtf.models.efficientnet_lite import STAGES
from segtf.models.encoders import encoder_stages
from segtf.models.heads import LOGITS, Body, Head, model_of

LITE_STAGES = 5
"""Stages of an EfficientNet-Lite that are kept by default."""

_CEILING = 6.0
_FINEST = 4  # stride of the last feature map, and of what heads make before it is enlarged
_EXPANSION = 6

# Of the stages of an EfficientNet-Lite, which begin at half the size.
_STRIDES = tuple(accumulate((stage.stride for stage in STAGES), mul, initial=2))[1:]
_FEWEST_STAGES = _STRIDES.index(2 * _FINEST) + 1


class _Bottlenecks(NamedTuple):
    """Inverted residual blocks of one width, in the encoder without pretrained weights."""

    blocks: int
    stride: int
    filters: int


# Widths of Fast-SCNN, which go with a decoder of 48 channels.
_PUBLISHED_FILTERS = 48
_STEM = (32, 48, 64)
_BOTTLENECKS = (_Bottlenecks(3, 2, 64), _Bottlenecks(3, 2, 96), _Bottlenecks(3, 1, 128))
_SCRATCH_STRIDE = 32


def lite(
    input_shape=(None, None, 3),
    num_classes=1,
    base_filters=48,
    encoder="efficientnet-lite0",
    encoder_weights=None,
    stages=None,
    include_rescaling=True,
    batch_norm_momentum=0.9,
    name="lite",
):
    """Build a small, fast network: the first stages of an encoder, and a decoder of one width.

    The decoder goes up to a quarter of the size by bilinear interpolation; at each level the map
    of the encoder, narrowed by a 1x1 convolution and bounded by ReLU6, is added, and a depthwise
    separable convolution follows. The logits are enlarged four times in one bilinear step. All
    operations are built into TFLite, and XNNPACK, int8 and GPU delegates take them.

    Args:
        input_shape: `(height, width, channels)`; height and width may be `None`, and need not
            be divisible by anything.
        num_classes: channels of the output; 1 for a binary task.
        base_filters: channels of the decoder, at every level. The encoder without a name is as
            many times wider or narrower.
        encoder: `"efficientnet-lite0"`, `-lite1` or `-lite2`, the names of whose layers begin
            with `encoder_`; or `None` for a smaller one after Fast-SCNN, which needs no pretrained
            weights. Images are given to a named encoder as `unet` gives them.
        encoder_weights: what a named encoder begins with: `None` for random values; `"imagenet"`;
            or the path of a weight file (see `unet`).
        stages: how many of the 7 stages of a named encoder are kept, by default 5: 3 end at an
            eighth of the size, 4 and 5 at a sixteenth, 6 and 7 at a thirty-second.
        include_rescaling: whether the first layer brings pixels 0..255 to what the encoder was
            trained on, or to 0..1 without a named one; without it, the model takes values that
            are already scaled.
        batch_norm_momentum: weight of the past in the moving statistics (see `unet`).
        name: name of the model.

    Returns:
        A `keras.Model` from float32 pixels 0..255 `(B, H, W, C)` to float32 logits
        `(B, H, W, num_classes)`.

    Raises:
        ValueError: for a value out of its range, an unknown encoder, or weights that cannot be
            had or do not fit.

    References:
        Tan, Le: "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML
        2019, https://arxiv.org/abs/1905.11946 (the encoder).
        Lu, She, Tie, Xu: "Half-UNet: A Simplified U-Net Architecture for Medical Image
        Segmentation", Frontiers in Neuroinformatics 2022,
        https://doi.org/10.3389/fninf.2022.911679 (a decoder of one width, that adds).
        Poudel, Liwicki, Cipolla: "Fast-SCNN: Fast Semantic Segmentation Network", BMVC 2019,
        https://arxiv.org/abs/1902.04502 (the encoder without a name: its learning to downsample
        and its bottlenecks, without the pooling pyramid).

    Example:

    >>> model = lite((64, 96, 3), num_classes=4, encoder=None)
    >>> model.output_shape
    (None, 64, 96, 4)
    """
    return model_of(
        LITE,
        input_shape,
        {LOGITS: Head(num_classes)},
        name,
        base_filters=base_filters,
        encoder=encoder,
        encoder_weights=encoder_weights,
        stages=stages,
        include_rescaling=include_rescaling,
        batch_norm_momentum=batch_norm_momentum,
    )


def lite_body(
    image,
    base_filters=48,
    encoder="efficientnet-lite0",
    encoder_weights=None,
    stages=None,
    include_rescaling=True,
    batch_norm_momentum=0.9,
):
    """Return the last feature map of a lite network, at a quarter of the size of the image.

    Args:
        image: batch of pixels 0..255 `(B, H, W, C)`; of values that are already scaled, if not
            `include_rescaling`.
        base_filters: channels of the decoder, at every level. The encoder without a name is as
            many times wider or narrower.
        encoder: `"efficientnet-lite0"`, `-lite1` or `-lite2`, the names of whose layers begin
            with `encoder_`; or `None` for a smaller one after Fast-SCNN, which needs no pretrained
            weights. Images are given to a named encoder as `unet` gives them.
        encoder_weights: what a named encoder begins with: `None` for random values; `"imagenet"`;
            or the path of a weight file (see `unet`).
        stages: how many of the 7 stages of a named encoder are kept, by default 5: 3 end at an
            eighth of the size, 4 and 5 at a sixteenth, 6 and 7 at a thirty-second.
        include_rescaling: whether the first layer brings pixels 0..255 to what the encoder was
            trained on, or to 0..1 without a named one; without it, the model takes values that
            are already scaled.
        batch_norm_momentum: weight of the past in the moving statistics (see `unet`).

    Returns:
        Feature map `(B, ceil(H / S) * S / 4, ceil(W / S) * S / 4, base_filters)`, where `S` is
        the stride of the encoder's last stage: what is padded is not cropped.

    Raises:
        ValueError: for a value out of its range, an unknown encoder, or weights that cannot be
            had or do not fit.

    Example:

    >>> import keras
    >>> lite_body(keras.Input((64, 90, 3)), base_filters=8, encoder=None).shape
    (None, 16, 24, 8)
    """
    if base_filters < 1:
        raise ValueError(f"Expected positive base_filters. Received: base_filters={base_filters}")
    settings = {"batch_norm_momentum": batch_norm_momentum}
    if encoder is None:
        for key, value in (("encoder_weights", encoder_weights), ("stages", stages)):
            if value is not None:
                raise ValueError(
                    f"Expected {key} only where there is an encoder. "
                    f"Received: encoder=None, {key}={value!r}"
                )
        x = pad_to_multiple(image, _SCRATCH_STRIDE)
        x = layers.Rescaling(1 / 255, name="rescaling")(x) if include_rescaling else x
        maps = _encode(x, base_filters / _PUBLISHED_FILTERS, **settings)
    else:
        stages = _checked_stages(stages)
        image = pad_to_multiple(image, _STRIDES[stages - 1])
        maps = encoder_stages(
            image, encoder, stages, encoder_weights, include_rescaling, **settings
        )
        maps = dict(zip(_STRIDES, maps, strict=False))  # of each stride the last
    return _decode(maps, base_filters, **settings)


def _coarsest(encoder="efficientnet-lite0", stages=None, **settings):
    return _SCRATCH_STRIDE if encoder is None else _STRIDES[_checked_stages(stages) - 1]


LITE = Body(lite_body, "lite", stride=_FINEST, coarsest=_coarsest)


def _checked_stages(stages):
    stages = LITE_STAGES if stages is None else stages
    if stages not in range(_FEWEST_STAGES, len(_STRIDES) + 1):
        raise ValueError(
            f"Expected stages from {_FEWEST_STAGES} to {len(_STRIDES)}. Received: stages={stages!r}"
        )
    return stages


def _encode(x, width, **settings):
    """The encoder after Fast-SCNN; a dict of strides to maps."""

    def scaled(filters):
        return max(1, round(filters * width))

    first, *others = _STEM
    x = convolution(x, scaled(first), strides=2, ceiling=_CEILING, name="encoder_stem1", **settings)
    maps, stride = {}, 2
    for index, filters in enumerate(others, start=2):
        x = _separable(x, scaled(filters), strides=2, name=f"encoder_stem{index}", **settings)
        stride *= 2
        maps[stride] = x
    for index, stage in enumerate(_BOTTLENECKS, start=1):
        stride *= stage.stride
        for block in range(stage.blocks):
            x = _bottleneck(
                x,
                scaled(stage.filters),
                stage.stride if block == 0 else 1,
                name=f"encoder_stage{index}{chr(ord('a') + block)}",
                **settings,
            )
        maps[stride] = x
    return maps


def _bottleneck(x, filters, strides, name, **settings):
    """Widen, convolve each channel for itself, narrow; add what came in if it has that shape."""
    entering = x
    x = convolution(
        x, x.shape[-1] * _EXPANSION, 1, ceiling=_CEILING, name=f"{name}_expand", **settings
    )
    x = depthwise_convolution(x, strides=strides, ceiling=_CEILING, name=f"{name}_dw", **settings)
    x = convolution(x, filters, 1, rectify=False, name=f"{name}_project", **settings)
    if strides == 1 and entering.shape[-1] == filters:
        x = layers.Add(name=f"{name}_add")([x, entering])
    return x


def _decode(maps, filters, **settings):
    """Go up from the smallest map, and add the others on the way."""
    narrow = partial(convolution, filters=filters, kernel_size=1, ceiling=_CEILING, **settings)
    stride = max(maps)
    x = narrow(maps[stride], name="decoder_bottom")
    while stride > _FINEST:
        stride //= 2
        prefix = f"decoder{stride}"
        x = upsample_bilinear(x, name=f"{prefix}_up")
        x = layers.Add(name=f"{prefix}_add")([x, narrow(maps[stride], name=f"{prefix}_skip")])
        x = _separable(x, filters, name=prefix, **settings)
    return x


def _separable(x, filters, name, strides=1, **settings):
    """Convolve each channel for itself, then across the channels."""
    x = depthwise_convolution(x, strides=strides, ceiling=_CEILING, name=f"{name}_dw", **settings)
    return convolution(x, filters, 1, ceiling=_CEILING, name=name, **settings)
