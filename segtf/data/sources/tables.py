"""Small tables beside the pictures: class names, colours, pairs."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segtf.color_lines import read_colored, table_lines
from segtf.data.masks import color_values
from segtf.labels import IGNORE_CLASS, LabelMap, background_first
from segtf.text_files import clean, read_text

_IGNORED_NAMES = {"void", "ignore", "ignored", "unlabeled", "unlabelled", "unknown", "__ignore__"}
_BACKGROUND = ("_background_", "__background__")


@dataclass(frozen=True)
class ColorTable:
    """What the colours of a mask stand for.

    Args:
        labels: the classes, in the order of their first line.
        mask_values: colour as one number to class id, for `segtf.data.masks.ColorMask`.
        notices: lines of text on how the table was read, for people.
    """

    labels: LabelMap
    mask_values: Mapping[int, int]
    notices: tuple[str, ...] = ()


def read_color_table(path):
    """Read a table of colours: a line each with a name and three numbers.

    Commas, semicolons, tabs or blanks separate the cells; the name may come first or last
    (``car,0,0,142`` or ``0 0 142 car``), after a number that orders the classes, or where a
    heading says; ``car:0,0,142::`` is CVAT's form. Several lines may have one name. Void, ignore,
    unlabelled and unknown mean the ignore class. Classes have the order of their first lines,
    but for a set of two, in which the one that is called background is class 0.

    Raises:
        ValueError: if the file is missing, holds fewer than two classes, or gives one colour to
            two of them.
    """
    entries, others = read_colored(table_lines(path), path)
    notices = [f"line {line} of {Path(path).name} is no class: {text!r}" for line, text in others]
    entries = [
        entry._replace(name="background") if entry.name.lower() in _BACKGROUND else entry
        for entry in entries
    ]
    _require_different_colors(entries, path)
    ignored = {entry.name for entry in entries if entry.name.lower() in _IGNORED_NAMES}
    names = list(dict.fromkeys(entry.name for entry in entries if entry.name not in ignored))
    if len(names) == 1 and len(ignored) == 1:
        names += ignored
        notices.append(f"{names[1]} is read as the background, since there is one other class")
        ignored = set()
    if len(names) < 2:
        raise ValueError(
            "Expected a table of at least two classes, each line a name and red, green, blue "
            f"(car,0,0,142). Received: {len(names)} in {path}"
        )
    if len(names) == 2 and tuple(names) != background_first(names):
        names = background_first(names)
        notices.append(f"{names[0]} is class 0, as the background of two classes")
    ids = {**dict.fromkeys(ignored, IGNORE_CLASS), **{name: id_ for id_, name in enumerate(names)}}
    shown = {entry.name: entry.color for entry in reversed(entries)}
    labels = LabelMap(tuple(names), tuple(shown[name] for name in names))
    values = color_values([(entry.color, ids[entry.name]) for entry in entries])
    return ColorTable(labels, values, tuple(notices))


def read_rows(path, required=()):
    """Read a table with a heading.

    The cells may be separated by commas, semicolons, tabs or bars; headings are compared without
    blanks at their ends and in small letters. Blank lines are left out.

    Args:
        path: the file, in any encoding that `segtf.text_files.read_text` takes.
        required: headings that have to be there.

    Returns:
        A list of line number and dict of heading to cell, both without blanks at their ends.

    Raises:
        ValueError: naming the file and if possible the line, if it is missing, has no lines,
            lacks a heading, has one twice, or has a line of more cells than headings.
    """
    rows = read_cells(path)
    if len(rows) < 2:
        raise ValueError(f"Expected a table with a heading and lines. Received: {path}, empty")
    (_, heading), *rows = rows
    heading = [clean(cell).casefold() for cell in heading]
    missing = [name for name in required if name not in heading]
    twice = [name for name in heading if name and heading.count(name) > 1]
    if missing or twice:
        wanted = f"with the columns {', '.join(required)}" if missing else "whose headings differ"
        raise ValueError(f"Expected a table {wanted}. Received: {path}, with {', '.join(heading)}")
    for line, cells in rows:
        if any(cells[len(heading) :]):
            raise ValueError(
                f"Expected {len(heading)} cells in a line, as in the heading. "
                f"Received: {path}, line {line}, with {len(cells)}: {', '.join(cells)[:200]}"
            )
    return [(line, dict(zip(heading, cells, strict=False))) for line, cells in rows]


def read_cells(path):
    """Read the lines of a table as cells, whatever separates them.

    Returns:
        A list of line number and list of cells without blanks at their ends; lines without
        content are left out.

    Raises:
        ValueError: naming file and line, if the file is missing, or quotes are not closed.
    """
    text = read_text(path)
    named = re.match(r"sep=(.)[ \t]*(\r\n|\r|\n)", text)
    reader = csv.reader(
        ("" if named and number == 0 else line for number, line in enumerate(_lines(text))),
        delimiter=named[1] if named else _separator(text),
        strict=True,
    )
    rows = []
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        raise ValueError(
            f"Expected a table of cells. Received: {path}, line {reader.line_num}: {error}"
        ) from None
    return rows


def _separator(text):
    """What separates the cells: the commonest candidate in the first line with content."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = re.sub(r'"[^"]*"', "", first)
    return max(",;\t|", key=outside.count)


def _lines(text):
    return re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)


def _require_different_colors(entries, path):
    first = {}
    for entry in entries:
        earlier = first.setdefault(entry.color, entry)
        both = {entry.name.lower(), earlier.name.lower()}
        if len(both) > 1 and not both <= _IGNORED_NAMES:
            raise ValueError(
                f"Expected one class for a colour. Received: {path}, line {entry.line}: "
                f"{entry.name} of {entry.color}, as {earlier.name} in line {earlier.line}"
            )
