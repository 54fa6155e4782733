"""Lines of a table of classes with their colours."""

import re
from typing import NamedTuple

from segtf.text_files import clean, read_text

_HEADINGS = {
    **dict.fromkeys(("name", "names", "label", "labels", "class", "classes", "category"), "name"),
    **dict.fromkeys(("classname", "classnames", "labelname", "categories"), "name"),
    **dict.fromkeys(("id", "ids", "index", "value", "number", "classid", "labelid"), "number"),
    **dict.fromkeys(("r", "red"), "red"),
    **dict.fromkeys(("g", "green"), "green"),
    **dict.fromkeys(("b", "blue"), "blue"),
    **dict.fromkeys(("color", "colour", "rgb", "hex"), "hex"),
}
_CVAT = re.compile(r"([^:]+):(\d+),(\d+),(\d+)(?::[^:]*){0,2}")
_ITK_SNAP = re.compile(r'(\d+)[ ,]+(\d+)[ ,]+(\d+)[ ,]+(\d+)[ ,]+[\d.]+[ ,]+\d[ ,]+\d[ ,]+"(.*)"')
_HEX = re.compile(r"(?:#|0x)([0-9a-f]{6})", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"""["'(\[]+\s*(\d{1,3})[,;\s]+(\d{1,3})[,;\s]+(\d{1,3})\s*["')\]]+""")


class Entry(NamedTuple):
    """One line of a list of classes.

    Args:
        line: its number in the file, counted from 1.
        name: of the class, without invisible characters.
        number: of the class, where the line gives one.
        color: red, green and blue in 0..255, where the line gives them.
    """

    line: int
    name: str
    number: int | None = None
    color: tuple[int, int, int] | None = None


def table_lines(path):
    """Return number and text of each line of a file that says something; tabs become commas.

    Lines that begin with ``#``, ``//`` or ``;`` are comments, but for a colour such as
    ``#00ff00``.
    """
    lines = enumerate(read_text(path).splitlines(), 1)
    cleaned = [(number, clean(line.strip().replace("\t", ","))) for number, line in lines]
    return [
        (number, line)
        for number, line in cleaned
        if line and (not line.startswith(("#", "//", ";")) or re.match(r"#[0-9a-fA-F]{6}\b", line))
    ]


def read_colored(lines, path):
    """Read lines of a name and a colour each, in any usual order.

    ``car,0,0,142``, ``0 0 142 car``, ``car,#00008e``, ``car:0,0,142::`` (CVAT), with a number
    in front (``7,car,0,0,142``), or as a heading says (``id,name,r,g,b``).

    Args:
        lines: pairs of line number and text.
        path: the file, for messages.

    Returns:
        A list of `Entry`s with colours, in the order of their numbers if all have one, and a
        list of the lines that are none, but for a heading in the first.

    Raises:
        ValueError: naming file and line, for a number beyond 255, and for a line of more than
            three numbers that no heading explains.
    """
    columns = columns_of(lines[0][1]) if lines else None
    found = [(line, text, _colored(line, text, columns, path)) for line, text in lines]
    entries = [entry for _, _, entry in found if entry]
    others = [(line, text) for line, text, entry in found if not entry]
    if others and others[0] == lines[0] and (columns or not re.search(r"\d", others[0][1])):
        others = others[1:]
    return _numbered(entries), others


def columns_of(text):
    """Return what the columns of a heading hold, or `None` if the line is no heading."""
    cells = _cells(text)
    roles = [role_of(cell) for cell in cells]
    return roles if "name" in roles and len(set(roles) - {None}) > 1 else None


def role_of(cell):
    """Return what a column of this heading holds, or `None` if it is no heading."""
    return _HEADINGS.get("".join(char for char in cell.casefold() if char.isalnum()))


def unread(path, line, text, why):
    """Return the error for a line that is not understood."""
    return ValueError(
        f"Expected class names in id order, one a line. Received: {path}, line {line}: "
        f"{text!r:.200}, {why}"
    )


