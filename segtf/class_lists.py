"""Lists of classes, as people and label tools write them: names in the order of their ids."""

import csv
import json
import re
from pathlib import Path
from typing import NamedTuple

from segtf.color_lines import Entry, columns_of, read_colored, role_of, table_lines, unread
from segtf.text_files import clean, read_text

_NUMBERED = re.compile(r"(-?\d+)(\s*(?:[:=,;)]|\.\s|\s))\s*(.*\D.*)")
_NUMBERED_BEHIND = re.compile(r"(.*\D)(\s*[:=,;])\s*(-?\d+)")
_OF_ANOTHER_FORM = re.compile(r"[{}]|^<[?!/]|^\[|\w:$|^[^:]+:\d+,\d+,\d+")
_LIST_KEYS = ("names", "classes", "labels", "categories")
_LIST_KEY = re.compile(rf"({'|'.join(_LIST_KEYS)})\s*:\s*(.*)")
IGNORED_NAMES = {"void", "ignore", "ignored", "unlabeled", "unlabelled", "unknown", "__ignore__"}
"""Names of the ignore class, in small letters, where a file tells ids or colours of it."""

_IGNORED = "__ignore__"
_BACKGROUND = ("_background_", "__background__")
_IGNORE_NUMBERS = (-1, 255)


class ClassList(NamedTuple):
    """Names in id order, and their colours; no colours where the file gives none."""

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]


def read_class_list(path):
    """Read class names in id order.

    One name a line; blank lines and lines that begin with ``#`` are left out. These are read,
    too: lines with numbers from 0 on (``0: sky``, ``sky,0``, or a CSV file with a heading),
    tables with colours (``car,0,0,142``; ``labelmap.txt`` of CVAT; the labels of ITK-SNAP),
    lists in JSON, and ``names:`` of a YAML file. LabelMe's ``__ignore__`` takes no id: its
    pixels are of the ignore class. Its ``_background_`` is called background.

    Args:
        path: the file, in any encoding that `segtf.text_files.read_text` takes.

    Returns:
        A `ClassList`.

    Raises:
        ValueError: naming file and line, for names that occur twice, numbers that leave one out,
            and whatever is of another form.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "labels.txt"
    >>> _ = path.write_text("__ignore__\\n_background_\\ncar\\n")
    >>> read_class_list(path).names
    ('background', 'car')
    """
    path = Path(path)
    entries = _without_ignored(_in_order(_entries(path), path), path)
    entries = [
        entry._replace(name="background") if entry.name.lower() in _BACKGROUND else entry
        for entry in entries
    ]
    _require_different(entries, path)
    colors = tuple(entry.color for entry in entries)
    return ClassList(tuple(entry.name for entry in entries), () if None in colors else colors)


def _entries(path):
    """The classes as they stand in the file."""
    text = read_text(path)
    if path.suffix.lower() in (".yaml", ".yml"):
        return _from_yaml(text, path)
    if text.lstrip()[:1] in ("[", "{"):
        return _from_json(text, path)
    lines = table_lines(path)
    if not lines:
        raise ValueError(f"Expected class names, one a line. Received: {path}, which has none")
    colored, others = read_colored(lines, path)
    if colored and not others:
        return colored
    if len(colored) > len(others):
        raise unread(path, *others[0], "without the three numbers of a colour")
    rows = [(line, _bare(text)) for line, text in lines]
    is_table = columns_of(rows[0][1]) is not None
    found = _of_columns(lines, path) or _numbered(rows[1:] if is_table else rows) or _headed(rows)
    if found:
        return found
    if is_table or role_of(rows[0][1]):
        raise unread(path, *rows[0], "which reads like a heading: remove it")
    for line, text in rows:
        if _OF_ANOTHER_FORM.search(text):
            raise unread(path, line, text, "which is no name")
    return [Entry(line, text) for line, text in rows]


def _bare(text):
    """A name without the bullet, comma or quotes that lists in code put round it."""
    text = re.sub(r"\s+# .*$", "", text)
    text = re.sub(r"^[-*]\s+", "", text).rstrip(",; ")
    quoted = re.fullmatch(r"(['\"])(.*)\1", text)
    return clean(quoted[2]) if quoted else text


def _of_columns(lines, path):
    """Entries of a table whose heading tells the names; else an empty list."""
    separator = ";" if ";" in lines[0][1] else ","
    heading = [role_of(cell) for cell in _split(lines[0][1], separator)]
    if len(heading) < 2 or heading.count("name") != 1 or len(lines) < 2:
        return []
    rows = [(line, _split(text, separator)) for line, text in lines[1:]]
    for (line, text), (_, cells) in zip(lines[1:], rows, strict=True):
        if len(cells) != len(heading):
            raise unread(path, line, text, f"of {len(cells)} cells under {len(heading)} headings")
    name = heading.index("name")
    columns = list(zip(*(cells for _, cells in rows), strict=True))
    counting = [place for place, column in enumerate(columns) if all(map(_is_number, column))]
    called = [place for place in counting if heading[place] == "number"] or counting
    if len(called) > 1:
        raise unread(path, *lines[0], "with several columns of numbers: which are the ids?")
    return [
        Entry(line, cells[name], int(cells[called[0]]) if called else None) for line, cells in rows
    ]


def _split(text, separator):
    """The cells of a line; none where it cannot be divided, as with cells of 128 KB."""
    try:
        cells = next(csv.reader([text], delimiter=separator, skipinitialspace=True))
    except csv.Error:
        return []
    return [clean(cell) for cell in cells]


