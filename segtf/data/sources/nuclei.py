"""Data Science Bowl 2018: cell nuclei under many microscopes, one number per nucleus.

Caicedo et al., "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl",
Nature Methods 16, 2019.
"""

from segtf.data.masks import InstanceMask, MergedMasks
from segtf.data.sample import Sample, Source
from segtf.data.sources.pairing import pair_folders
from segtf.data.sources.picture_files import image_files, subfolder
from segtf.data.sources.registry import register_source
from segtf.data.sources.tables import read_rows
from segtf.labels import LabelMap
from segtf.text_files import plain

_LABELS = LabelMap(("background", "nucleus"), ((0, 0, 0), (90, 200, 90)))


@register_source("nuclei")
def nuclei(folder):
    """List the images, all nuclei as one class; the kind of image is the stratum.

    Args:
        folder: either ``images/`` and ``labels/`` (nuclei numbered in one picture) with
            ``index.csv`` (name, kind), or the tree as published: one folder per image with
            ``images/`` and ``masks/`` (a picture per nucleus).
    """
    if subfolder(folder, "labels").is_dir():
        return _numbered(folder)
    return _published(folder)


def _numbered(folder):
    found = pair_folders(subfolder(folder, "images"), subfolder(folder, "labels"))
    index = folder / "index.csv"
    rows = read_rows(index, ("name", "kind")) if index.is_file() else []
    kinds = {plain(row["name"]): row.get("kind") or None for _, row in rows}
    samples = tuple(
        Sample(name, image, InstanceMask(mask), stratum=kinds.get(name))
        for name, (image, mask) in found.pairs.items()
    )
    return Source("nuclei", samples, _LABELS, strays=found.strays, notices=found.notices)


def _published(folder):
    samples, strays = [], {}
    for case in sorted(path for path in folder.iterdir() if (path / "images").is_dir()):
        images = image_files(case / "images")
        masks = image_files(case / "masks") if (case / "masks").is_dir() else []
        if len(images) == 1 and masks:
            parts = tuple((mask, 1) for mask in masks)
            samples.append(Sample(case.name, images[0], MergedMasks(parts, are_objects=True)))
        else:
            strays[case] = f"holds {len(images)} images and {len(masks)} masks"
    if not samples:
        raise ValueError(f"Expected the tree of the Data Science Bowl 2018. Received: {folder}")
    return Source("nuclei", tuple(samples), _LABELS, strays=strays)
