"""Locks that a killed process cannot leave behind: the system gives them up with the process.

They are advisory `flock`s on files and folders that are there anyway. On NFS they hold between
machines where the server keeps locks, as Linux' does; folders cannot be locked there. Where
files cannot be locked at all (Windows, some network file systems), nothing is refused.
"""

import errno
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


class Locked(Exception):
    """Another process, or another part of this one, holds the lock."""


class Lock:
    """A lock on a file or folder, held until `release` or the end of the process.

    Args:
        path: what to lock; it stays as it is.

    Raises:
        Locked: if somebody holds it.
        FileNotFoundError: if there is nothing, or it was replaced meanwhile.

    Example:

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> with Lock(folder):
    ...     try:
    ...         Lock(folder)
    ...     except Locked:
    ...         print("held")
    held
    """

    def __init__(self, path):
        path = Path(path)
        self._handle = None
        if fcntl is None:
            return
        self._handle = _open(path)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.release()
            if error.errno in _HELD:
                raise Locked(str(path)) from None
            return  # a file system without locks
        if not _is_same(self._handle, path):
            self.release()
            raise FileNotFoundError(errno.ENOENT, "replaced while it was locked", str(path))

    @property
    def is_real(self):
        """Whether there is a lock at all, or the system has none."""
        return self._handle is not None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.release()

    def release(self):
        """Give the lock up."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _open(path):
    """A lock over NFS needs a file that is open for writing, a folder can only be read."""
    try:
        return os.open(path, os.O_RDWR)
    except (IsADirectoryError, PermissionError):
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        return os.open(path, os.O_RDONLY)


def _is_same(handle, path):
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(handle)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