def _is_number(text):
    return re.fullmatch(r"-?\d+", text, re.ASCII) is not None


def _headed(rows):
    """Entries with numbers below a heading in other words; else an empty list."""
    entries = _numbered(rows[1:]) if len(rows) > 2 else []
    has_marks = all(re.search(r"[:=,;)]", text) for _, text in rows[1:])
    return entries if has_marks or any(entry.number == 0 for entry in entries) else []


def _numbered(rows):
    """Entries with numbers, if every line has one; else an empty list.

    A blank alone separates a number from a name only if the numbers count from 0 or 1:
    "2 wheeler" and "4 wheeler" are names.
    """
    for pattern, number, name in ((_NUMBERED, 1, 3), (_NUMBERED_BEHIND, 3, 1)):
        found = [(line, pattern.fullmatch(text)) for line, text in rows]
        if not all(match for _, match in found):
            continue
        entries = [Entry(line, _bare(match[name]), int(match[number])) for line, match in found]
        numbers = {entry.number for entry in entries}
        if all(match[2].strip() for _, match in found) or numbers & {0, 1}:
            return entries
    return []


def _in_order(entries, path):
    """Entries in the order of their numbers, if they have any; each from 0 on is needed once.

    The ignore class may be listed as 255 or -1: under a name of its own, or any name beside at
    least two classes.
    """
    if any(entry.number is None for entry in entries):
        return entries
    others = sum(entry.number not in _IGNORE_NUMBERS for entry in entries)
    kept = (
        entry
        for entry in entries
        if entry.number not in _IGNORE_NUMBERS
        or not (2 <= others < 255 or entry.name.lower() in IGNORED_NAMES)
    )
    ordered = sorted(kept, key=lambda entry: entry.number)
    for expected, entry in enumerate(ordered):
        if entry.number != expected:
            raise ValueError(
                f"Expected classes numbered 0, 1, 2, ... as in the masks, so {expected} next. "
                f"Received: {path}, line {entry.line}: {entry.number} for {entry.name!r}"
            )
    return ordered


def _without_ignored(entries, path):
    """Entries without LabelMe's name for pixels that count nowhere, which shifts no id."""
    ignored = [place for place, entry in enumerate(entries) if entry.name.lower() == _IGNORED]
    if any(0 < place < len(entries) - 1 for place in ignored) or len(ignored) > 1:
        entry = entries[ignored[-1]]
        raise unread(path, entry.line, entry.name, "between classes: it takes no id")
    return [entry for place, entry in enumerate(entries) if place not in ignored]


def _require_different(entries, path):
    lines = {}
    for entry in entries:
        if entry.name in lines:
            raise ValueError(
                f"Expected class names that differ. Received: {path}, line {entry.line}: "
                f"{entry.name!r}, as in line {lines[entry.name]}"
            )
        lines[entry.name] = entry.line


def _from_json(text, path):
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        shown = [*text.splitlines(), ""][line - 1].strip()
        raise unread(path, line, shown, f"which is no JSON ({error})") from None
    if isinstance(values, dict):
        lists = [
            values[key] for key in ("names", "classes", "labels", "categories") if key in values
        ]
        values = lists[0] if lists else values
    return [_json_entry(item, text, path) for item in _items(values)]


def _items(values):
    """Pairs of number and name: of a list, or of a mapping from one to the other."""
    if isinstance(values, dict):
        return [
            (key, value) if str(key).lstrip("-").isdigit() else (value, key)
            for key, value in values.items()
        ]
    if all(isinstance(value, dict) for value in values):
        return [(value.get("id"), value.get("name")) for value in values]
    return [(None, value) for value in values]


def _json_entry(item, text, path):
    number, name = item
    line = text[: max(text.find(str(name)), 0)].count("\n") + 1
    is_number = number is None or (str(number).lstrip("-").isdigit() and number is not True)
    if not isinstance(name, str) or not is_number:
        raise unread(path, line, str(name), "which is no name")
    return Entry(line, clean(name), None if number is None else int(number))


def _from_yaml(text, path):
    """``names:`` with a list or numbers below or behind it, or a bare list."""
    rows, inside = [], False
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if clean(line)]
    lines = [(number, line) for number, line in lines if clean(line)[0] != "#"]
    for number, line in lines:
        key = _LIST_KEY.fullmatch(re.sub(r"\s+#.*$", "", line).strip())
        if key and line[0] not in " -":
            rows, inside = [], True
            if key[2]:
                return [Entry(number, name) for name in _flow_list(key[2], path, number)]
        elif line[0] not in " -" and ":" in line and not clean(line)[0].isdigit():
            if inside:
                break
        else:
            rows.append((number, clean(line)))
    entries = _numbered([(number, _bare(row)) for number, row in rows])
    if entries:
        return entries
    for number, row in rows:
        if not row.startswith("- ") or ": " in _bare(row):
            raise unread(path, number, row, "of a YAML file whose names are no plain list")
    if not rows:
        raise ValueError(f"Expected names: with a list. Received: {path}, which has none")
    return [Entry(number, _bare(row)) for number, row in rows]


def _flow_list(text, path, line):
    """The names of ``[sky, 'road', "tree"]``."""
    inner = re.fullmatch(r"\[(.*)\]", text)
    names = [_bare(clean(name)) for name in inner[1].split(",")] if inner else []
    if not all(names) or not names:
        raise unread(path, line, text, "which is no plain list in one line")
    return names
