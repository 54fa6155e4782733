"""CamVid: street scenes from a car, 11 classes.

Brostow et al., "Semantic object classes in video: a high-definition ground truth database",
Pattern Recognition Letters 30(2), 2009; the 11 classes are those of Badrinarayanan et al.,
"SegNet", PAMI 2017.
"""

from pathlib import PurePosixPath

from segtf.data.sample import Sample, Source
from segtf.data.sources.find_file import FileFinder
from segtf.data.sources.registry import register_source
from segtf.data.sources.split_names import SPLITS, split_name
from segtf.labels import IGNORE_CLASS, LabelMap
from segtf.text_files import read_lines

_COLORS = {
    "Sky": (128, 128, 128),
    "Building": (128, 0, 0),
    "Pole": (192, 192, 128),
    "Road": (128, 64, 128),
    "Pavement": (60, 40, 222),
    "Tree": (128, 128, 0),
    "SignSymbol": (192, 128, 128),
    "Fence": (64, 64, 128),
    "Car": (64, 0, 128),
    "Pedestrian": (64, 64, 0),
    "Bicyclist": (0, 128, 192),
}
_THINGS = ("Car", "Pedestrian", "Bicyclist")
"""Of these classes, what Cityscapes numbers object by object."""
_VALUES = {**{id_: id_ for id_ in range(11)}, 11: IGNORE_CLASS}


@register_source("camvid")
def camvid(folder):
    """List the frames with the official splits; Void counts nowhere, the group is the video.

    Args:
        folder: the tree of the SegNet tutorial: ``train.txt``, ``val.txt`` and ``test.txt``
            (or another usual spelling), as many as there are, each line an image and its
            annotation, and the folders that they name. Of longer paths in the lists the last
            two parts count.

    Raises:
        ValueError: if there is no list, or naming file and line, if one is no pair of paths.
    """
    samples, splits = {}, {}
    finder = FileFinder(folder)
    for split, path in _lists(folder):
        listed = [_sample(finder, path, line, text) for line, text in read_lines(path)]
        samples.update({sample.id: sample for sample in listed})
        splits[split] = tuple(sample.id for sample in listed)
    if not samples:
        raise ValueError(
            f"Expected lists of images named {', '.join(f'{split}.txt' for split in SPLITS)}. "
            f"Received: none in {folder}"
        )
    names = tuple(_COLORS)
    things = tuple(map(names.index, _THINGS))
    labels = LabelMap(names, tuple(_COLORS.values()), things=things)
    return Source("camvid", tuple(samples.values()), labels, splits=splits, augment="street")


def _lists(folder):
    """Split and list, in the usual order; the plain name comes before other spellings."""
    paths = sorted(folder.glob("*.txt"), key=lambda path: path.stem not in SPLITS)
    for split in SPLITS:
        of_split = [path for path in paths if split_name(path.stem) == split]
        if of_split:
            yield split, of_split[0]


def _sample(finder, path, line, text):
    text = text.replace("\\", "/")
    parts = text.replace(";", " ").split()
    parts = parts if len(parts) == 2 else text.replace(",", " ").split()
    if len(parts) != 2:
        raise ValueError(
            "Expected lines with an image and its annotation, without blanks in their names. "
            f"Received: {path}, line {line}: {text!r}"
        )
    image, mask = (PurePosixPath(*PurePosixPath(part).parts[-2:]) for part in parts)
    files = [finder.find(str(name)) or finder.folder / name for name in (image, mask)]
    return Sample(image.stem, *files, group=image.stem.split("_")[0], mask_values=_VALUES)
