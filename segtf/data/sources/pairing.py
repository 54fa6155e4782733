"""Which files belong together: images and masks matched by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".npy"}

MASK_ENDINGS = (
    *("_mask", "_masks", "_lesion", "_label", "_labels", "_segmentation", "_seg", "_gt", "_l"),
    *("-mask", "-label", "-labels", "-seg", "-gt", "_instanceids", "_labelids"),
)


@dataclass(frozen=True)
class Pairs:
    """Images with their masks, and the files that have no partner.

    Args:
        pairs: name to image and mask path, in the order of the names.
        strays: path to the reason why it is in no pair.
    """

    pairs: Mapping[str, tuple[Path, Path]]
    strays: Mapping[Path, str]


def pair_folders(image_folder, mask_folder):
    """Match two folders of files: ``a.jpg`` with ``a.png`` or with ``a_mask.png``.

    Args:
        image_folder: path of the folder of images.
        mask_folder: path of the folder of masks; see `MASK_ENDINGS` for what a mask's name may
            end in after the image's.

    Returns:
        `Pairs`.

    Raises:
        ValueError: if nothing matches, or there are no images.
    """
    strays = {}
    images = _by_name(image_files(image_folder), lambda stem: stem, strays)
    masks = _by_name(image_files(mask_folder), lambda stem: _image_name(stem, images), strays)
    if not images:
        raise ValueError(f"Expected images. Received: none in {image_folder}")
    if not images.keys() & masks.keys():
        raise ValueError(
            "Expected masks named like the images (a.jpg and a.png or a_mask.png). Received: no "
            f"match among {len(images)} images in {image_folder} and {len(masks)} masks in "
            f"{mask_folder}"
        )
    return _pair(images, masks, strays, image_folder, mask_folder)


def pair_endings(folder, mask_ending=None):
    """Match the files of one folder: ``a.jpg`` with ``a_mask.png``.

    Args:
        folder: path of the folder.
        mask_ending: what the names of masks end in; by default any of `MASK_ENDINGS`.

    Returns:
        `Pairs`.

    Raises:
        ValueError: if no file's name ends so.
    """
    endings = (mask_ending.lower(),) if mask_ending else MASK_ENDINGS
    files = image_files(folder)
    mask_paths = [path for path in files if path.stem.lower().endswith(endings)]
    if not mask_paths:
        raise ValueError(
            f"Expected masks whose names end in one of {', '.join(endings)} (a.jpg and "
            f"a_mask.png), or two folders 'images' and 'masks'. Received: none in {folder}"
        )
    strays = {}
    masks = _by_name(mask_paths, lambda stem: _without_ending(stem, endings), strays)
    images = _by_name([path for path in files if path not in mask_paths], str, strays)
    return _pair(images, masks, strays, folder, folder)


def image_files(folder):
    """Return the paths in a folder that are named like pictures, sorted, hidden ones left out."""
    return [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    ]


def _by_name(paths, name_of, strays):
    """Name to path; a second file of one name becomes a stray."""
    files = {}
    for path in paths:
        name = name_of(path.stem)
        if name in files:
            strays[path] = f"has the same name as {files[name].name}, which is used"
        else:
            files[name] = path
    return files


def _pair(images, masks, strays, image_folder, mask_folder):
    for name in images.keys() - masks.keys():
        strays[images[name]] = f"has no mask in {mask_folder}"
    for name in masks.keys() - images.keys():
        strays[masks[name]] = f"is a mask without an image in {image_folder}"
    both = sorted(images.keys() & masks.keys())
    return Pairs({name: (images[name], masks[name]) for name in both}, dict(sorted(strays.items())))


def _image_name(stem, images):
    """The image's name within a mask's name."""
    return stem if stem in images else _without_ending(stem, MASK_ENDINGS)


def _without_ending(stem, endings):
    for ending in endings:
        if stem.lower().endswith(ending):
            return stem[: -len(ending)]
    return stem
