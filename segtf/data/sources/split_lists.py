"""Official splits as lists of names: the ``ImageSets`` of Pascal VOC and CVAT."""

from pathlib import PurePosixPath

from segtf.data.sources.picture_files import IMAGE_SUFFIXES
from segtf.data.sources.split_names import SPLITS, split_name
from segtf.text_files import clean, plain, read_lines

_PLACES = ("ImageSets/Segmentation", "ImageSets")
_TRAIN_AND_VAL = "trainval"


def read_split_lists(folder, found):
    """Read the lists of a folder, each a name of an image in a line.

    Where there are lists, an image that no list names may be without a mask: Pascal VOC has
    many of them.

    Args:
        folder: path of the folder.
        found: the `segtf.data.sources.pairing.Pairs` of its images and masks.

    Returns:
        Splits (split name to sample ids; empty if no list names a split), strays and notices.
    """
    lists = next((files for place in _PLACES if (files := _lists(folder / place))), [])
    notices = list(found.notices)
    if not lists:
        return {}, found.strays, (*notices, *_lists_left_out(folder))
    listed = {path.stem: [name for _, name in read_lines(path)] for path in lists}
    splits = _by_split(listed)
    ids = {split: [_id(name, found.pairs) for name in names] for split, names in splits.items()}
    absent = [name for names in splits.values() for name in names if not _id(name, found.pairs)]
    where = lists[0].parent.relative_to(folder)
    if absent:
        notices.append(f"{where} names images that have no mask ({len(absent)}): {absent[0]}, ...")
    named = {_stem(name) for names in listed.values() for name in names}
    strays = {
        path: why
        for path, why in found.strays.items()
        if not why.startswith("has no mask") or plain(path.stem) in named
    }
    if len(strays) < len(found.strays):
        left = len(found.strays) - len(strays)
        notices.append(f"{left} images that have no mask and are in no list are left out")
    kept = {split: tuple(id_ for id_ in dict.fromkeys(ids_) if id_) for split, ids_ in ids.items()}
    unlisted = found.pairs.keys() - {id_ for ids_ in kept.values() for id_ in ids_}
    if kept.get("train") and unlisted:
        first = min(unlisted)
        notices.append(f"{len(unlisted)} images with masks are in no list of {where}: {first}, ...")
    return {split: ids_ for split, ids_ in kept.items() if ids_}, strays, tuple(notices)


def _lists(folder):
    return sorted(folder.glob("*.txt")) if folder.is_dir() else []


def _by_split(listed):
    """Lists by split; one that is called otherwise is a split only beside others."""
    splits = {split_name(stem) or clean(stem): names for stem, names in listed.items()}
    both = splits.pop(_TRAIN_AND_VAL, None)
    if both and "train" not in splits:
        splits["train"] = both
    if not set(splits) & set(SPLITS):
        return {}
    return {split: splits[split] for split in sorted(splits, key=_order)}


def _order(split):
    return (SPLITS.index(split) if split in SPLITS else len(SPLITS), split)


def _id(name, pairs):
    """The sample that a line names: by its id, with a suffix, or below further folders."""
    for candidate in (plain(name), _without_suffix(name), _stem(name), _stem(name.split()[0])):
        if candidate in pairs:
            return candidate
    return None


def _stem(name):
    return PurePosixPath(_without_suffix(name)).name


def _without_suffix(name):
    path = PurePosixPath(plain(name).replace("\\", "/"))
    return str(path.with_suffix("") if path.suffix.lower() in IMAGE_SUFFIXES else path)


def _lists_left_out(folder):
    names = [path.name for path in _lists(folder) if split_name(path.stem)]
    if names:
        yield (
            f"{', '.join(names)} are not read: splits are folders (images/train), lists in "
            "ImageSets/Segmentation, or the column split of a table (option pairs)"
        )
