"""A folder of one's own: two folders, one folder with name endings, or a table of pairs."""

from pathlib import Path

from segtf.data.masks import ColorMask, InstanceMask, MergedMasks
from segtf.data.sample import Sample, Source
from segtf.data.sources.pairing import Pairs, image_files, pair_endings, pair_folders
from segtf.data.sources.registry import register_source
from segtf.data.sources.tables import read_color_table, read_rows
from segtf.labels import LabelMap

_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "photos")
_MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations", "segmentations", "gt")
_CLASS_FILES = ("classes.txt", "labels.txt")
_COLOR_FILE = "colors.csv"
_DEFAULT_NAMES = ("background", "foreground")


@register_source("folder")
@register_source("synthetic")
def folder(
    folder,
    images=None,
    masks=None,
    mask_ending=None,
    pairs=None,
    classes=None,
    colors=None,
    instances=False,
    divisor=None,
    channels=3,
):
    """List the images and masks of a folder.

    An image ``a.jpg`` belongs to the mask ``a.png``, whatever the extensions; the mask's name
    may end in ``_mask``, ``_lesion``, ``_label``, ``_segmentation``, ``_seg`` or ``_gt``. The
    masks lie in a folder of their own or, named so, beside the images. Masks of two values in
    one subfolder per class (``masks/hair/a.png``) are merged; classes that come later in
    ``classes.txt`` lie over earlier ones.

    Args:
        folder: holds the files, and ``classes.txt`` with one class name per line, in id order
            (without it: background and foreground, or the names of the subfolders).
        images: name of the folder of images; found by the usual names if not given.
        masks: name of the folder of masks, likewise.
        mask_ending: what the masks' names end in, where they lie beside the images.
        pairs: name of a CSV file with the columns ``image`` and ``mask`` (paths from that file
            on), and if wanted ``id``, ``group``, ``stratum`` and ``split``.
        classes: path of the file of class names, if it is elsewhere.
        colors: path of a table of colours (``car,0,0,142``) where masks tell classes by colour;
            ``colors.csv`` in the folder is found by itself.
        instances: whether masks number objects, all of class 1.
        divisor: where masks number objects of several classes: pixels are
            ``class_id * divisor + number``.
        channels: 3 to read images as RGB, 1 as grey.

    Returns:
        A `segtf.data.Source`; files without a partner are its `strays`.

    Raises:
        ValueError: if there are no images or no masks, or a table is missing or unfit.
    """
    colors = _color_table(folder, colors)
    make_mask = _mask_maker(colors, instances, divisor)
    labels = colors.labels if colors else _labels(folder, classes)
    shared = {"labels": labels, "channels": channels}
    values = colors.mask_values if colors else None
    if pairs:
        return _from_table(folder.name, folder / pairs, make_mask, values, shared)
    image_folder = _find_folder(folder, images, _IMAGE_FOLDERS)
    mask_folder = _find_folder(folder, masks, _MASK_FOLDERS)
    if image_folder and mask_folder and _subfolders(mask_folder):
        return _merged(folder, image_folder, mask_folder, classes, channels)
    found = _match(folder, image_folder, mask_folder, mask_ending)
    samples = (
        Sample(name, image, make_mask(mask), mask_values=values)
        for name, (image, mask) in found.pairs.items()
    )
    return Source(folder.name, tuple(samples), strays=found.strays, **shared)


def _mask_maker(colors, instances, divisor):
    """The form in which the masks are kept, as a function of a path."""
    if colors:
        return ColorMask
    if instances or divisor:
        return lambda path: InstanceMask(path, divisor)
    return lambda path: path


def _find_folder(folder, name, usual_names):
    if name:
        if not (folder / name).is_dir():
            raise ValueError(f"Expected a folder named {name}. Received: none in {folder}")
        return folder / name
    return next((folder / usual for usual in usual_names if (folder / usual).is_dir()), None)


def _match(folder, image_folder, mask_folder, mask_ending):
    if image_folder and mask_folder and image_folder != mask_folder:
        return pair_folders(image_folder, mask_folder)
    if mask_folder and not image_folder:
        raise ValueError(
            f"Expected a folder of images named {' or '.join(_IMAGE_FOLDERS)}. "
            f"Received: none in {folder}"
        )
    try:
        return pair_endings(image_folder or folder, mask_ending)
    except ValueError as error:
        raise ValueError(
            f"Expected a folder of masks named {' or '.join(_MASK_FOLDERS)}, or masks beside the "
            f"images. Received: none in {folder} ({error})"
        ) from None


def _subfolders(folder):
    return sorted(
        path.name for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"
    )


def _merged(folder, image_folder, mask_folder, classes, channels):
    """One subfolder of two-valued masks for each class but the background."""
    subfolders = _subfolders(mask_folder)
    labels = _labels(folder, classes, default=("background", *subfolders))
    unknown = sorted(set(subfolders) - set(labels.names[1:]))
    if unknown:
        raise ValueError(
            f"Expected subfolders of {mask_folder} named like the classes "
            f"{', '.join(labels.names[1:])}. Received: {', '.join(unknown)}"
        )
    parts, strays = {}, {}
    for class_id, name in enumerate(labels.names):
        if name in subfolders:
            found = pair_folders(image_folder, mask_folder / name)
            for key, (_, mask) in found.pairs.items():
                parts.setdefault(key, []).append((mask, class_id))
            strays.update(_without_images(found, image_folder))
    samples = []
    for image in image_files(image_folder):
        if image.stem in parts:
            samples.append(Sample(image.stem, image, MergedMasks(tuple(parts[image.stem]))))
        else:
            strays[image] = f"has no mask in any subfolder of {mask_folder}"
    return Source(folder.name, tuple(samples), labels, channels=channels, strays=strays)


def _without_images(found: Pairs, image_folder):
    """A mask without an image is a stray; an image may well have nothing of one class."""
    return {path: why for path, why in found.strays.items() if path.parent != image_folder}


def _from_table(name, table, make_mask, values, shared):
    samples, splits = [], {}
    for row in read_rows(table):
        if not row.get("image") or not row.get("mask"):
            raise ValueError(
                f"Expected the columns image and mask in every line of {table}. Received: {row}"
            )
        image = table.parent / row["image"]
        sample = Sample(
            row.get("id") or Path(row["image"]).with_suffix("").as_posix(),
            image,
            make_mask(table.parent / row["mask"]),
            group=row.get("group") or None,
            stratum=row.get("stratum") or None,
            mask_values=values,
        )
        samples.append(sample)
        if row.get("split"):
            splits.setdefault(row["split"], []).append(sample.id)
    splits = {split: tuple(ids) for split, ids in splits.items()}
    return Source(name, tuple(samples), splits=splits, **shared)


def _color_table(folder, path):
    if path is not None:
        path = Path(path)
        return read_color_table(path if path.is_file() else folder / path)
    return read_color_table(folder / _COLOR_FILE) if (folder / _COLOR_FILE).is_file() else None


def _labels(folder, classes, default=_DEFAULT_NAMES):
    if classes is not None:
        if not Path(classes).is_file():
            raise ValueError(f"Expected a file of class names. Received: {classes}, not there")
        return LabelMap.from_file(classes)
    for name in _CLASS_FILES:
        if (folder / name).is_file():
            return LabelMap.from_file(folder / name)
    return LabelMap(default)
