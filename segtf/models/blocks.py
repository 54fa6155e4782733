"""What the architectures are put together from: functions from tensor to tensor.

Each takes a Keras' own layer where the size is known beforehand, and one of
`segtf.models.layers` where it is not.
"""

from keras import Input, initializers, layers

from segtf.models.layers import BilinearUpsampling2D, CropLike2D, PadToMultiple2D

NORMALIZATIONS = ("batch", None)


def image_input(input_shape):
    """Return the model input: a batch of float32 pixels 0..255.

    Args:
        input_shape: `(height, width, channels)`; height and width may be `None`.

    Raises:
        ValueError: if that is not what was given.
    """
    shape = tuple(input_shape)
    sides_fit = len(shape) == 3 and all(side is None or side > 0 for side in shape[:2])
    if not sides_fit or shape[2] is None or shape[2] < 1:
        raise ValueError(
            "Expected input_shape as (height, width, channels), where height and width may be "
            f"None. Received: {input_shape}"
        )
    return Input(shape, dtype="float32", name="image")


def convolution(
    x,
    filters,
    kernel_size=3,
    strides=1,
    normalization="batch",
    batch_norm_momentum=0.9,
    use_bias=None,
    rectify=True,
    ceiling=None,
    name=None,
):
    """Convolve with same padding, then normalise and rectify.

    Args:
        x: feature map `(B, H, W, C)`.
        filters: channels of the result.
        kernel_size: side of the kernel in pixels.
        strides: how many times smaller height and width become.
        normalization: one of `NORMALIZATIONS`.
        batch_norm_momentum: weight of the past in the moving statistics.
        use_bias: whether the convolution has a bias; by default only where no normalisation
            follows, which would cancel it.
        rectify: whether a ReLU follows.
        ceiling: what that ReLU bounds values by; `None` for nothing.
        name: prefix of the names of the layers; `None` for names that Keras makes, each another.

    Returns:
        Feature map `(B, ceil(H / strides), ceil(W / strides), filters)`.

    Raises:
        ValueError: for an unknown normalisation.

    Example:

    >>> x = Input((8, 8, 3))
    >>> convolution(convolution(x, 4), 4, strides=2).shape
    (None, 4, 4, 4)
    """
    if normalization not in NORMALIZATIONS:
        raise ValueError(
            f"Expected normalization as one of {NORMALIZATIONS}. Received: {normalization!r}"
        )
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding="same",
        use_bias=normalization is None if use_bias is None else use_bias,
        kernel_initializer="he_normal",
        name=_joined(name, "conv"),
    )(x)
    x = normalize(x, normalization, batch_norm_momentum, name)
    return layers.ReLU(ceiling, name=_joined(name, "relu"))(x) if rectify else x


def depthwise_convolution(
    x, kernel_size=3, strides=1, batch_norm_momentum=0.9, ceiling=None, name=None
):
    """Convolve each channel for itself with same padding, then normalise and rectify.

    Args:
        x: feature map `(B, H, W, C)`.
        kernel_size: side of the kernel in pixels.
        strides: how many times smaller height and width become.
        batch_norm_momentum: weight of the past in the moving statistics.
        ceiling: what the ReLU bounds values by; `None` for nothing.
        name: prefix of the names of the layers; `None` for names that Keras makes, each another.

    Returns:
        Feature map `(B, ceil(H / strides), ceil(W / strides), C)`.
    """
    x = layers.DepthwiseConv2D(
        kernel_size,
        strides,
        padding="same",
        use_bias=False,
        # Of a depthwise kernel, what Keras takes for the inputs of an output are all channels.
        depthwise_initializer=initializers.VarianceScaling(2.0, "fan_out"),
        name=_joined(name, "conv"),
    )(x)
    x = normalize(x, batch_norm_momentum=batch_norm_momentum, name=name)
    return layers.ReLU(ceiling, name=_joined(name, "relu"))(x)


def normalize(x, normalization="batch", batch_norm_momentum=0.9, name=None):
    """Normalise, or do nothing.

    Args:
        x: feature map `(B, H, W, C)`.
        normalization: ``"batch"``, or `None` for nothing.
        batch_norm_momentum: weight of the past in the moving statistics.
        name: prefix of the layer's name; `None` for a name that Keras makes.

    Returns:
        Feature map `(B, H, W, C)`.
    """
    if normalization is None:
        return x
    return layers.BatchNormalization(momentum=batch_norm_momentum, name=_joined(name, "norm"))(x)


def upsample_bilinear(x, factor=2, dtype=None, name=None):
    """Enlarge height and width by bilinear interpolation.

    Args:
        x: feature map `(B, H, W, C)`.
        factor: how many times larger they become.
        dtype: what is computed in; by default what the dtype policy says.
        name: name of the layer; `None` for one that Keras makes.

    Returns:
        Feature map `(B, factor * H, factor * W, C)`.
    """
    if None in x.shape[1:3]:
        return BilinearUpsampling2D(factor, dtype=dtype, name=name)(x)
    return layers.UpSampling2D(factor, interpolation="bilinear", dtype=dtype, name=name)(x)


def pad_to_multiple(x, multiple, name="pad"):
    """Pad height and width with zeros, below and to the right, where they do not divide.

    Args:
        x: images or feature map `(B, H, W, C)`; `H` and `W` may be unknown.
        multiple: what height and width are to be multiples of, in pixels.
        name: name of the layer; `None` for one that Keras makes.

    Returns:
        The padded `x`; itself where nothing is missing.
    """
    height, width = x.shape[1:3]
    if None in (height, width):
        return PadToMultiple2D(multiple, name=name)(x)
    below, right = -height % multiple, -width % multiple
    if below == right == 0:
        return x
    return layers.ZeroPadding2D(((0, below), (0, right)), name=name)(x)


def crop_like(x, reference, dtype=None, name="crop"):
    """Undo `pad_to_multiple`: cut height and width down to those of a reference.

    Args:
        x: feature map `(B, H, W, C)`.
        reference: tensor `(B, h, w, ...)`, such as what was padded, with `h <= H` and `w <= W`.
        dtype: that of the result; by default what the dtype policy says.
        name: name of the layer; `None` for one that Keras makes.

    Returns:
        Feature map `(B, h, w, C)`; `x` itself where it has that size.
    """
    height, width = reference.shape[1:3]
    if None in (height, width):
        return CropLike2D(dtype=dtype, name=name)(x, reference)
    below, right = x.shape[1] - height, x.shape[2] - width
    if below == right == 0:
        return x
    return layers.Cropping2D(((0, below), (0, right)), dtype=dtype, name=name)(x)


def _joined(name, part):
    """The name of a part of a block, if the block has one."""
    return None if name is None else f"{name}_{part}"
