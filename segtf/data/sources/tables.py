"""Small tables beside the pictures: class names, colours, pairs."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segtf.class_lists import IGNORED_NAMES
from segtf.color_lines import read_colored, table_lines
from segtf.data.masks import color_values
from segtf.labels import IGNORE_CLASS, LabelMap, in_order
from segtf.text_files import clean, read_text

_SEPARATOR = re.compile(r"sep=(.)\s*$")
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
    ignored = {entry.name for entry in entries if entry.name.lower() in IGNORED_NAMES}
    names = list(dict.fromkeys(entry.name for entry in entries if entry.name not in ignored))
    if len(names) == 1 and len(ignored) == 1:
        names = [*ignored, *names]
        notices.append(f"{names[0]} is read as the background, since there is one other class")
        ignored = set()
    if len(names) < 2:
        raise ValueError(
            "Expected a table of at least two classes, each line a name and red, green, blue "
            f"(car,0,0,142). Received: {len(names)} in {path}"
        )
    if in_order(names) != tuple(names):
        names = in_order(names)
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
    heading = [clean(cell).lstrip("# ").casefold() for cell in heading]
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

    A comment before the heading and the line ``sep=;`` of spreadsheets are left out.

    Returns:
        A list of line number and list of cells without blanks at their ends; lines without
        content are left out.

    Raises:
        ValueError: naming file and line, if the file is missing, a cell has more than 128 KB,
            or quotes are not closed.
    """
    lines = _lines(read_text(path))
    start = next((n for n, line in enumerate(lines) if not _is_preamble(line)), len(lines))
    named = next((match for line in lines[:start] if (match := _SEPARATOR.match(line))), None)
    separator = named[1] if named else _separator(lines[start]) if start < len(lines) else ","
    reader = csv.reader(lines[start:], delimiter=separator, strict=True)
    rows = []
    while True:
        line = start + reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return rows
        except csv.Error as error:
            raise ValueError(
                f"Expected a table of cells. Received: {path}, line {line} ({error})"
            ) from None
        if any(cells):
            rows.append((line, cells))


def _is_preamble(line):
    """A blank line, the separator's own line, or a comment without cells."""
    is_comment = line.lstrip().startswith("#") and not re.search(r"[,;\t|]", line)
    return not line.strip() or is_comment or _SEPARATOR.match(line)


def _separator(line):
    """What separates the cells: the commonest candidate in a line."""
    outside = re.sub(r'"[^"]*"', "", line)
    return max(",;\t|", key=outside.count)


def _lines(text):
    """Lines with their ends, of any system; other characters that end lines are left alone."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def _require_different_colors(entries, path):
    first = {}
    for entry in entries:
        earlier = first.setdefault(entry.color, entry)
        both = {entry.name.lower(), earlier.name.lower()}
        if len(both) > 1 and not both <= IGNORED_NAMES:
            raise ValueError(
                f"Expected one class for a colour. Received: {path}, line {entry.line}: "
                f"{entry.name} of {entry.color}, as {earlier.name} in line {earlier.line}"
            )
