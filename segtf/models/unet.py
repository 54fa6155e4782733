"""U-Net: an encoder and a decoder with a connection between their halves at each level."""

from functools import partial

from keras import layers

from segtf.models.blocks import (
    convolution,
    crop_like,
    normalize,
    pad_to_multiple,
    upsample_bilinear,
)
from segtf.models.encoders import ENCODER_DEPTH, encoder_features, find_encoder
from segtf.models.heads import LOGITS, Body, Head, model_of

UPSAMPLINGS = ("transposed", "bilinear")

_DEPTH = 4
_CEILING = 6.0


def unet(
    input_shape=(None, None, 3),
    num_classes=1,
    base_filters=16,
    depth=None,
    normalization="batch",
    dropout=0.0,
    upsampling="transposed",
    include_rescaling=True,
    batch_norm_momentum=0.9,
    encoder=None,
    encoder_weights=None,
    narrow_skips=None,
    name="unet",
):
    """Build a U-Net, with an encoder of its own or one that was made to classify.

    The settings of the paper are `base_filters=64, normalization=None` with one channel in and
    two classes out; unlike there, convolutions keep the size of the image.

    Args:
        input_shape: `(height, width, channels)`; height and width may be `None`, and need not
            be divisible by anything.
        num_classes: channels of the output; 1 for a binary task.
        base_filters: channels at full resolution; each level down has twice as many.
        depth: number of times that the resolution is halved, by default 4. With `encoder` it is
            5, and no other.
        normalization: `"batch"` or `None`; in the decoder alone, where `encoder` is given.
        dropout: rate of dropout at the lowest resolution.
        upsampling: `"transposed"` (learned 2x2 kernels) or `"bilinear"`.
        include_rescaling: whether the first layer brings pixels 0..255 to 0..1, or to what
            `encoder` was trained on; without it, the model takes values that are already scaled.
        batch_norm_momentum: weight of the past in the moving statistics. Keras' own default of
            0.99 needs some hundred steps to catch up, which small data sets do not have.
        encoder: `None`, or a name in `segtf.models.ENCODERS`, such as `"efficientnet-lite0"`. The
            names of its layers begin with `encoder_`, so that they can be frozen together. Grey
            images are given to it as RGB. Images of more than 3 channels begin with red, green and
            blue.
        encoder_weights: what the encoder begins with: `None` for random values; `"imagenet"`; or
            the path of a `.weights.h5`, `.h5` or `.keras` file of that network, with or without
            its head, or of a `.pth` file of an EfficientNet-Lite in PyTorch's old format. The
            weights of ImageNet are downloaded once by keras.applications; those of
            EfficientNet-Lite0 come with segtf, those of Lite1 and Lite2 with its extra
            `pretrained`. For images of 1, 3 or more channels; of those after the third, the first
            convolution begins at the mean of the three.
        narrow_skips: whether the maps of `encoder` are narrowed, by 1x1 convolutions, to the
            channels of the decoder's level, and both halves of what is concatenated are
            normalised and bounded by ReLU6: they share one scale where a model is quantised. By
            default with EfficientNet-Lite only, whose maps are taken where it is widest.
        name: name of the model.

    Returns:
        A `keras.Model` from float32 pixels 0..255 `(B, H, W, C)` to float32 logits
        `(B, H, W, num_classes)`.

    Raises:
        ValueError: for a value out of its range, an unknown encoder, or weights that cannot be
            had or do not fit.

    Reference:
        Ronneberger, Fischer, Brox: "U-Net: Convolutional Networks for Biomedical Image
        Segmentation", MICCAI 2015, https://arxiv.org/abs/1505.04597

    Example:

    >>> model = unet((64, 96, 3), num_classes=4, base_filters=4, depth=2)
    >>> model.output_shape
    (None, 64, 96, 4)
    >>> model = unet((64, 96, 3), encoder="mobilenetv3-small", encoder_weights=None)
    >>> tuple(model.get_layer("encoder_conv").kernel.shape)
    (3, 3, 3, 16)
    """
    return model_of(
        UNET,
        input_shape,
        {LOGITS: Head(num_classes)},
        name,
        base_filters=base_filters,
        depth=depth,
        normalization=normalization,
        dropout=dropout,
        upsampling=upsampling,
        include_rescaling=include_rescaling,
        batch_norm_momentum=batch_norm_momentum,
        encoder=encoder,
        encoder_weights=encoder_weights,
        narrow_skips=narrow_skips,
    )