def _colored(line, text, columns, path):
    """The line's entry, or `None` if it has no colour."""
    cvat, snap = _CVAT.fullmatch(text), _ITK_SNAP.fullmatch(text)
    text = _IN_BRACKETS.sub(_to_hex, text)
    if cvat:
        return Entry(line, clean(cvat[1]), None, _rgb(cvat.groups()[1:4], line, path))
    if snap:
        return Entry(line, clean(snap[5]), int(snap[1]), _rgb(snap.groups()[1:4], line, path))
    cells = _cells(text)
    if columns is not None:
        entry = _by_columns(line, dict(zip(columns, cells, strict=False)), path)
        if entry or "hex" not in columns:
            return entry
    codes = [cell for cell in cells if _HEX.fullmatch(cell)]
    if len(codes) == 1 and len(cells) > 1:
        words = [cell for cell in cells if cell not in codes]
        return Entry(line, " ".join(words), None, _from_hex(codes[0]))
    if len(cells) > 1 and re.search(r"[,;:]", text):
        entry = _by_place(line, cells, path, are_parted=True)
        if entry:
            return entry
    return _by_place(line, re.split(r"[,;:\s]+", text), path, are_parted=False)


def _by_columns(line, cells, path):
    number = cells.get("number", "")
    number = int(number) if number.lstrip("-").isdigit() else None
    code = _HEX.fullmatch(cells.get("hex", ""))
    rgb = [cells.get(color, "") for color in ("red", "green", "blue")]
    if cells.get("name") and (code or all(value.isdigit() for value in rgb)):
        color = _from_hex(code[0]) if code else _rgb(rgb, line, path)
        return Entry(line, cells["name"], number, color)
    return None


def _by_place(line, cells, path, are_parted):
    """Three numbers behind the name, or before it; a cell before the name is its number."""
    for color, words in ((cells[-3:], cells[:-3]), (cells[:3], cells[3:])):
        if not words or not all(value.isdigit() for value in color):
            continue
        is_behind = words == cells[:-3]
        beside = words[-1] if is_behind else words[0]
        if len(words) > 1 and beside.isdigit() and (are_parted or not is_behind):
            raise unread(path, line, " ".join(cells), "with more than three numbers")
        number = None
        if are_parted and is_behind and len(words) > 1 and words[0].isdigit():
            number, words = int(words[0]), words[1:]
        return Entry(line, " ".join(words), number, _rgb(color, line, path))
    return None


def _numbered(entries):
    """Entries in the order of the numbers before their names, if all have one from 0 or 1 on."""
    if entries and all(entry.number is None for entry in entries):
        split = [re.fullmatch(r"(\d+)[\s.)]+(.*\D.*)", entry.name) for entry in entries]
        if all(split) and min(int(match[1]) for match in split) in (0, 1):
            entries = [
                entry._replace(name=match[2], number=int(match[1]))
                for entry, match in zip(entries, split, strict=True)
            ]
    if all(entry.number is not None for entry in entries):
        return sorted(entries, key=lambda entry: entry.number)
    return entries


def _cells(text):
    """Cells between commas, semicolons or colons; between blanks where there are none."""
    cells = re.split(r"[,;:]", text) if re.search(r"[,;:]", text) else text.split()
    return [clean(cell).strip("\"'") for cell in cells]


def _rgb(numbers, line, path):
    color = tuple(int(number) for number in numbers)
    if max(color) > 255:
        raise unread(path, line, " ".join(numbers), "beyond 255")
    return color


def _to_hex(match):
    """A colour in brackets or quotes as one word; what is beyond 255 stays as it is."""
    numbers = [int(number) for number in match.groups()]
    return match[0] if max(numbers) > 255 else "#{:02x}{:02x}{:02x}".format(*numbers)


def _from_hex(code):
    return tuple(bytes.fromhex(_HEX.fullmatch(code)[1]))
