"""U-Net: an encoder and a decoder with a connection between their halves at each level."""

import keras
from keras import layers

from segtf.models.blocks import (
    convolution,
    crop_like,
    image_input,
    pad_to_multiple,
    upsample_bilinear,
)
from segtf.models.heads import segmentation_head

UPSAMPLINGS = ("transposed", "bilinear")


def unet(
    input_shape=(None, None, 3),
    num_classes=1,
    base_filters=16,
    depth=4,
    normalization="batch",
    dropout=0.0,
    upsampling="transposed",
    include_rescaling=True,
    batch_norm_momentum=0.9,
    name="unet",
):
    """Build a U-Net.

    The settings of the paper are `base_filters=64, normalization=None` with one channel in and
    two classes out; unlike there, convolutions keep the size of the image.

    Args:
        input_shape: `(height, width, channels)`; height and width may be `None`, and need not
            be divisible by anything.
        num_classes: channels of the output; 1 for a binary task.
        base_filters: channels at full resolution; each level down has twice as many.
        depth: number of times that the resolution is halved.
        normalization: `"batch"` or `None`.
        dropout: rate of dropout at the lowest resolution.
        upsampling: `"transposed"` (learned 2x2 kernels) or `"bilinear"`.
        include_rescaling: whether the first layer brings pixels 0..255 to 0..1; without it, the
            model takes values that are already scaled.
        batch_norm_momentum: weight of the past in the moving statistics. Keras' own default of
            0.99 needs some hundred steps to catch up, which small data sets do not have.
        name: name of the model.

    Returns:
        A `keras.Model` from float32 pixels 0..255 `(B, H, W, C)` to float32 logits
        `(B, H, W, num_classes)`.

    Raises:
        ValueError: for a value out of its range.

    Reference:
        Ronneberger, Fischer, Brox: "U-Net: Convolutional Networks for Biomedical Image
        Segmentation", MICCAI 2015, https://arxiv.org/abs/1505.04597

    Example:

    >>> model = unet((64, 96, 3), num_classes=4, base_filters=4, depth=2)
    >>> model.output_shape
    (None, 64, 96, 4)
    """
    image = image_input(input_shape)
    x = layers.Rescaling(1 / 255, name="rescaling")(image) if include_rescaling else image
    features = unet_body(
        x,
        base_filters=base_filters,
        depth=depth,
        normalization=normalization,
        dropout=dropout,
        upsampling=upsampling,
        batch_norm_momentum=batch_norm_momentum,
    )
    return keras.Model(image, segmentation_head(features, num_classes), name=name)


def unet_body(
    x,
    base_filters=16,
    depth=4,
    normalization="batch",
    dropout=0.0,
    upsampling="transposed",
    batch_norm_momentum=0.9,
):
    """Return the last feature map of a U-Net, to attach a head to.

    Args:
        x: batch of images `(B, H, W, C)`, already scaled. The others are those of `unet`.

    Returns:
        Feature map `(B, H, W, base_filters)`.

    Raises:
        ValueError: for a value out of its range.

    Example:

    >>> image = keras.Input((32, 32, 3))
    >>> unet_body(image, base_filters=4, depth=2).shape
    (None, 32, 32, 4)
    """
    if depth < 1 or base_filters < 1:
        raise ValueError(
            "Expected positive base_filters and depth. "
            f"Received: base_filters={base_filters}, depth={depth}"
        )

    def two_convolutions(x, filters, name):
        for index in (1, 2):
            x = convolution(
                x,
                filters,
                normalization=normalization,
                batch_norm_momentum=batch_norm_momentum,
                name=f"{name}_{index}",
            )
        return x

    image = x
    x = pad_to_multiple(x, 2**depth)

    skips = []
    for level in range(depth):
        x = two_convolutions(x, base_filters * 2**level, f"encoder{level}")
        skips.append(x)
        x = layers.MaxPooling2D(name=f"encoder{level}_pool")(x)

    x = two_convolutions(x, base_filters * 2**depth, "bottleneck")
    if dropout:
        x = layers.Dropout(dropout, name="bottleneck_dropout")(x)

    for level in reversed(range(depth)):
        filters = base_filters * 2**level
        x = _upsample(x, filters, upsampling, f"decoder{level}_up")
        x = layers.Concatenate(name=f"decoder{level}_concat")([skips[level], x])
        x = two_convolutions(x, filters, f"decoder{level}")

    return crop_like(x, image)


def _upsample(x, filters, method, name):
    """Double the resolution and halve the channels."""
    if method == "transposed":
        return layers.Conv2DTranspose(
            filters, 2, strides=2, kernel_initializer="he_normal", name=name
        )(x)
    if method == "bilinear":
        # A 1x1 convolution and the interpolation commute: at low resolution it costs a quarter.
        x = layers.Conv2D(filters, 1, kernel_initializer="he_normal", name=f"{name}_conv")(x)
        return upsample_bilinear(x, name=name)
    raise ValueError(f"Expected upsampling as one of {UPSAMPLINGS}. Received: {method!r}")
