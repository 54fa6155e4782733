"""Which changes fit a data set: whether its images may be turned upside down."""

import shlex
from dataclasses import replace

from segtf.data.augment.settings import find_augmentation

AUTO = "auto"
_UPRIGHT = "photo"
_TOLD_BY_CLASSES = {
    "street": {
        *("road", "street", "sidewalk", "pavement", "car", "truck", "bus", "bicyclist"),
        *("pedestrian", "trafficlight", "trafficsign", "signsymbol", "lane", "vehicle"),
        *("motorcycle", "rider"),
    },
    "photo": {
        *("person", "people", "human", "man", "woman", "child", "face", "body", "clothes"),
        *("pet", "cat", "dog", "animal", "bird", "horse", "cow", "sheep", "sky", "tree", "grass"),
        *("building", "house", "table", "chair", "sofa", "bottle", "food", "portrait", "head"),
    },
    "medical": {
        *("lesion", "nevus", "mole", "melanoma", "skin", "nucleus", "nuclei", "cell", "cells"),
        *("membrane", "tumor", "tumour", "cancer", "polyp", "vessel", "vessels", "gland", "tissue"),
        *("mitochondria", "mitochondrion", "cytoplasm", "bacteria", "opticdisc", "opticcup"),
    },
}
"""Names of classes that tell what images show; street scenes come before photographs."""


def fit_augmentation(config, source):
    """Return settings with the augmentation that fits a data set in the place of ``auto``.

    Args:
        config: settings with a field `augment`, the name of a preset or ``auto``.
        source: the `segtf.data.Source`.

    Returns:
        The settings, and a line that says which preset it is, why, and how to look at it.
    """
    name, why = config.augment, "as given"
    if name == AUTO:
        name, why = choose_augmentation(source)
    return replace(config, augment=name), describe_augmentation(name, why, source)


def choose_augmentation(source):
    """Return the name of the preset that fits a data set, and why.

    What the source itself says counts first (`Source.augment`), then the names of its classes.
    Images of which nothing is known stay upright: that is right for any of them.

    Args:
        source: a `segtf.data.Source`.

    Returns:
        A name out of `segtf.data.AUGMENTATIONS`, and the reason.

    Example:

    >>> from segtf.data import LabelMap, Source
    >>> choose_augmentation(Source("mine", (), LabelMap(("background", "dog"))))
    ('photo', 'since dog is a class')
    """
    if source.augment is not None:
        return source.augment, f"as fits {source.name}"
    for name, telling in _TOLD_BY_CLASSES.items():
        found = [label for label in source.labels.names if _letters(label) in telling]
        if len(found) > (name == "street"):  # a lone car may be in any photograph
            is_are = "is a class" if len(found) == 1 else "are classes"
            return name, f"since {' and '.join(found[:2])} {is_are}"
    return _UPRIGHT, "since nothing tells whether these images have an up and a down"


def describe_augmentation(name, why, source):
    """Return a line that says what a preset does to the way up, why it is chosen, how to see it."""
    settings = find_augmentation(name)
    if settings.flip_vertical or settings.quarter_turns:
        how = "turned any way up"
    elif settings.is_geometric:
        how = "mirrored, never upside down"
    else:
        how = "not turned"
    return f"augmentation {name} ({how}), {why}; `{_command(name, source)}` draws it"


def _command(name, source):
    words = ["segtf", "data", "show"]
    origin = dict(source.origin)
    if origin.get("name", "folder") not in ("folder", "synthetic"):
        words += ["--data", str(origin["name"])]
    if "folder" in origin:
        words.append(str(origin["folder"]))
    return shlex.join([*words, "--augment", name])


def _letters(label):
    return "".join(char for char in label.casefold() if char.isalnum())
