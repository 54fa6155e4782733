"""CamVid: street scenes from a car, 11 classes.

Brostow et al., "Semantic object classes in video: a high-definition ground truth database",
Pattern Recognition Letters 30(2), 2009; the 11 classes are those of Badrinarayanan et al.,
"SegNet", PAMI 2017.
"""

from pathlib import PurePosixPath

from segtf.data.sample import Sample, Source
from segtf.data.sources.registry import register_source
from segtf.labels import IGNORE_CLASS, LabelMap

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
_VALUES = {**{id_: id_ for id_ in range(11)}, 11: IGNORE_CLASS}
_LISTS = {"train": "train.txt", "val": "val.txt", "test": "test.txt"}


@register_source("camvid")
def camvid(folder):
    """List the frames with the official splits; Void counts nowhere, the group is the video.

    Args:
        folder: the tree of the SegNet tutorial: ``train.txt``, ``val.txt`` and ``test.txt``,
            as many as there are, each line an image and its annotation, and the folders that
            they name. Of longer paths in the lists the last two parts count.
    """
    samples, splits = {}, {}
    for split, name in _LISTS.items():
        if (folder / name).is_file():
            listed = [_sample(folder, line) for line in _lines(folder / name)]
            samples.update({sample.id: sample for sample in listed})
            splits[split] = tuple(sample.id for sample in listed)
    if not samples:
        raise ValueError(
            f"Expected lists of images named {', '.join(_LISTS.values())}. "
            f"Received: none in {folder}"
        )
    labels = LabelMap(tuple(_COLORS), tuple(_COLORS.values()))
    return Source("camvid", tuple(samples.values()), labels, splits=splits)


def _lines(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _sample(folder, line):
    parts = line.replace(";", " ").split()
    if len(parts) != 2:
        raise ValueError(f"Expected lines with an image and its annotation. Received: {line!r}")
    image, mask = (PurePosixPath(*PurePosixPath(part).parts[-2:]) for part in parts)
    video = image.stem.split("_")[0]
    return Sample(image.stem, folder / image, folder / mask, group=video, mask_values=_VALUES)
