"""Which files belong together: images and masks matched by name."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segtf.data.sources.picture_files import (
    IMAGE_SUFFIXES,
    image_files,
    others_left_out,
    tree_files,
    visible_folders,
)
from segtf.data.sources.split_names import split_name
from segtf.text_files import plain

MASK_ENDINGS = (
    *("_mask", "_masks", "_lesion", "_label", "_labels", "_segmentation", "_seg", "_gt", "_l"),
    *("-mask", "-label", "-labels", "-seg", "-gt", "_instanceids", "_labelids"),
)

_LABEL_IDS = "_labelids"
_BESIDE_LABEL_IDS = ("_instanceids", "_color", "_labeltrainids")
_MORE_MASK_ENDINGS = (
    *(f"_gt{kind}{of}" for kind in ("fine", "coarse") for of in (_LABEL_IDS, *_BESIDE_LABEL_IDS)),
    *("_labeltrainids", "_groundtruth", "_annotation", "_anno", " mask", ".mask"),
)
_IMAGE_ENDINGS = ("_leftimg8bit", "_image", "_img", "_rgb", "_sat", "-image", "-img")
_MASK_BEGINNINGS = ("mask", "label", "seg", "gt")
_IMAGE_BEGINNINGS = ("image", "img", "im")


@dataclass(frozen=True)
class Pairs:
    """Images with their masks, and the files that have no partner.

    Args:
        pairs: name to image and mask path, in the order of the names. The name is the image's
            path in its folder, without the suffix.
        strays: path to the reason why it is in no pair.
        notices: lines of text on what was left out, for people.
    """

    pairs: Mapping[str, tuple[Path, Path]]
    strays: Mapping[Path, str]
    notices: tuple[str, ...] = ()


def pair_folders(image_folder, mask_folder, mask_ending=None, flat=False):
    """Match two folders of files: ``a.jpg`` with ``a.png`` or with ``a_mask.png``.

    Names are equal if they are the same text, however it is composed (NFC, NFD). For images that
    are without a mask then, capital letters and what cameras and label tools add (``a_image``,
    ``mask_a``, ``a.jpg.png``) make no difference. Files in subfolders belong together if their
    subfolders do (``train/a.jpg`` and ``train/a.png``); where only images or only masks have
    subfolders, names alone decide. A subfolder without any pair is left out, with a notice.

    Args:
        image_folder: path of the folder of images.
        mask_folder: path of the folder of masks; see `MASK_ENDINGS` for what a mask's name may
            end in after the image's. Of the files of Cityscapes those of ``_labelIds`` are read.
        mask_ending: what the names of masks have to end in.
        flat: whether to leave out the subfolders of the images.

    Returns:
        `Pairs`.

    Raises:
        ValueError: if nothing matches, or there are no images.
    """
    images = image_files(image_folder) if flat else tree_files(image_folder, [mask_folder])
    masks, notices = _masks_of_a_kind(tree_files(mask_folder, [image_folder]), mask_ending)
    if not images:
        raise ValueError(f"Expected images. Received: none in {image_folder}")
    endings = (*_MORE_MASK_ENDINGS, *MASK_ENDINGS)
    if mask_ending:
        endings = tuple(f"{kind}{mask_ending.lower()}" for kind in ("_gtfine", "_gtcoarse", ""))
    matching = _Matching(image_folder, images, mask_folder, masks, endings)
    if not matching.mask_of:
        raise ValueError(
            "Expected masks named like the images (a.jpg and a.png or a_mask.png). Received: no "
            f"match among {len(images)} images in {image_folder} ({_first(images)}) and "
            f"{len(masks)} masks in {mask_folder} ({_first(masks)})"
        )
    if not flat:
        notices += others_left_out(image_folder, [mask_folder])
    notices += others_left_out(mask_folder, [image_folder])
    return matching.result(notices)


def pair_endings(folder, mask_ending=None):
    """Match the files of one folder: ``a.jpg`` with ``a_mask.png``.

    Subfolders are read only if the folder itself holds no masks.

    Args:
        folder: path of the folder.
        mask_ending: what the names of masks end in; by default any of `MASK_ENDINGS`.

    Returns:
        `Pairs`.

    Raises:
        ValueError: if no file's name ends so, or nothing matches.
    """
    endings = (mask_ending.lower(),) if mask_ending else MASK_ENDINGS
    notices = []
    for files in (image_files(folder), tree_files(folder)):
        masks = [path for path in files if path.stem.lower().endswith(endings)]
        if masks:
            break
    else:
        raise ValueError(
            f"Expected masks whose names end in one of {', '.join(endings)} (a.jpg and "
            f"a_mask.png), or two folders 'images' and 'masks'. Received: none in {folder}"
        )
    if all(mask.parent == folder for mask in masks):
        notices = [
            f"{plain(sub.name)} is left out: it holds pictures ({count}) in a folder of their own"
            for sub in visible_folders(folder)
            if (count := len(tree_files(sub)))
        ]
    apart = set(masks)
    images = [path for path in files if path not in apart]
    matching = _Matching(folder, images, folder, masks, endings)
    if not matching.mask_of:
        raise ValueError(
            "Expected masks named like the images (a.jpg and a_mask.png). Received: no match among "
            f"{len(images)} images and {len(masks)} masks in {folder}"
        )
    return matching.result(notices)


class _Matching:
    """The masks of images, and what is left over."""

    def __init__(self, image_folder, images, mask_folder, masks, endings):
        self.image_folder, self.mask_folder = image_folder, mask_folder
        self.endings = endings
        self.strays = {}
        self.ids = {image: _id_of(image, image_folder) for image in images}
        self.images = self._distinct(images)
        self.masks = masks
        self.mask_of = {}
        self._match(_place)
        is_flat = _is_flat(images, image_folder) or _is_flat(masks, mask_folder)
        if not self.mask_of and (is_flat or image_folder == mask_folder):
            names = Counter(plain(image.stem) for image in self.images)
            if names and max(names.values()) == 1:
                self._match(lambda path, root: "")

    def result(self, notices):
        """Return the `Pairs`, with the lines on what was left out added to `notices`."""
        used = {*self.mask_of.values(), *self.strays}
        places = [_folder_of(image, self.image_folder) for image in self.mask_of]
        alone = [image for image in self.images if image not in self.mask_of]
        reason, left = f"has no mask in {self.mask_folder}", "it holds images without masks"
        notices += self._leave(alone, self.image_folder, places, reason, left)
        places = [_folder_of(mask, self.mask_folder) for mask in self.mask_of.values()]
        alone = [mask for mask in self.masks if mask not in used]
        reason = f"is a mask without an image in {self.image_folder}"
        left = "it holds pictures that are no image's mask"
        notices += self._leave(alone, self.mask_folder, places, reason, left)
        found = {self.ids[image]: (image, mask) for image, mask in self.mask_of.items()}
        strays = dict(sorted(self.strays.items()))
        return Pairs(dict(sorted(found.items())), strays, tuple(notices))

    def _distinct(self, images):
        first = {}
        for image in images:
            other = first.setdefault(self.ids[image], image)
            if other is not image:
                self.strays[image] = f"has the same name as {other.name}, which is used"
        return list(first.values())

    def _match(self, place_of):
        """First by the very name, then for what is left by what people mean."""
        for key_of_image, keys_of_mask in (
            (lambda image: plain(image.stem), self._names),
            (self._loose_image, self._loose_names),
        ):
            left = [image for image in self.images if image not in self.mask_of]
            by_key = defaultdict(list)
            for image in left:
                by_key[place_of(image, self.image_folder), key_of_image(image)].append(image)
            done = {*self.mask_of.values(), *self.strays}
            for mask in self.masks:
                if mask not in done:
                    place = place_of(mask, self.mask_folder)
                    keys = [(place, key) for key in keys_of_mask(mask)]
                    self._join(mask, next((by_key[key] for key in keys if key in by_key), []))

    def _join(self, mask, images):
        if len(images) != 1:
            return
        other = self.mask_of.setdefault(images[0], mask)
        if other is not mask:
            self.strays[mask] = f"has the same name as {other.name}, which is used"

    def _names(self, mask):
        """What the image may be called: as the mask, or without an ending."""
        name = plain(mask.stem)
        yield name
        if Path(name).suffix.lower() in IMAGE_SUFFIXES:
            yield Path(name).stem
        yield from _without(name, self.endings)

    def _loose_image(self, image):
        name = plain(image.stem).casefold().strip()
        name = next(_without(name, _IMAGE_ENDINGS), name)
        return next(_behind(name, _IMAGE_BEGINNINGS), name)

    def _loose_names(self, mask):
        for name in self._names(mask):
            name = name.casefold().strip()
            yield from (name, next(_without(name, _IMAGE_ENDINGS), name))
            yield from _behind(name, _MASK_BEGINNINGS)
            yield from _behind(name, _IMAGE_BEGINNINGS)

    def _leave(self, files, root, places, reason, left):
        """Files without a partner: strays beside others that have one, else lines of a notice."""
        counts = Counter()
        for path in files:
            place = _folder_of(path, root)
            if place == Path() or place in places:
                self.strays[path] = reason
            else:
                counts[place] += 1
        return [
            f"{plain((root.name / place).as_posix())} is left out: {left} ({count})"
            for place, count in sorted(counts.items())
        ]


def _masks_of_a_kind(masks, ending):
    """The files with the ending, or those of class ids beside others of Cityscapes."""
    if ending:
        kept = [path for path in masks if path.stem.lower().endswith(ending.lower())]
        if not kept:
            where = masks[0].parent if masks else "a folder without pictures"
            raise ValueError(
                f"Expected masks whose names end in {ending}. Received: none in {where}"
            )
    elif any(path.stem.lower().endswith(_LABEL_IDS) for path in masks):
        kept = [path for path in masks if not path.stem.lower().endswith(_BESIDE_LABEL_IDS)]
    else:
        return masks, []
    left = len(masks) - len(kept)
    kind = f"that end in {ending}" if ending else "of class ids (_labelIds)"
    return kept, [f"{left} files beside the masks {kind} are left out"] if left else []


def _place(path, root):
    """Where a file lies in its folder; splits have one name however they are spelled."""
    parts = path.relative_to(root).parts[:-1]
    return "/".join(split_name(part) or plain(part).casefold() for part in parts)


def _folder_of(path, root):
    return path.relative_to(root).parent


def _id_of(path, root):
    return plain(path.relative_to(root).with_suffix("").as_posix())


def _first(paths):
    return f"{plain(paths[0].name)}, ..." if paths else "none"


def _is_flat(paths, root):
    return all(path.parent == root for path in paths)


def _without(name, endings):
    """The name without each of the endings that it has."""
    for ending in endings:
        if name.lower().endswith(ending) and len(name) > len(ending):
            yield name[: -len(ending)]


def _behind(name, beginnings):
    """What follows a word such as mask in the name: ``mask_1`` and ``mask1`` are of ``1``."""
    for beginning in beginnings:
        rest = name.removeprefix(beginning).lstrip("_-. ")
        if rest != name and rest:
            yield rest
