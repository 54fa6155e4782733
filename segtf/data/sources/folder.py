"""A folder of images and a folder of masks, matched by name."""

from pathlib import Path

from segtf.data.sample import Sample, Source
from segtf.data.sources.registry import register_source
from segtf.labels import LabelMap

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"}

_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "photos")
_MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations", "segmentations", "gt")
_MASK_ENDINGS = ("_mask", "_lesion", "_label", "_labels", "_segmentation", "_seg", "_gt", "-mask")
_CLASS_FILES = ("classes.txt", "labels.txt")
_DEFAULT_NAMES = ("background", "foreground")


@register_source("folder")
@register_source("synthetic")
def folder(folder, images=None, masks=None, classes=None):
    """List the images of one folder and the masks of another.

    An image ``a.jpg`` belongs to the mask ``a.png``, whatever the extensions; the mask's name
    may end in ``_mask``, ``_lesion``, ``_label``, ``_segmentation``, ``_seg`` or ``_gt``.

    Args:
        folder: holds both folders, and ``classes.txt`` with one class name per line, in id
            order (without it: background and foreground).
        images: name of the folder of images; found by the usual names if not given.
        masks: name of the folder of masks, likewise.
        classes: path of the file of class names, if it is elsewhere.

    Returns:
        A `segtf.data.Source`; images without a mask are an error, and so is the reverse.
    """
    image_folder = _find_folder(folder, images, _IMAGE_FOLDERS, "images")
    mask_folder = _find_folder(folder, masks, _MASK_FOLDERS, "masks")
    image_files = _files_by_stem(image_folder, lambda stem: stem)
    mask_files = _files_by_stem(mask_folder, lambda stem: _without_ending(stem, image_files))
    _check_partners(image_folder, image_files, mask_folder, mask_files)
    samples = (Sample(stem, image_files[stem], mask_files[stem]) for stem in sorted(image_files))
    return Source(folder.name, tuple(samples), _labels(folder, classes))


def _find_folder(folder, name, usual_names, what):
    names = (name,) if name else usual_names
    for candidate in names:
        if (folder / candidate).is_dir():
            return folder / candidate
    expected = " or ".join(names)
    raise ValueError(f"Expected a folder of {what} named {expected}. Received: none in {folder}")


def _files_by_stem(folder, key):
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith("."):
            continue
        stem = key(path.stem)
        if stem in files:
            raise ValueError(
                f"Expected one file for {stem!r} in {folder}. "
                f"Received: {files[stem].name} and {path.name}"
            )
        files[stem] = path
    return files


def _without_ending(stem, image_files):
    """The image's name within a mask's name."""
    if stem in image_files:
        return stem
    for ending in _MASK_ENDINGS:
        if stem.lower().endswith(ending):
            return stem[: -len(ending)]
    return stem


def _check_partners(image_folder, image_files, mask_folder, mask_files):
    if not image_files:
        raise ValueError(f"Expected images. Received: none in {image_folder}")
    if not image_files.keys() & mask_files.keys():
        raise ValueError(
            "Expected masks named like the images (a.jpg and a.png or a_mask.png). Received: no "
            f"match among {len(image_files)} images in {image_folder} and {len(mask_files)} "
            f"masks in {mask_folder}"
        )
    for missing, what, where in (
        (image_files.keys() - mask_files.keys(), "mask", mask_folder),
        (mask_files.keys() - image_files.keys(), "image", image_folder),
    ):
        if missing:
            names = ", ".join(sorted(missing)[:5])
            raise ValueError(
                f"Expected the {what} of every sample in {where}. "
                f"Received: none for {len(missing)} of them ({names})"
            )


def _labels(folder, classes):
    if classes is not None:
        if not Path(classes).is_file():
            raise ValueError(f"Expected a file of class names. Received: {classes}, not there")
        return LabelMap.from_file(classes)
    for name in _CLASS_FILES:
        if (folder / name).is_file():
            return LabelMap.from_file(folder / name)
    return LabelMap(_DEFAULT_NAMES)
