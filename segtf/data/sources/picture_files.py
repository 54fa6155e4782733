"""Which files of a folder are pictures."""

import os
from collections import Counter
from pathlib import Path

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".npy"}

_SYSTEM_FILES = {"thumbs.db", "desktop.ini"}
_SYSTEM_FOLDERS = {"__macosx", "@eadir"}


def image_files(folder):
    """Return the paths in a folder that are named like pictures, sorted, hidden ones left out."""
    return [path for path in sorted(folder.iterdir()) if _is_picture(path)]


def tree_files(folder, without=()):
    """Return the pictures in a folder and its subfolders, sorted.

    Hidden folders and those that systems make are left out, links to folders are followed.

    Args:
        folder: path of the folder.
        without: paths of folders that are not entered.
    """
    return sorted(path for path in _walk(folder, without) if _is_picture(path))


def holds_pictures(folder):
    """Return whether there is a picture in a folder or in its subfolders."""
    return any(_is_picture(path) for path in _walk(folder, ()))


def visible_folders(folder):
    """Return the paths of the subfolders of a folder, sorted, hidden and system ones left out."""
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and _is_visible(path.name)]


def subfolder(folder, name):
    """Return the path of a subfolder, whatever letters of its name are capital.

    Args:
        folder: path of the folder.
        name: name of the subfolder; the path of that name if there is none.
    """
    if (folder / name).is_dir() or not folder.is_dir():
        return folder / name
    alike = [path for path in visible_folders(folder) if path.name.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else folder / name


def others_left_out(folder, without=()):
    """Return a notice on the files in a folder that are no pictures, as a list of lines."""
    counts = Counter(
        path.suffix.lower() or "no ending"
        for path in _walk(folder, without)
        if path.suffix.lower() not in IMAGE_SUFFIXES
        and not path.name.startswith(".")
        and path.name.lower() not in _SYSTEM_FILES
    )
    if not counts:
        return []
    kinds = ", ".join(f"{suffix}: {count}" for suffix, count in counts.most_common(5))
    return [f"{counts.total()} files in {folder.name} are no pictures that are read ({kinds})"]


def _walk(folder, without):
    """Every file below; each folder once, however many links lead to it."""
    seen = {Path(path).resolve() for path in without} | {folder.resolve()}
    for place, folders, files in os.walk(folder, followlinks=True):
        here = Path(place)
        # A folder that is called like a picture is reported as one that cannot be read.
        named = [name for name in folders if _is_picture(Path(name))]
        yield from (here / name for name in (*files, *named))
        entered = []
        for name in sorted(set(folders) - set(named)):
            target = (here / name).resolve()
            if _is_visible(name) and target not in seen:
                seen.add(target)
                entered.append(name)
        folders[:] = entered


def _is_picture(path):
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def _is_visible(name):
    return not name.startswith(".") and name.lower() not in _SYSTEM_FOLDERS
