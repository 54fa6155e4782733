"""Small tables beside the pictures: class names, colours, pairs."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segtf.data.masks import color_values
from segtf.labels import IGNORE_CLASS, LabelMap

_IGNORED_NAMES = {"void", "ignore", "ignored", "unlabeled", "unlabelled", "unknown"}


@dataclass(frozen=True)
class ColorTable:
    """What the colours of a mask stand for.

    Args:
        labels: the classes, in the order of their first line.
        mask_values: colour as one number to class id, for `segtf.data.masks.ColorMask`.
    """

    labels: LabelMap
    mask_values: Mapping[int, int]


def read_color_table(path):
    """Read a table of colours: a line each with a name and three numbers.

    Commas, semicolons or blanks separate the cells; the name may come first or last
    (``car,0,0,142`` or ``0 0 142 car``); lines without three numbers are headings. Several
    lines may have one name. Void, ignore, unlabelled and unknown mean the ignore class.

    Raises:
        ValueError: if the file is missing, or holds fewer than two classes.
    """
    ids, shown, pairs = {}, [], []
    for name, color in _color_lines(_existing(path)):
        if name.lower() in _IGNORED_NAMES:
            pairs.append((color, IGNORE_CLASS))
            continue
        if name not in ids:
            ids[name] = len(ids)
            shown.append(color)
        pairs.append((color, ids[name]))
    if len(ids) < 2:
        raise ValueError(
            "Expected a table of at least two classes, each line a name and red, green, blue "
            f"(car,0,0,142). Received: {len(ids)} in {path}"
        )
    return ColorTable(LabelMap(tuple(ids), tuple(shown)), color_values(pairs))


def read_rows(path):
    """Read a CSV file with a heading: one dict per line.

    Raises:
        ValueError: if it is missing or has no lines.
    """
    with _existing(path).open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"Expected a table with a heading and lines. Received: {path}, empty")
    return rows


def _color_lines(path):
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        cells = line.replace(",", " ").replace(";", " ").replace(":", " ").split()
        if len(cells) < 4 or cells[0].startswith("#"):
            continue
        for numbers, words in ((cells[-3:], cells[:-3]), (cells[:3], cells[3:])):
            if all(number.isdigit() and int(number) <= 255 for number in numbers):
                yield " ".join(words), tuple(int(number) for number in numbers)
                break


def _existing(path):
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"Expected a table. Received: {path}, which does not exist")
    return path
