"""The classes of a folder of one's own: lists of names and tables of colours beside its files."""

from dataclasses import replace
from pathlib import Path

from segtf.color_lines import read_colored, table_lines
from segtf.data.decode import ImageError, open_image
from segtf.data.sources.tables import ColorTable, read_color_table
from segtf.labels import LabelMap

_CLASS_FILES = ("classes.txt", "labels.txt")
_COLOR_FILE = "colors.csv"
_CVAT_FILE = "labelmap.txt"
_OF_CLASSES = {"classes", "labels", "classnames", "labelnames", "classdict", "labelmap", "colors"}
_LIST_ENDINGS = {".txt", ".csv", ".json", ".yaml", ".yml", ".names", ".xlsx"}


def given_file(folder, path, what):
    """Return the path of a file that an option names, from here or from the folder on.

    Raises:
        ValueError: if it is not there.
    """
    if path is None:
        return None
    for found in (Path(str(path)), folder / str(path)):
        if found.is_file():
            return found
    raise ValueError(f"Expected a file of {what}. Received: {path}, not there")


def class_names(folder, given):
    """Return the labels of a list of class names, or `None` where there is none.

    Args:
        folder: path of the folder.
        given: path of the list, if it is given; by default ``classes.txt`` or ``labels.txt``.
    """
    path = given or _find(folder, _CLASS_FILES)
    return LabelMap.from_file(path) if path else None


def color_table(folder, given, classes, mask=None):
    """Return the table of colours of a folder, or `None` where its masks hold ids.

    Args:
        folder: path of the folder.
        given: path of the table, if it is given; by default ``colors.csv``, or ``labelmap.txt``
            where there is no list of names and the masks have colours.
        classes: path of the list of names, if it is given: the table has to have the same, and
            their order is that of the ids.
        mask: path of one of the masks; without it ``labelmap.txt`` is not looked for.

    Raises:
        ValueError: if the names of the table are not those of the given list.
    """
    path = given or _find(folder, (_COLOR_FILE,))
    if path:
        table = read_color_table(path)
        return _in_order_of(LabelMap.from_file(classes), table, path) if classes else table
    path = _find(folder, (_CVAT_FILE,))
    if not path or classes or _find(folder, _CLASS_FILES) or not (mask and _has_colors(mask)):
        return None
    return read_color_table(path) if read_colored(table_lines(path), path)[0] else None


def lists_left_out(folder, colored, given):
    """Return a line for each file that looks like a list of classes and was not read.

    Args:
        folder: path of the folder.
        colored: the `ColorTable` that was read, or `None`.
        given: path of the table of colours, if it is given.
    """
    read = _COLOR_FILE if _find(folder, (_COLOR_FILE,)) else _CVAT_FILE
    used = (given or _find(folder, (read,))) if colored else _find(folder, _CLASS_FILES)
    return tuple(
        f"{path.name} is not read as a list of classes (see --classes and --colors)"
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in _LIST_ENDINGS
        and "".join(char for char in path.stem.casefold() if char.isalnum()) in _OF_CLASSES
        and not (used and path.samefile(used))
    )


def _find(folder, names):
    """The first file of these names, whatever letters are capital."""
    files = sorted(path for path in folder.iterdir() if path.name.lower() in names)
    files.sort(key=lambda path: (names.index(path.name.lower()), path.name != path.name.lower()))
    return next((path for path in files if path.is_file()), None)


def _has_colors(mask):
    """Whether a mask is a picture of colours, by its header; what cannot be read may be one."""
    if mask.suffix.lower() == ".npy":
        return False
    try:
        with open_image(mask) as image:
            return image.mode not in ("1", "L", "LA", "I", "F") and image.mode[:2] != "I;"
    except ImageError:
        return True


def _in_order_of(labels, table, path):
    if sorted(labels.names) != sorted(table.labels.names):
        raise ValueError(
            f"Expected the classes {', '.join(labels.names)} in the table of colours {path}, or "
            f"no list of classes. Received: {', '.join(table.labels.names)}"
        )
    new = {id_: labels.names.index(name) for id_, name in enumerate(table.labels.names)}
    colors = dict(zip(table.labels.names, table.labels.colors, strict=True))
    labels = replace(labels, colors=tuple(colors[name] for name in labels.names))
    values = {color: new.get(id_, id_) for color, id_ in table.mask_values.items()}
    return ColorTable(labels, values, table.notices)
