"""Data Science Bowl 2018: cell nuclei under many microscopes, one number per nucleus.

Caicedo et al., "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl",
Nature Methods 16, 2019.
"""

from segtf.data.masks import InstanceMask, MergedMasks
from segtf.data.sample import Sample, Source
from segtf.data.shapes import Runs, ShapeMask
from segtf.data.sources.pairing import pair_folders
from segtf.data.sources.picture_files import (
    image_files,
    subfolder,
    tree_files,
    visible_folders,
)
from segtf.data.sources.registry import register_source
from segtf.data.sources.tables import read_rows
from segtf.labels import LabelMap
from segtf.text_files import plain

_HEADING = {"imageid", "encodedpixels"}
_INDEX = {"name", "kind", "nuclei"}
_LONGEST_HEADING = 1000
_LABELS = LabelMap(("background", "nucleus"), ((0, 0, 0), (90, 200, 90)), things=(1,))


@register_source("nuclei")
def nuclei(folder):
    """List the images, all nuclei as one class; the kind of image is the stratum.

    Args:
        folder: either ``images/`` and ``labels/`` (nuclei numbered in one picture) with
            ``index.csv`` (name, kind); or the tree as published: one folder per image with
            ``images/`` and ``masks/`` (a picture per nucleus); or images with the table of run
            lengths, a line per nucleus (``ImageId,EncodedPixels``), such as
            ``stage1_train_labels.csv``.

    Raises:
        ValueError: if it holds none of these, or naming file and line, if run lengths are damaged.
    """
    if subfolder(folder, "labels").is_dir():
        return _numbered(folder)
    tables = run_length_tables(folder)
    if tables and not _has_pictures_of_objects(folder):
        return _from_run_lengths(folder, tables)
    return _published(folder)


def run_length_tables(folder):
    """Return the tables of run lengths in a folder, by their headings."""
    return [path for path in sorted(folder.glob("*.csv")) if set(_headings(path)) >= _HEADING]


def _numbered(folder):
    found = pair_folders(subfolder(folder, "images"), subfolder(folder, "labels"))
    index = folder / "index.csv"
    rows = read_rows(index, ("name", "kind")) if index.is_file() else []
    kinds = {plain(row["name"]): row.get("kind") or None for _, row in rows}
    samples = tuple(
        Sample(name, image, InstanceMask(mask), stratum=kinds.get(name))
        for name, (image, mask) in found.pairs.items()
    )
    return _source(samples, found.strays, found.notices)


def is_numbered(folder):
    """Whether a folder is of numbered nuclei: with an index of their names and kinds."""
    index = folder / "index.csv"
    has_labels = subfolder(folder, "labels").is_dir()
    return has_labels and index.is_file() and set(_headings(index)) >= _INDEX


def _headings(path):
    with path.open("rb") as file:
        line = file.readline(_LONGEST_HEADING).decode("utf-8", "ignore")
    return [cell.strip().strip('"').casefold() for cell in line.lstrip("\ufeff").split(",")]


def _has_pictures_of_objects(folder):
    return any((path / "masks").is_dir() for path in visible_folders(folder))


def _from_run_lengths(folder, tables):
    """The images that tables name; of several tables each names its own."""
    runs = {}
    for table in tables:
        for line, row in read_rows(table, tuple(_HEADING)):
            of_image = runs.setdefault(plain(row["imageid"].removesuffix(".png")), (table, []))[1]
            if row.get("encodedpixels"):
                of_image.append((1, (_runs(row["encodedpixels"], table, line),)))
    samples, strays = [], {}
    for image in tree_files(folder):
        name = plain(image.stem)
        if name not in runs:
            strays[image] = "is in no table of run lengths"
            continue
        table, objects = runs.pop(name)
        samples.append(Sample(name, image, ShapeMask(table, None, tuple(objects), image)))
    notices = ()
    if runs:
        first = next(iter(runs))
        notices = (f"{len(runs)} images of the table are not there, the first: {first}",)
    return _source(samples, strays, notices)


def _runs(text, table, line):
    """Pairs of first pixel, counted from 1 down the columns, and number of pixels."""
    try:
        numbers = [int(word) for word in text.split()]
    except ValueError:
        numbers = [0]
    pairs = sorted(zip(numbers[::2], numbers[1::2], strict=False))
    counts, done = [], 1
    for start, length in pairs:
        counts += [start - done, length]
        done = start + length
    if len(numbers) % 2 or min(counts) < 0:
        raise ValueError(
            "Expected EncodedPixels as pairs of a first pixel, from 1 on, and a number of pixels, "
            f"which do not overlap. Received: {table}, line {line}: {text[:60]}"
        )
    return Runs(tuple(counts), by_columns=True)


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
    return _source(samples, strays)


def _source(samples, strays, notices=()):
    return Source(
        "nuclei", tuple(samples), _LABELS, strays=strays, notices=notices, augment="medical"
    )
