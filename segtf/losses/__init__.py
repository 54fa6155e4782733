"""Segmentation losses: pure functions of `(y_true, logits)`, and Keras classes over them.

All work from logits; `ignore_class` counts nowhere; all compute in float32.
"""

from segtf.losses.lovasz import LovaszHinge, LovaszSoftmax, lovasz_hinge, lovasz_softmax
from segtf.losses.overlap import (
    FocalTversky,
    GeneralizedDice,
    SoftDice,
    SoftJaccard,
    SoftTversky,
    focal_tversky,
    generalized_dice,
    soft_dice,
    soft_jaccard,
    soft_tversky,
)
from segtf.losses.pixelwise import (
    OhemCrossentropy,
    PixelCrossentropy,
    PixelFocal,
    ohem_crossentropy,
    pixel_crossentropy,
    pixel_focal,
)
from segtf.losses.sums import CrossentropyDice, WeightedSum, crossentropy_dice

__all__ = [
    "CrossentropyDice",
    "FocalTversky",
    "GeneralizedDice",
    "LovaszHinge",
    "LovaszSoftmax",
    "OhemCrossentropy",
    "PixelCrossentropy",
    "PixelFocal",
    "SoftDice",
    "SoftJaccard",
    "SoftTversky",
    "WeightedSum",
    "crossentropy_dice",
    "focal_tversky",
    "generalized_dice",
    "lovasz_hinge",
    "lovasz_softmax",
    "ohem_crossentropy",
    "pixel_crossentropy",
    "pixel_focal",
    "soft_dice",
    "soft_jaccard",
    "soft_tversky",
]
