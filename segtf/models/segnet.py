"""SegNet: an encoder and its mirror image, joined by the indices of max pooling."""

from functools import partial

import keras
from keras import layers

from segtf.models.blocks import (
    convolution,
    crop_like,
    pad_to_multiple,
    upsample_bilinear,
)
from segtf.models.heads import LOGITS, Body, Head, model_of
from segtf.models.unpooling import (
    MaxPoolingWithIndices2D,
    MaxUnpooling2D,
    max_pool_with_indices,
    max_unpool,
)
from segtf.models.vgg16_weights import vgg16_convolutions

UNPOOLINGS = ("indices", "bilinear")

# Of VGG16: channels, in multiples of those at full resolution, and convolutions of each level.
_VGG16_FILTERS = 64
_VGG16 = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))
_DEPTH = len(_VGG16)
_BASIC_DEPTH = 4
_BASIC_KERNEL_SIZE = 7


def segnet(
    input_shape=(None, None, 3),
    num_classes=1,
    base_filters=64,
    unpooling="indices",
    use_bias=True,
    include_rescaling=True,
    batch_norm_momentum=0.9,
    encoder_weights=None,
    name="segnet",
):
    """Build a SegNet, whose encoder is the convolutional part of VGG16 by default.

    Args:
        input_shape: `(height, width, channels)`; height and width may be `None`, and need not
            be divisible by anything.
        num_classes: channels of the output; 1 for a binary task.
        base_filters: channels at full resolution; 64 in the paper.
        unpooling: `"indices"` puts values back where the encoder's maxima were, as in the
            paper; `"bilinear"` interpolates instead, which carries nothing over from the
            encoder.
        use_bias: whether convolutions have a bias. The paper's have, as VGG16's weights come
            with one, although the batch normalisation that follows makes it idle.
        include_rescaling: whether the first layer brings pixels 0..255 to 0..1; without it, the
            model takes values that are already scaled.
        batch_norm_momentum: weight of the past in the moving statistics (see `unet`).
        encoder_weights: what the convolutions of the encoder begin with: `None` for random values;
            `"imagenet"`, the weights of VGG16 that the paper begins with and keras.applications
            downloads once; or the path of a `.weights.h5`, `.h5` or `.keras` file of that VGG16,
            with or without its head. For 64 base filters and images of 1, 3 or more channels; of
            those after the third, the first convolution begins at the mean of the three.
        name: name of the model.

    Returns:
        A `keras.Model` from float32 pixels 0..255 `(B, H, W, C)` to float32 logits
        `(B, H, W, num_classes)`.

    Raises:
        ValueError: for a value out of its range, or weights that cannot be had or do not fit.

    Reference:
        Badrinarayanan, Kendall, Cipolla: "SegNet: A Deep Convolutional Encoder-Decoder
        Architecture for Image Segmentation", TPAMI 2017, https://arxiv.org/abs/1511.00561

    Example:

    >>> model = segnet((64, 96, 3), num_classes=4, base_filters=2)
    >>> model.output_shape
    (None, 64, 96, 4)
    """
    return model_of(
        SEGNET,
        input_shape,
        {LOGITS: Head(num_classes)},
        name,
        base_filters=base_filters,
        unpooling=unpooling,
        use_bias=use_bias,
        include_rescaling=include_rescaling,
        batch_norm_momentum=batch_norm_momentum,
        encoder_weights=encoder_weights,
    )


def _pretrained(encoder_weights, base_filters, channels):
    """The convolutions of each level, if there are to be any."""
    if encoder_weights is None:
        return []
    if base_filters != _VGG16_FILTERS:
        raise ValueError(
            f"Expected base_filters={_VGG16_FILTERS}, which encoder_weights are for. "
            f"Received: base_filters={base_filters}, encoder_weights={str(encoder_weights)!r}"
        )
    return vgg16_convolutions(encoder_weights, channels)


