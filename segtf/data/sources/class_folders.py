"""Masks of two values in one subfolder for each class."""

from dataclasses import replace

from segtf.data.masks import MergedMasks
from segtf.data.sample import Sample, Source
from segtf.data.sources.pairing import pair_folders
from segtf.data.sources.picture_files import image_files, visible_folders
from segtf.data.sources.split_names import split_name
from segtf.labels import LabelMap, background_first, background_rank
from segtf.text_files import plain


def class_folders(part):
    """Return the subfolders of a folder of masks that may be of a class each.

    Args:
        part: a `segtf.data.sources.layouts.Part`.
    """
    if part.images == part.masks or not image_files(part.images):
        return []
    folders = [path for path in visible_folders(part.masks) if not path.name.startswith("_")]
    return [path for path in folders if image_files(path)]


def are_by_class(part, subfolders, labels):
    """Return whether subfolders of masks are of a class each.

    They are if all are called like classes. Without such names they are not where masks of the
    images lie beside them, where they are called like splits, or where images have the same ones.

    Args:
        part: a `segtf.data.sources.layouts.Part`.
        subfolders: paths of subfolders of the masks.
        labels: the `LabelMap` of the list of classes, or `None`.
    """
    if labels and {_key(path.name) for path in subfolders} <= {_key(name) for name in labels.names}:
        return True
    if all(split_name(path.name) for path in subfolders):
        return False
    if all((part.images / path.name).is_dir() for path in subfolders):
        return False
    try:
        found = pair_folders(part.images, part.masks, flat=part.flat)
    except ValueError:
        return True
    return all(mask.parent != part.masks for _, mask in found.pairs.values())


def merge_class_folders(name, part, subfolders, labels, channels):
    """Return the source of the masks in subfolders; later classes lie over earlier ones.

    What no mask covers is of class 0, and so is the class that is called background, wherever
    it stands in the list.

    Args:
        name: name of the source.
        part: a `segtf.data.sources.layouts.Part`.
        subfolders: paths of the subfolders of its masks.
        labels: the `LabelMap` of the list of classes, or `None`: the names of the subfolders.
        channels: 3 to read images as RGB, 1 as grey.

    Raises:
        ValueError: if a subfolder is called like none of the classes.
    """
    labels, notices = _labels(subfolders, labels)
    of_class = {_key(path.name): path for path in subfolders}
    unknown = [path.name for path in subfolders if _key(path.name) not in map(_key, labels.names)]
    if unknown:
        raise ValueError(
            f"Expected subfolders of {part.masks} named like the classes "
            f"{', '.join(labels.names)}. Received: {', '.join(unknown)}"
        )
    masks_of, strays = {}, {}
    for class_id, class_name in enumerate(labels.names):
        if _key(class_name) in of_class:
            found = pair_folders(part.images, of_class[_key(class_name)], flat=True)
            for image, mask in found.pairs.values():
                masks_of.setdefault(image, []).append((mask, class_id))
            # An image may well have nothing of one class.
            strays |= {
                path: why for path, why in found.strays.items() if path.parent != part.images
            }
    samples = []
    for image in image_files(part.images):
        if image in masks_of:
            samples.append(Sample(image.stem, image, MergedMasks(tuple(masks_of[image]))))
        else:
            strays[image] = f"has no mask in any subfolder of {part.masks}"
    beside = len(image_files(part.masks))
    if beside:
        notices.append(
            f"{beside} pictures in {part.masks.name} are left out, since its subfolders "
            f"({', '.join(plain(path.name) for path in subfolders[:5])}) are classes"
        )
    return Source(
        name, tuple(samples), labels, channels=channels, strays=strays, notices=tuple(notices)
    )


def _labels(subfolders, labels):
    """The labels with the background first, and a notice if that changes their order."""
    if labels is None:
        names = [plain(path.name) for path in subfolders]
        return LabelMap(("background", *(n for n in names if background_rank(n) < 2))), []
    names = background_first(labels.names)
    if names == labels.names:
        return replace(labels, background=0), []
    colors = dict(zip(labels.names, labels.colors, strict=True))
    colors = tuple(colors[name] for name in names)
    labels = LabelMap(names, colors, labels.ignore_class, background=0)
    return labels, [f"{names[0]} is class 0: the pixels that no mask covers"]


def _key(name):
    return plain(name).casefold()
