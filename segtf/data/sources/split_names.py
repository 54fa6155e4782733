"""Names of splits, as folders, lists and tables spell them."""

import re

from segtf.text_files import clean

SPLITS = ("train", "val", "test")

_SPELLINGS = {
    **dict.fromkeys(("train", "training", "trn", "tr"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "validating", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "ts"), "test"),
}


def split_name(text):
    """Return ``train``, ``val`` or ``test`` for a usual spelling of it, else `None`.

    Example:

    >>> [split_name(text) for text in ("Training", "valid", "test_set", "train2017", "fold1")]
    ['train', 'val', 'test', 'train', None]
    """
    letters = "".join(char for char in clean(text).casefold() if char.isalnum())
    letters = re.sub(r"(\d{4}|set|split|data)$", "", letters)
    return _SPELLINGS.get(letters)


def split_and_rest(text):
    """Divide the name of a folder such as ``train_masks`` into a split and what is left of it.

    Example:

    >>> split_and_rest("train_masks"), split_and_rest("labelsVal"), split_and_rest("photos")
    (('train', 'masks'), ('val', 'labels'), (None, 'photos'))
    """
    letters = "".join(char for char in clean(text).casefold() if char.isalnum())
    if split_name(letters):
        return split_name(letters), ""
    for spelling in sorted(_SPELLINGS, key=len, reverse=True):
        if len(spelling) > 2 and letters.startswith(spelling):
            return _SPELLINGS[spelling], letters.removeprefix(spelling)
        if len(spelling) > 2 and letters.endswith(spelling):
            return _SPELLINGS[spelling], letters.removesuffix(spelling)
    return None, letters


def splits_of_folders(ids):
    """Return the splits that the folders within sample ids name, such as ``train/a``.

    Args:
        ids: sample ids, with the folders that the samples lie in.

    Returns:
        Split name to ids in their order; a folder beside them that names no split is one of its
        own name; empty if no folder names a split.

    Example:

    >>> splits_of_folders(["training/a", "valid/b", "extra/c"])
    {'train': ('training/a',), 'val': ('valid/b',), 'extra': ('extra/c',)}
    """
    place = next((place for place in range(8) if any(_split_at(id_, place) for id_ in ids)), None)
    if place is None:
        return {}
    splits = {}
    for id_ in ids:
        folders = id_.split("/")[:-1]
        name = _split_at(id_, place) or (folders[place] if place < len(folders) else None)
        if name:
            splits.setdefault(name, []).append(id_)
    order = sorted(splits, key=lambda name: (SPLITS.index(name) if name in SPLITS else 3, name))
    return {name: tuple(splits[name]) for name in order}


def _split_at(id_, place):
    folders = id_.split("/")[:-1]
    return split_name(folders[place]) if place < len(folders) else None