def segnet_body(
    image,
    base_filters=64,
    unpooling="indices",
    use_bias=True,
    include_rescaling=True,
    batch_norm_momentum=0.9,
    encoder_weights=None,
):
    """Return the last feature map of a SegNet, to attach heads to.

    The published network has a 3x3 convolution as its head.

    Args:
        image: batch of pixels 0..255 `(B, H, W, C)`; of values that are already scaled, if not
            `include_rescaling`.
        base_filters: channels at full resolution; 64 in the paper.
        unpooling: `"indices"` puts values back where the encoder's maxima were, as in the
            paper; `"bilinear"` interpolates instead, which carries nothing over from the
            encoder.
        use_bias: whether convolutions have a bias. The paper's have, as VGG16's weights come
            with one, although the batch normalisation that follows makes it idle.
        include_rescaling: whether the first layer brings pixels 0..255 to 0..1; without it, the
            model takes values that are already scaled.
        batch_norm_momentum: weight of the past in the moving statistics (see `unet`).
        encoder_weights: what the convolutions of the encoder begin with: `None` for random values;
            `"imagenet"`, the weights of VGG16 that the paper begins with and keras.applications
            downloads once; or the path of a `.weights.h5`, `.h5` or `.keras` file of that VGG16,
            with or without its head. For 64 base filters and images of 1, 3 or more channels; of
            those after the third, the first convolution begins at the mean of the three.

    Returns:
        Feature map `(B, H, W, base_filters)`.

    Raises:
        ValueError: for a value out of its range, or weights that cannot be had or do not fit.

    Example:

    >>> segnet_body(keras.Input((32, 64, 3)), base_filters=2).shape
    (None, 32, 64, 2)
    """
    pretrained = _pretrained(encoder_weights, base_filters, image.shape[-1])
    x = layers.Rescaling(1 / 255, name="rescaling")(image) if include_rescaling else image
    encoder = [[base_filters * factor] * count for factor, count in _VGG16]
    # A level of the decoder ends with the channels of the level above; the last convolution of
    # the last level is the head.
    decoder = [
        [*level[:-1], above[-1]] for level, above in zip(encoder[1:], encoder[:-1], strict=True)
    ]
    decoder.insert(0, encoder[0][:-1])

    def convolutions(x, filters, name):
        for index, count in enumerate(filters, start=1):
            x = convolution(
                x,
                count,
                use_bias=use_bias,
                batch_norm_momentum=batch_norm_momentum,
                name=f"{name}_{index}",
            )
        return x

    features = _encode_and_decode(
        x,
        encoders=[
            partial(convolutions, filters=f, name=f"encoder{i}") for i, f in enumerate(encoder)
        ],
        decoders=[
            partial(convolutions, filters=f, name=f"decoder{i}") for i, f in enumerate(decoder)
        ],
        unpooling=unpooling,
    )
    if pretrained:
        _begin_with(pretrained, keras.Model(image, features, name="segnet_features"))
    return features


def _begin_with(pretrained, network):
    for level, convolutions in enumerate(pretrained):
        for index, weights in enumerate(convolutions, start=1):
            layer = network.get_layer(f"encoder{level}_{index}_conv")
            # The batch normalisation that follows cancels a bias, where there is none.
            layer.set_weights(weights[: len(layer.weights)])


SEGNET = Body(segnet_body, "segnet", kernel_size=3, coarsest=lambda **settings: 2**_DEPTH)


