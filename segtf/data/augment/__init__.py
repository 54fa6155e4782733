"""Random changes of image and mask together, as pure functions of a seed."""

from segtf.data.augment.apply import augment
from segtf.data.augment.settings import AUGMENTATIONS, Augmentation

__all__ = ["AUGMENTATIONS", "Augmentation", "augment"]
