"""A table of pairs: a line for each sample."""

from pathlib import PurePosixPath

from segtf.data.sample import Sample
from segtf.data.sources.find_file import FileFinder
from segtf.data.sources.picture_files import IMAGE_SUFFIXES
from segtf.data.sources.split_names import split_name
from segtf.data.sources.tables import read_cells, read_rows
from segtf.text_files import clean, plain

_IMAGE_COLUMNS = (
    *("image", "images", "img", "image_path", "image path", "imagepath", "image_file"),
    *("image_name", "image name", "img_path", "photo", "file", "filename", "file_name"),
)
_MASK_COLUMNS = (
    *("mask", "masks", "mask_path", "mask path", "maskpath", "mask_file", "mask_name"),
    *("mask name", "segmentation", "annotation", "label_path", "label", "ground_truth", "gt"),
)
_LONGEST = 200


def read_pairs(table, make_mask, mask_values):
    """Read the samples that a table lists.

    The columns are ``image`` and ``mask`` (paths from the table on), and if wanted ``id``,
    ``group``, ``stratum`` and ``split``; a table of two columns of pictures needs no heading.

    Args:
        table: path of the table.
        make_mask: function of a path to what `Sample.mask` is.
        mask_values: `Sample.mask_values` of each.

    Returns:
        The parts of a `Source` as a dict: samples, splits, strays (files that are not there,
        with their line) and notices.

    Raises:
        ValueError: naming the table and the line, if one lacks image or mask or has the id of
            another, or no file is there.
    """
    finder = FileFinder(table.parent)
    samples, splits, strays, lines = [], {}, {}, {}
    rows = _rows(table)
    for line, row in rows:
        if not row.get("image") or not row.get("mask"):
            raise ValueError(
                f"Expected the columns image and mask in every line of {table}. "
                f"Received: line {line}: {row}"
            )
        image, mask = finder.find(row["image"]), finder.find(row["mask"])
        if not image or not mask:
            missing = (row["mask"] if image else row["image"])[:_LONGEST]
            strays[table.parent / missing] = f"is in line {line} of {table.name} and not there"
            continue
        sample = Sample(
            row.get("id") or _id(row["image"], image, table.parent),
            image,
            make_mask(mask),
            group=row.get("group") or None,
            stratum=row.get("stratum") or None,
            mask_values=mask_values,
        )
        if sample.id in lines:
            raise ValueError(
                f"Expected a line of {table} for each id. Received: {sample.id} in the lines "
                f"{lines[sample.id]} and {line}"
            )
        lines[sample.id] = line
        samples.append(sample)
        if row.get("split"):
            split = split_name(row["split"]) or plain(clean(row["split"]))
            splits.setdefault(split, []).append(sample.id)
    if not samples:
        line, row = rows[0]
        raise ValueError(
            f"Expected files that are there, by their paths from {table.parent} on. Received: "
            f"{table}, line {line}: {row['image'][:_LONGEST]}, {row['mask'][:_LONGEST]}"
        )
    in_none = len(samples) - sum(len(ids) for ids in splits.values())
    notices = [f"{in_none} lines of {table.name} are in no split"] if splits and in_none else []
    if finder.moved:
        notices.append(
            f"{finder.moved} paths in {table.name} are of another place; files of the same name "
            f"and folder in {table.parent} are read"
        )
    return {
        "samples": tuple(samples),
        "splits": {split: tuple(ids) for split, ids in splits.items()},
        "strays": strays,
        "notices": tuple(notices),
    }


def _rows(table):
    """Line number and dict of each line."""
    cells = read_cells(table)
    first = cells[0][1] if cells else []
    if len(first) == 1 and len(first[0].split()) == 2:
        cells = [(line, " ".join(row).split()) for line, row in cells]
        first = cells[0][1]
    if len(first) == 2 and all(_is_picture(cell) for cell in first):
        return [(line, dict(zip(("image", "mask"), row, strict=False))) for line, row in cells]
    rows = read_rows(table)
    heading = list(rows[0][1])
    image, mask = _column(heading, _IMAGE_COLUMNS), _column(heading, _MASK_COLUMNS)
    if image is None or mask is None:
        raise ValueError(
            f"Expected the columns image and mask in the heading of {table}. "
            f"Received: {', '.join(heading)}"
        )
    return [(line, {**row, "image": row.get(image), "mask": row.get(mask)}) for line, row in rows]


def _column(heading, names):
    return next((name for name in names if name in heading), None)


def _is_picture(cell):
    return PurePosixPath(cell.replace("\\", "/")).suffix.lower() in IMAGE_SUFFIXES


def _id(text, image, folder):
    """The image's path as it is written, without its ending; of another machine's, as found."""
    if image == folder / text or not image.is_relative_to(folder):
        return PurePosixPath(text).with_suffix("").as_posix()
    return image.relative_to(folder).with_suffix("").as_posix()