def segnet_basic(
    input_shape=(None, None, 3),
    num_classes=1,
    base_filters=64,
    unpooling="indices",
    include_rescaling=True,
    batch_norm_momentum=0.9,
    name="segnet_basic",
):
    """Build a SegNet-Basic: four levels, each of one 7x7 convolution down and one up.

    As in the paper, convolutions have no bias and the decoder does not rectify.

    Args:
        input_shape: `(height, width, channels)`; height and width may be `None`, and need not
            be divisible by anything.
        num_classes: channels of the output; 1 for a binary task.
        base_filters: channels of every level; 64 in the paper.
        unpooling: `"indices"` puts values back where the encoder's maxima were, as in the
            paper; `"bilinear"` interpolates instead.
        include_rescaling: whether the first layer brings pixels 0..255 to 0..1; without it, the
            model takes values that are already scaled.
        batch_norm_momentum: weight of the past in the moving statistics.
        name: name of the model.

    Returns:
        A `keras.Model` from float32 pixels 0..255 `(B, H, W, C)` to float32 logits
        `(B, H, W, num_classes)`.

    Raises:
        ValueError: for a value out of its range.

    Reference:
        Badrinarayanan, Kendall, Cipolla: "SegNet: A Deep Convolutional Encoder-Decoder
        Architecture for Image Segmentation", TPAMI 2017, https://arxiv.org/abs/1511.00561

    Example:

    >>> segnet_basic((32, 48, 3), num_classes=4, base_filters=2).output_shape
    (None, 32, 48, 4)
    """
    return model_of(
        SEGNET_BASIC,
        input_shape,
        {LOGITS: Head(num_classes)},
        name,
        base_filters=base_filters,
        unpooling=unpooling,
        include_rescaling=include_rescaling,
        batch_norm_momentum=batch_norm_momentum,
    )


def segnet_basic_body(
    image, base_filters=64, unpooling="indices", include_rescaling=True, batch_norm_momentum=0.9
):
    """Return the last feature map of a SegNet-Basic, to attach heads to.

    Args:
        image: batch of pixels 0..255 `(B, H, W, C)`; of values that are already scaled, if not
            `include_rescaling`.
        base_filters: channels of every level; 64 in the paper.
        unpooling: `"indices"` puts values back where the encoder's maxima were, as in the
            paper; `"bilinear"` interpolates instead.
        include_rescaling: whether the first layer brings pixels 0..255 to 0..1.
        batch_norm_momentum: weight of the past in the moving statistics.

    Returns:
        Feature map `(B, H, W, base_filters)`.

    Raises:
        ValueError: for a value out of its range.

    Example:

    >>> segnet_basic_body(keras.Input((32, 64, 3)), base_filters=2).shape
    (None, 32, 64, 2)
    """
    x = layers.Rescaling(1 / 255, name="rescaling")(image) if include_rescaling else image
    one_convolution = partial(
        convolution,
        filters=base_filters,
        kernel_size=_BASIC_KERNEL_SIZE,
        batch_norm_momentum=batch_norm_momentum,
    )
    levels = range(_BASIC_DEPTH)
    return _encode_and_decode(
        x,
        encoders=[partial(one_convolution, name=f"encoder{level}") for level in levels],
        decoders=[
            partial(one_convolution, rectify=False, name=f"decoder{level}") for level in levels
        ],
        unpooling=unpooling,
    )


SEGNET_BASIC = Body(segnet_basic_body, "segnet_basic", coarsest=lambda **settings: 2**_BASIC_DEPTH)


def _encode_and_decode(x, encoders, decoders, unpooling):
    """Apply an encoder and a pooling per level down, an unpooling and a decoder per level up."""
    if unpooling not in UNPOOLINGS:
        raise ValueError(
            f"Expected unpooling as one of {', '.join(UNPOOLINGS)}. Received: {unpooling!r}"
        )
    image = x
    x = pad_to_multiple(x, 2 ** len(encoders))

    indices = []
    for level, encode in enumerate(encoders):
        x, where = _pool(encode(x), unpooling, f"encoder{level}_pool")
        indices.append(where)

    for level, decode in reversed(list(enumerate(decoders))):
        x = decode(_unpool(x, indices[level], f"decoder{level}_unpool"))

    return crop_like(x, image)


def _pool(x, unpooling, name):
    """Halve the resolution; return where the maxima were, too, if that is how to get back."""
    if unpooling == "bilinear":
        return layers.MaxPooling2D(name=name)(x), None
    if None in x.shape[1:3]:
        x, *indices = MaxPoolingWithIndices2D(name=name)(x)
        return x, indices
    return max_pool_with_indices(x)


def _unpool(x, indices, name):
    """Double the resolution."""
    if indices is None:
        return upsample_bilinear(x, name=name)
    if None in x.shape[1:3]:
        return MaxUnpooling2D(name=name)([x, *indices])
    return max_unpool(x, indices)
