"""Where the images and masks of a folder lie: the names that people and tools give to folders."""

from pathlib import Path
from typing import NamedTuple

from segtf.data.sources.pairing import MASK_ENDINGS
from segtf.data.sources.picture_files import holds_pictures, image_files, visible_folders
from segtf.data.sources.split_names import SPLITS, split_and_rest
from segtf.text_files import plain

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "photos", "jpegimages", "leftimg8bit", "imgdir")
MASK_FOLDERS = (
    *("masks", "mask", "labels", "label", "annotations", "segmentations", "gt"),
    *("segmentationclass", "gtfine", "gtcoarse", "groundtruth", "annotation", "segmentation"),
    *("annots", "annot", "targets", "groundtruths", "anndir", "msk", "msks"),
)


class Part(NamedTuple):
    """A folder of images and the folder of their masks.

    Args:
        name: what the ids of its samples begin with; empty if it is all there is.
        images: path of the folder of images.
        masks: path of the folder of masks; that of the images where masks lie beside them.
        flat: whether subfolders of the images are no images.
    """

    name: str
    images: Path
    masks: Path
    flat: bool = False


class Layout(NamedTuple):
    """What a folder holds.

    Args:
        root: the folder, or its only subfolder.
        parts: a `Part` for each split, or other subfolder, that has folders of its own, else one.
        notices: lines of text on what was left out, for people.
    """

    root: Path
    parts: tuple[Part, ...]
    notices: tuple[str, ...]


def find_layout(folder, images=None, masks=None):
    """Find the images and masks of a folder.

    Two folders (``images`` and ``masks`` by any of their usual names, in small or capital
    letters), such folders for each split (``train/images``, ``train_masks``), masks beside the
    images, or all of that in the only subfolder or in each of several.

    Args:
        folder: path of the folder.
        images: name of the folder of images, if it is given.
        masks: name of the folder of masks, if it is given.

    Returns:
        A `Layout`.

    Raises:
        ValueError: if a given folder is not there, or nothing is found.
    """
    if not images and not masks:
        return _usual(folder)
    image_folder = _named(folder, images) if images else _first(folder, IMAGE_FOLDERS)
    mask_folder = _named(folder, masks) if masks else _first(folder, MASK_FOLDERS)
    if not image_folder and image_files(folder):
        return Layout(folder, (Part("", folder, mask_folder, flat=True),), ())
    if not image_folder:
        raise _no_images(folder)
    return Layout(folder, (Part("", image_folder, mask_folder or image_folder),), ())


def _usual(folder):
    part = _part(folder, "")
    if part:
        return Layout(folder, (part,), _left_out(folder, (part,)))
    parts = _parts_of_splits(folder)
    if parts:
        return Layout(folder, parts, _left_out(folder, parts))
    if _first(folder, MASK_FOLDERS) and not _first(folder, IMAGE_FOLDERS):
        raise _no_images(folder)
    inner = visible_folders(folder)
    if len(inner) == 1 and not image_files(folder) and not _first(folder, IMAGE_FOLDERS):
        return _usual(inner[0])
    parts = (_part(path, plain(path.name)) for path in inner)
    parts = tuple(part for part in parts if part and part.images != part.masks)
    if parts:
        return Layout(folder, parts, _left_out(folder, parts))
    image_folder = _first(folder, IMAGE_FOLDERS) or folder
    return Layout(folder, (Part("", image_folder, image_folder),), ())


def _part(folder, name):
    """The folders of images and of masks within a folder, if both are there, or its pairs."""
    images = _first(folder, IMAGE_FOLDERS)
    masks = _first(folder, MASK_FOLDERS) or (images and _first(images, MASK_FOLDERS))
    if masks and holds_pictures(masks):
        if images:
            return Part(name, images, masks)
        if image_files(folder):
            return Part(name, folder, masks, flat=True)
    for beside in (images, folder) if images else (folder,):
        if any(path.stem.lower().endswith(MASK_ENDINGS) for path in image_files(beside)):
            return Part(name, beside, beside)
    return Part(name, images, masks) if images and masks else None


def _parts_of_splits(folder):
    """A part for each split: ``train/images``, ``train_images``, or ``train`` for the images."""
    by_split = {}
    for path in visible_folders(folder):
        split, rest = split_and_rest(path.name)
        role = "images" if rest in IMAGE_FOLDERS else "masks" if rest in MASK_FOLDERS else rest
        if split and role in ("", "images", "masks"):
            by_split.setdefault(split, {}).setdefault(role, path)
    parts = []
    for split in sorted(by_split, key=SPLITS.index):
        found = by_split[split]
        images = found.get("images") or found.get("")
        if "masks" in found and images:
            parts.append(Part(split, images, found["masks"]))
        elif "" in found and (part := _part(found[""], plain(found[""].name))):
            parts.append(part)
    return tuple(parts)


def _left_out(folder, parts):
    """A line for the folders of pictures beside those that are read, and for pictures there."""
    used = {path for part in parts for path in (part.images, part.masks)}
    whole = {path for part in parts for path in _read_whole(part)}
    known = used | {parent for path in used for parent in path.parents}
    holders = {folder, *(path.parent for path in used), *(used - whole)}
    holders = sorted(path for path in holders if path.is_relative_to(folder))
    others = {}
    for holder in holders:
        if not whole & {holder, *holder.parents}:
            for path in visible_folders(holder):
                if path not in known and holds_pictures(path):
                    others.setdefault((holder == folder, path.name), []).append(path)
    lines = [
        f"{_listed(paths, folder)} left out: it holds pictures (see --image-folder, --mask-folder)"
        for paths in others.values()
    ]
    loose = 0 if folder in used else len(image_files(folder))
    return (*lines, *([f"{loose} pictures outside of the folders are left out"] if loose else []))


def _read_whole(part):
    """The folders of a part that are read with all their subfolders."""
    return (part.masks,) if part.flat else (part.images, part.masks)


def _listed(paths, folder):
    first = plain(paths[0].relative_to(folder).as_posix())
    return f"{first} is" if len(paths) == 1 else f"{first}, as in {len(paths)} folders, is"


def _first(folder, usual_names):
    """The folder of the first usual name that holds pictures; if none does, the first."""
    by_name = {}
    for path in visible_folders(folder):
        by_name.setdefault(_letters(path), []).append(path)
    found = []
    for name in usual_names:
        found += sorted(by_name.get(name, []), key=lambda path: path.name != name)
    return next((path for path in found if holds_pictures(path)), found[0] if found else None)


def _named(folder, name):
    for path in (folder / str(name), *visible_folders(folder)):
        if path.is_dir() and (path == folder / str(name) or _same(path.name, str(name))):
            return path
    raise ValueError(f"Expected a folder named {name}. Received: none in {folder}")


def _same(name, other):
    return plain(name).casefold() == plain(other).casefold()


def _letters(path):
    return "".join(char for char in plain(path.name).casefold() if char.isalnum())


def _no_images(folder):
    return ValueError(
        f"Expected a folder of images named {' or '.join(IMAGE_FOLDERS)}. "
        f"Received: none in {folder}"
    )