def unet_body(
    image,
    base_filters=16,
    depth=None,
    normalization="batch",
    dropout=0.0,
    upsampling="transposed",
    include_rescaling=True,
    batch_norm_momentum=0.9,
    encoder=None,
    encoder_weights=None,
    narrow_skips=None,
):
    """Return the last feature map of a U-Net, to attach heads to.

    Args:
        image: batch of pixels 0..255 `(B, H, W, C)`; of values that are already scaled, if not
            `include_rescaling`.
        base_filters: channels at full resolution; each level down has twice as many.
        depth: number of times that the resolution is halved, by default 4. With `encoder` it is
            5, and no other.
        normalization: `"batch"` or `None`; in the decoder alone, where `encoder` is given.
        dropout: rate of dropout at the lowest resolution.
        upsampling: `"transposed"` (learned 2x2 kernels) or `"bilinear"`.
        include_rescaling: whether the first layer brings pixels 0..255 to 0..1, or to what
            `encoder` was trained on; without it, the model takes values that are already scaled.
        batch_norm_momentum: weight of the past in the moving statistics. Keras' own default of
            0.99 needs some hundred steps to catch up, which small data sets do not have.
        encoder: `None`, or a name in `segtf.models.ENCODERS`, such as `"efficientnet-lite0"`. The
            names of its layers begin with `encoder_`, so that they can be frozen together. Grey
            images are given to it as RGB. Images of more than 3 channels begin with red, green and
            blue.
        encoder_weights: what the encoder begins with: `None` for random values; `"imagenet"`; or
            the path of a `.weights.h5`, `.h5` or `.keras` file of that network, with or without
            its head, or of a `.pth` file of an EfficientNet-Lite in PyTorch's old format. The
            weights of ImageNet are downloaded once by keras.applications; those of
            EfficientNet-Lite0 come with segtf, those of Lite1 and Lite2 with its extra
            `pretrained`. For images of 1, 3 or more channels; of those after the third, the first
            convolution begins at the mean of the three.
        narrow_skips: whether the maps of `encoder` are narrowed, by 1x1 convolutions, to the
            channels of the decoder's level, and both halves of what is concatenated are
            normalised and bounded by ReLU6: they share one scale where a model is quantised. By
            default with EfficientNet-Lite only, whose maps are taken where it is widest.

    Returns:
        Feature map `(B, H, W, base_filters)`.

    Raises:
        ValueError: for a value out of its range, an unknown encoder, or weights that cannot be
            had or do not fit.

    Example:

    >>> import keras
    >>> image = keras.Input((32, 32, 3))
    >>> unet_body(image, base_filters=4, depth=2).shape
    (None, 32, 32, 4)
    """
    decoder = {
        "base_filters": base_filters,
        "normalization": normalization,
        "dropout": dropout,
        "upsampling": upsampling,
        "batch_norm_momentum": batch_norm_momentum,
    }
    if encoder is None:
        _require_encoder(encoder_weights=encoder_weights, narrow_skips=narrow_skips)
        x = layers.Rescaling(1 / 255, name="rescaling")(image) if include_rescaling else image
        return _with_own_encoder(x, depth=_DEPTH if depth is None else depth, **decoder)
    if depth not in (None, ENCODER_DEPTH):
        raise ValueError(
            f"Expected a depth of {ENCODER_DEPTH} with an encoder. Received: depth={depth}"
        )
    return encoder_unet_body(
        image,
        encoder,
        encoder_weights,
        include_rescaling=include_rescaling,
        narrow_skips=narrow_skips,
        **decoder,
    )


