"""Random changes of image and mask together, as pure functions of a seed."""

from segtf.data.augment.apply import augment, augment_batch
from segtf.data.augment.choice import choose_augmentation, fit_augmentation
from segtf.data.augment.settings import AUGMENTATIONS, Augmentation, find_augmentation

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "augment",
    "augment_batch",
    "choose_augmentation",
    "find_augmentation",
    "fit_augmentation",
]
