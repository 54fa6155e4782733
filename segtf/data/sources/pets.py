"""Oxford-IIIT Pet: cats and dogs with trimaps.

Parkhi et al., "Cats and dogs", CVPR 2012.
"""

from segtf.data.sample import Sample, Source
from segtf.data.sources.pairing import pair_folders
from segtf.data.sources.picture_files import subfolder
from segtf.data.sources.registry import register_source
from segtf.labels import IGNORE_CLASS, LabelMap
from segtf.text_files import read_lines

LABELS = LabelMap(("background", "pet"), ((0, 0, 0), (240, 120, 40)), things=(1,))
TRIMAP_VALUES = {1: 1, 2: 0, 3: IGNORE_CLASS}

_SPLIT_FILES = {"train": "trainval.txt", "test": "test.txt"}


@register_source("pets")
def pets(folder):
    """List the pictures, pet against background; the border counts nowhere.

    The stratum is the breed, which the file's name begins with.

    Args:
        folder: either ``images/`` and ``trimaps/``, or the tree as published: ``images/`` and
            ``annotations/`` with ``trimaps/``, ``trainval.txt`` and ``test.txt``.
    """
    annotations = subfolder(folder, "annotations")
    annotations = annotations if annotations.is_dir() else folder
    found = pair_folders(subfolder(folder, "images"), subfolder(annotations, "trimaps"))
    samples = tuple(
        Sample(name, image, mask, stratum=name.rsplit("_", 1)[0], mask_values=TRIMAP_VALUES)
        for name, (image, mask) in found.pairs.items()
    )
    splits, notices = {}, list(found.notices)
    for split, file in _SPLIT_FILES.items():
        if (annotations / file).is_file():
            # Lines are "Abyssinian_100 1 1 1": name, class, species, breed.
            names = [line.split()[0] for _, line in read_lines(annotations / file)]
            splits[split] = tuple(name for name in names if name in found.pairs)
            if len(splits[split]) < len(names):
                absent = len(names) - len(splits[split])
                notices.append(f"{absent} of {len(names)} pictures in {file} are not there")
    return Source(
        "pets",
        samples,
        LABELS,
        splits=splits,
        strays=found.strays,
        notices=tuple(notices),
        augment="photo",
    )
