"""EfficientNet-Lite: EfficientNet of what every device computes quickly.

Convolution, depthwise convolution, ReLU6 and addition: no squeeze-and-excitation, no swish.
"""

import math
from typing import NamedTuple

import keras
from keras import layers

from segtf.nearest import names_to_choose


class Stage(NamedTuple):
    """Inverted residual blocks of one width.

    Args:
        blocks: their number, before the network is deepened.
        kernel_size: side of the depthwise kernels.
        stride: of the first block; the others have stride 1.
        expansion: how many times wider the depthwise convolution is than what enters the block.
        filters: channels that come out, before the network is widened.
    """

    blocks: int
    kernel_size: int
    stride: int
    expansion: int
    filters: int


STAGES = (
    Stage(blocks=1, kernel_size=3, stride=1, expansion=1, filters=16),
    Stage(blocks=2, kernel_size=3, stride=2, expansion=6, filters=24),
    Stage(blocks=2, kernel_size=5, stride=2, expansion=6, filters=40),
    Stage(blocks=3, kernel_size=3, stride=2, expansion=6, filters=80),
    Stage(blocks=3, kernel_size=5, stride=1, expansion=6, filters=112),
    Stage(blocks=4, kernel_size=5, stride=2, expansion=6, filters=192),
    Stage(blocks=1, kernel_size=3, stride=1, expansion=6, filters=320),
)

SCALES = {
    "efficientnet-lite0": (1.0, 1.0),
    "efficientnet-lite1": (1.0, 1.1),
    "efficientnet-lite2": (1.1, 1.2),
}
"""How much wider and deeper than the stages above each network is."""

# Of every network, whatever its width.
_STEM_FILTERS = 32
_TOP_FILTERS = 1280

_EPSILON = 1e-3
_DROPOUT = 0.2
_KERNEL = {"class_name": "VarianceScaling", "config": {"scale": 2.0, "mode": "fan_out"}}


def efficientnet_lite(
    name="efficientnet-lite0", include_top=True, input_shape=(None, None, 3), classes=1000
):
    """Build an EfficientNet-Lite with random weights.

    Args:
        name: one of `SCALES`.
        include_top: whether it classifies; else the last feature map comes out.
        input_shape: `(height, width, channels)`; height and width may be `None`.
        classes: number of classes, where it classifies.

    Returns:
        A `keras.Model` from float32 pixels `(B, H, W, C)`, scaled already as `(x - 127) / 128`,
        to the probabilities of the classes `(B, classes)`, or to a feature map
        `(B, H / 32, W / 32, 1280)`.

    Raises:
        ValueError: for an unknown name.

    Reference:
        Tan, Le: "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML
        2019, https://arxiv.org/abs/1905.11946; the variant is TensorFlow's of 2020,
        https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite

    Example:

    >>> network = efficientnet_lite("efficientnet-lite0", include_top=False)
    >>> network.get_layer("block2a_dwconv").input.shape
    (None, None, None, 96)
    """
    if name not in SCALES:
        raise ValueError(
            f"Expected name as one of {names_to_choose(SCALES, name)}. Received: {name!r}"
        )
    width, depth = SCALES[name]
    image = keras.Input(input_shape, name="image")
    x = _convolution(image, _STEM_FILTERS, 3, stride=2, name="stem")
    for index, stage in enumerate(STAGES, start=1):
        is_deepened = 1 < index < len(STAGES)
        blocks = math.ceil(stage.blocks * depth) if is_deepened else stage.blocks
        for block in range(blocks):
            x = _inverted_residual(
                x,
                _round_to_eights(stage.filters * width),
                stage.kernel_size,
                stage.stride if block == 0 else 1,
                stage.expansion,
                name=f"block{index}{chr(ord('a') + block)}",
            )
    x = _convolution(x, _TOP_FILTERS, 1, name="top")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="top_pool")(x)
        x = layers.Dropout(_DROPOUT, name="top_dropout")(x)
        x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(image, x, name=name)


def _inverted_residual(x, filters, kernel_size, stride, expansion, name):
    """Widen, convolve each channel for itself, narrow; add what came in if it has that shape."""
    entering = x
    if expansion > 1:
        x = _convolution(x, x.shape[-1] * expansion, 1, name=f"{name}_expand")
    x = layers.DepthwiseConv2D(
        kernel_size,
        stride,
        padding="same",
        use_bias=False,
        depthwise_initializer=_KERNEL,
        name=f"{name}_dwconv",
    )(x)
    x = _normalized(x, f"{name}_bn")
    x = layers.ReLU(6.0, name=f"{name}_relu")(x)
    x = _convolution(x, filters, 1, rectify=False, name=f"{name}_project")
    if stride == 1 and entering.shape[-1] == filters:
        x = layers.Add(name=f"{name}_add")([x, entering])
    return x


def _convolution(x, filters, kernel_size, stride=1, rectify=True, name=None):
    x = layers.Conv2D(
        filters,
        kernel_size,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer=_KERNEL,
        name=f"{name}_conv",
    )(x)
    x = _normalized(x, f"{name}_bn")
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if rectify else x


def _normalized(x, name):
    return layers.BatchNormalization(epsilon=_EPSILON, name=name)(x)


def _round_to_eights(filters):
    """The nearest multiple of 8 that is not more than a tenth smaller."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * filters else rounded + 8
