"""Files that a table or list names, as it is written on another machine."""

import re
from pathlib import Path, PurePosixPath

from segtf.text_files import clean


class FileFinder:
    """Finds the files that a table or list names.

    Back-slashes separate folders, too; names that differ by capital letters, or in how letters
    are composed (NFC, NFD), are the same where only one file fits. Of an absolute path from
    another machine the end counts that is there, at least the file and its folder.

    Args:
        folder: what paths are relative to.

    Attributes:
        moved: how many paths of another place were found here.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.moved = 0
        self._names = {}

    def find(self, text):
        """Return the path of the file, or `None` if it is not there."""
        slashed = text.replace("\\", "/")
        for path in (self.folder / text, self.folder / slashed):
            if _is_file(path):
                return path
        rooted = re.match(r"([A-Za-z]:)?/", slashed)
        parts = PurePosixPath(re.sub(r"^[A-Za-z]:/|^/+", "", slashed)).parts
        # A relative path may begin with the name of the folder that the table lies in.
        starts = range(len(parts) - 1) if rooted else range(2 if self._is_inside(parts) else 1)
        for start in starts:
            path = self._walk(parts[start:])
            if path:
                self.moved += bool(rooted) or start > 0
                return path
        return None

    def _is_inside(self, parts):
        return len(parts) > 1 and _alike(parts[0]) == _alike(self.folder.resolve().name)

    def _walk(self, parts):
        path = self.folder
        for part in parts:
            if not _is_there(path / part):
                alike = self._by_likeness(path).get(_alike(part), [])
                if len(alike) != 1:
                    return None
                part = alike[0]
            path = path / part
        return path if _is_file(path) else None

    def _by_likeness(self, folder):
        """The names in a folder by what makes them alike."""
        if folder not in self._names:
            names = self._names[folder] = {}
            for path in folder.iterdir() if folder.is_dir() else ():
                names.setdefault(_alike(path.name), []).append(path.name)
        return self._names[folder]


def _alike(name):
    return clean(name).casefold()


def _is_file(path):
    return _is_there(path) and path.is_file()


def _is_there(path):
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a zero byte
        return False
