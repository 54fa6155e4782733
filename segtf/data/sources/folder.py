"""A folder of one's own: two folders, one folder with name endings, or a table of pairs."""

from numbers import Integral

from segtf.data.masks import ColorMask, InstanceMask
from segtf.data.sample import Sample, Source
from segtf.data.sources.class_folders import are_by_class, class_folders, merge_class_folders
from segtf.data.sources.folder_classes import (
    class_names,
    color_table,
    given_file,
    lists_left_out,
)
from segtf.data.sources.layouts import MASK_FOLDERS, find_layout
from segtf.data.sources.pair_table import read_pairs
from segtf.data.sources.pairing import Pairs, pair_endings, pair_folders
from segtf.data.sources.picture_files import tree_files, visible_folders
from segtf.data.sources.registry import register_source
from segtf.data.sources.split_lists import read_split_lists
from segtf.data.sources.split_names import splits_of_folders
from segtf.labels import LabelMap
from segtf.text_files import plain

_DEFAULT_NAMES = ("background", "foreground")
_INSTANCE_IDS = "_instanceids"


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

    Folders may have subfolders (``images/train/a.jpg`` and ``masks/train/a.png``), and each split
    its own folders (``train/images``, ``train/masks``). Folders named train, val or test, by any
    usual spelling, and the lists in ``ImageSets`` of Pascal VOC are official splits; ids keep
    the subfolders. The names that Pascal VOC, CVAT and Cityscapes give to folders and files are
    known. What is left out is in the notices of the source.

    In a set of two classes the background is class 0: a table of colours and subfolders are read
    so in any order, a list of names for masks of ids is refused where its second is called
    background. In sets of more classes the ids are those of the lists and tables.

    Args:
        folder: holds the files, and ``classes.txt`` with one class name per line, in id order
            (without it: background and foreground, or the names of the subfolders).
        images: name of the folder of images; found by the usual names if not given.
        masks: name of the folder of masks; found by the usual names if not given.
        mask_ending: what the masks' names end in.
        pairs: name of a table with the columns ``image`` and ``mask`` (paths from that file
            on), and if wanted ``id``, ``group``, ``stratum`` and ``split``.
        classes: path of the file of class names, from here or from the folder on; see
            `segtf.class_lists.read_class_list`.
        colors: path of a table of colours (``car,0,0,142``) where masks tell classes by colour;
            ``colors.csv`` in the folder is found by itself, and so is CVAT's ``labelmap.txt``
            where there is no list of names and the masks have colours.
        instances: whether masks number objects, all of class 1.
        divisor: where masks number objects of several classes: pixels are
            ``class_id * divisor + number``.
        channels: 3 to read images as RGB, 1 as grey.

    Returns:
        A `segtf.data.Source`; files without a partner are its `strays`.

    Raises:
        ValueError: if there are no images or no masks, or a table is missing or unfit.
    """
    _require_settings(mask_ending, instances, divisor, channels)
    classes = given_file(folder, classes, "class names")
    colors = given_file(folder, colors, "colours")
    if pairs:
        colored = color_table(folder, colors, classes)
        make_mask = _mask_maker(colored, instances, divisor)
        listed = read_pairs(folder / str(pairs), make_mask, _values(colored))
        return _source(folder, folder, classes, colors, colored, channels, **listed)
    layout = find_layout(folder, images, masks)
    part = layout.parts[0]
    subfolders = class_folders(part) if len(layout.parts) == 1 else []
    if subfolders:
        names = class_names(layout.root, classes)
        if are_by_class(part, subfolders, names):
            return merge_class_folders(plain(folder.name), part, subfolders, names, channels)
    if (instances or divisor) and not mask_ending:
        mask_ending = _ending_of_instances(layout)
    found = _joined(layout, mask_ending)
    colored = color_table(layout.root, colors, classes, next(iter(found.pairs.values()))[1])
    make_mask, values = _mask_maker(colored, instances, divisor), _values(colored)
    splits, strays, notices = read_split_lists(layout.root, found)
    return _source(
        folder,
        layout.root,
        classes,
        colors,
        colored,
        channels,
        samples=tuple(
            Sample(name, image, make_mask(mask), mask_values=values)
            for name, (image, mask) in found.pairs.items()
        ),
        splits=splits or _splits_of(layout, found),
        strays=strays,
        notices=(*layout.notices, *notices),
    )


def _require_settings(mask_ending, instances, divisor, channels):
    if not isinstance(mask_ending, str | None):
        raise ValueError(f"Expected mask_ending as text. Received: {mask_ending!r}")
    if instances not in (False, True):
        raise ValueError(f"Expected instances as true or false. Received: {instances!r}")
    for name, value in (("divisor", divisor), ("channels", channels)):
        if value is not None and (not isinstance(value, Integral) or value < 1):
            raise ValueError(f"Expected {name} as a whole number from 1 on. Received: {value!r}")


def _source(folder, root, classes, colors, colored, channels, notices=(), **parts):
    if colored:
        labels, notices = colored.labels, (*notices, *colored.notices)
    else:
        labels = class_names(root, classes) or LabelMap(_DEFAULT_NAMES)
    if not classes:
        notices = (*notices, *lists_left_out(root, colored, colors))
    return Source(plain(folder.name), labels=labels, channels=channels, notices=notices, **parts)


def _mask_maker(colored, instances, divisor):
    """The form in which the masks are kept, as a function of a path."""
    if colored:
        return ColorMask
    if instances or divisor:
        return lambda path: InstanceMask(path, divisor)
    return lambda path: path


def _values(colored):
    return colored.mask_values if colored else None


def _joined(layout, mask_ending):
    """The pairs of all parts, with the part's name before those of its samples."""
    pairs, strays, notices = {}, {}, []
    for part in layout.parts:
        found = _match(part, mask_ending)
        start = f"{part.name}/" if part.name else ""
        pairs |= {start + name: files for name, files in found.pairs.items()}
        strays |= found.strays
        notices += found.notices
    return Pairs(pairs, strays, tuple(notices))


def _match(part, mask_ending):
    if part.images != part.masks:
        return pair_folders(part.images, part.masks, mask_ending, part.flat)
    try:
        return pair_endings(part.images, mask_ending)
    except ValueError as error:
        raise ValueError(
            f"Expected a folder of masks named {' or '.join(MASK_FOLDERS[:7])}, or masks beside "
            f"the images. Received: none in {part.images}{_held(part.images)} ({error})"
        ) from None


def _held(folder):
    names = [plain(path.name) for path in visible_folders(folder)]
    return f", which holds {', '.join(names[:10])}" if names else ""


def _splits_of(layout, found):
    """Splits by the folders of the images; by those of the masks where images have none."""
    splits = splits_of_folders(list(found.pairs))
    if splits or len(layout.parts) > 1:
        return splits
    root = layout.parts[0].masks
    ids = {
        plain(mask.relative_to(root).parent.joinpath("-").as_posix()) + name: name
        for name, (_, mask) in found.pairs.items()
    }
    splits = splits_of_folders(list(ids))
    return {split: tuple(ids[id_] for id_ in listed) for split, listed in splits.items()}


def _ending_of_instances(layout):
    """``_instanceIds`` where files of class ids lie beside those of objects, as in Cityscapes."""
    files = [path for part in layout.parts for path in tree_files(part.masks)]
    has_them = any(path.stem.lower().endswith(_INSTANCE_IDS) for path in files)
    return _INSTANCE_IDS if has_them else None
