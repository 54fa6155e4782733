"""Masks of classes that overlap: one for each class, in memory and in files."""

import re
import unicodedata

from segtf.labels import LabelMap
from segtf.mask_files import require_ours, write_mask

_LONGEST_NAME = 60


def masks_by_name(mask, names):
    """Return class name to mask.

    Args:
        mask: uint8 `(H, W, K)`, of each class whether it is there.
        names: K names of the classes.

    Returns:
        A dict of name to uint8 array `(H, W)`.

    Raises:
        ValueError: for the mask `(H, W)` of a model of one class a pixel.
    """
    if mask.ndim != 3:
        raise ValueError(
            "Expected a multi-label model, which has a mask for each class: of others `mask` has "
            f"the class of each pixel. Received: a mask of shape {mask.shape}"
        )
    return {name: mask[..., place] for place, name in enumerate(names)}


def write_class_masks(masks, path, labels=None):
    """Write a mask for each class, as PNG files of 0 and 1 in a subfolder for each: a data set of
    such folders is read by `segtf.data.load_source("folder", ...)`.

    Args:
        masks: class name to uint8 array `(H, W)`.
        path: ``FOLDER/NAME.png``, one of those that `segtf.mask_files.plan_masks` returned. The
            files are ``FOLDER/CLASS/NAME.png``.
        labels: a `LabelMap` whose colours the files are to show, as a palette.

    Returns:
        The paths of the files.

    Raises:
        ValueError: where something else than an earlier mask of segtf is in the way; nothing is
            written then.
    """
    folders = folder_names(list(masks))
    paths = [path.parent / folder / path.name for folder in folders]
    for name, target in zip(masks, paths, strict=True):
        require_ours(target, f"the mask of {name}")
    for (name, mask), target in zip(masks.items(), paths, strict=True):
        write_mask(mask, target, labels and _palette_of(name, labels))
    return paths


def folder_names(names):
    """Return names for folders, which any system takes, one for each class.

    Args:
        names: of the classes.

    Example:

    >>> folder_names(["traffic light", "a/b", "A:b"])
    ['traffic light', 'a_b', 'A_b-2']
    """
    found, seen = [], set()
    for place, name in enumerate(names):
        folder = re.sub(r"[^\w -]", "_", unicodedata.normalize("NFC", name))[:_LONGEST_NAME].strip()
        if folder.casefold() in seen:
            folder = f"{folder}-{place}"
        seen.add(folder.casefold())
        found.append(folder)
    return found


def _palette_of(name, labels):
    """Black where a class is not, its colour where it is."""
    color = labels.colors[labels.names.index(name)]
    return LabelMap(("elsewhere", "here"), ((0, 0, 0), color), labels.ignore_class)