def encoder_unet_body(
    image,
    encoder,
    encoder_weights=None,
    include_rescaling=True,
    base_filters=16,
    normalization="batch",
    dropout=0.0,
    upsampling="transposed",
    batch_norm_momentum=0.9,
    narrow_skips=None,
):
    """Return the last feature map of a U-Net whose encoder was made to classify.

    Args:
        image: batch of pixels 0..255 `(B, H, W, C)`; of values that are already scaled, if not
            `include_rescaling`.
        encoder: a name in `segtf.models.ENCODERS`, such as `"efficientnet-lite0"`.
        encoder_weights: what the encoder begins with: `None` for random values; `"imagenet"`; or
            the path of a weight file, as the argument of that name of `unet` says.
        include_rescaling: whether pixels 0..255 are first brought to what `encoder` was trained
            on.
        base_filters: channels at full resolution; each level down has twice as many.
        normalization: that of the decoder, `"batch"` or `None`.
        dropout: rate of dropout at the lowest resolution.
        upsampling: `"transposed"` (learned 2x2 kernels) or `"bilinear"`.
        batch_norm_momentum: weight of the past in the moving statistics.
        narrow_skips: whether the maps of `encoder` are narrowed to the channels of the decoder's
            level, and both halves of what is concatenated are bounded by ReLU6; by default with
            EfficientNet-Lite only.

    Returns:
        Feature map `(B, H, W, base_filters)`.

    Raises:
        ValueError: for a value out of its range, an unknown encoder, or weights that cannot be
            had or do not fit.

    Example:

    >>> import keras
    >>> image = keras.Input((32, 48, 3))
    >>> encoder_unet_body(image, "mobilenetv3-small", base_filters=4).shape
    (None, 32, 48, 4)
    """
    _require_positive(base_filters)
    settings = {"normalization": normalization, "batch_norm_momentum": batch_norm_momentum}
    if narrow_skips is None:
        narrow_skips = find_encoder(encoder).has_wide_maps
    *skips, x = encoder_features(
        pad_to_multiple(image, 2**ENCODER_DEPTH),
        encoder,
        encoder_weights,
        include_rescaling=include_rescaling,
        batch_norm_momentum=batch_norm_momentum,
    )
    # None of them has features at full resolution.
    convolve = partial(_two_convolutions, ceiling=_CEILING if narrow_skips else None, **settings)
    bound = partial(_bound, **settings) if narrow_skips else None
    x = _decode(x, [None, *skips], base_filters, dropout, upsampling, convolve, bound)
    return crop_like(x, image)


def _with_own_encoder(
    x, base_filters, depth, normalization, dropout, upsampling, batch_norm_momentum
):
    """The U-Net of the paper, of images that are already scaled."""
    _require_positive(base_filters, depth)
    convolve = partial(
        _two_convolutions, normalization=normalization, batch_norm_momentum=batch_norm_momentum
    )
    image = x
    x = pad_to_multiple(x, 2**depth)

    skips = []
    for level in range(depth):
        x = convolve(x, base_filters * 2**level, name=f"encoder{level}")
        skips.append(x)
        x = layers.MaxPooling2D(name=f"encoder{level}_pool")(x)

    x = convolve(x, base_filters * 2**depth, name="bottleneck")
    x = _decode(x, skips, base_filters, dropout, upsampling, convolve)
    return crop_like(x, image)


def _coarsest(depth=None, encoder=None, **settings):
    is_depth = isinstance(depth, int) and depth > 0
    return 2 ** (depth if is_depth else ENCODER_DEPTH if encoder else _DEPTH)


UNET = Body(unet_body, "unet", coarsest=_coarsest)


def _require_encoder(**settings):
    for name, value in settings.items():
        if value is not None:
            raise ValueError(
                f"Expected {name} only where there is an encoder. "
                f"Received: encoder=None, {name}={value!r}"
            )


def _require_positive(base_filters, depth=1):
    if depth < 1 or base_filters < 1:
        raise ValueError(
            "Expected positive base_filters and depth. "
            f"Received: base_filters={base_filters}, depth={depth}"
        )


def _two_convolutions(x, filters, name, normalization, batch_norm_momentum, ceiling=None):
    for index in (1, 2):
        x = convolution(
            x,
            filters,
            normalization=normalization,
            batch_norm_momentum=batch_norm_momentum,
            ceiling=ceiling,
            name=f"{name}_{index}",
        )
    return x


def _bound(skip, x, name, normalization, batch_norm_momentum):
    """Narrow a skip to the channels of `x`, and bring both to 0..6."""
    settings = {"normalization": normalization, "batch_norm_momentum": batch_norm_momentum}
    skip = convolution(
        skip, x.shape[-1], kernel_size=1, ceiling=_CEILING, name=f"{name}_skip", **settings
    )
    x = normalize(x, name=f"{name}_up", **settings)
    return skip, layers.ReLU(_CEILING, name=f"{name}_up_relu")(x)


def _decode(x, skips, base_filters, dropout, upsampling, convolve, bound=None):
    """Go up from the lowest resolution, past the skips, finest first; `None` where none is.

    Where `bound` is given, a skip and what joins it go through it first.
    """
    if dropout:
        x = layers.Dropout(dropout, name="bottleneck_dropout")(x)
    for level, skip in reversed(list(enumerate(skips))):
        filters = base_filters * 2**level
        x = _upsample(x, filters, upsampling, f"decoder{level}_up")
        if skip is not None:
            if bound is not None:
                skip, x = bound(skip, x, name=f"decoder{level}")
            x = layers.Concatenate(name=f"decoder{level}_concat")([skip, x])
        x = convolve(x, filters, name=f"decoder{level}")
    return x


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
    raise ValueError(
        f"Expected upsampling as one of {', '.join(UPSAMPLINGS)}. Received: {method!r}"
    )
