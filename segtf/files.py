"""Files that are either there in full or not at all.

What is being written lies beside its target under a name of its own, ``.NAME.segtf-RANDOM``, and
is locked by the process that writes it (see `segtf.locks`). A process that was killed holds no
lock: the next one that writes into the same folder removes what it left.
"""

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path

from segtf.locks import Lock, Locked
from segtf.text_files import encode

_OURS = re.compile(r"\..*\.segtf-[0-9a-f]{8}(\..*)?")
_LONGEST_NAME = 50  # of characters, which may have four bytes of the 255 that a name may have
_tidied = set()


@contextlib.contextmanager
def replacing(path):
    """Yield a path beside `path` to write to; it takes the place of `path` when all went well.

    The suffix is kept, since some writers choose their format by it.

    Raises:
        OSError: if there is no room, or for another reason; it names `path`, whose old content
            is still there then.

    Example:

    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "answer.txt"
    >>> with replacing(target) as beside:
    ...     _ = beside.write_text("42")
    ...     target.exists()
    False
    >>> target.read_text()
    '42'
    """
    path = Path(path)
    _tidy_once(path.parent)
    with _naming(path), _locked(_new_file, path) as beside:
        try:
            yield beside
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def write_atomically(path, content):
    """Write text or bytes to `path`, which holds the old or the new content at any moment."""
    data = encode(content) if isinstance(content, str) else content
    with replacing(path) as beside, beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def reading(path, what):
    """Turn whatever a library raises over a damaged file into one line that names the file.

    Args:
        path: the file.
        what: what it should be, such as ``"a TFLite model"``.

    Raises:
        ValueError: in the place of any other error but those that name the file already.

    Example:

    >>> with reading("model.bin", "a model"):
    ...     raise KeyError("weights")
    Traceback (most recent call last):
    ValueError: Expected a model that can be read. Received: model.bin (KeyError: 'weights')
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, ValueError) and str(path) in str(error):
            raise
        lines = str(error).strip().splitlines() or [""]
        kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
        raise ValueError(
            f"Expected {what} that can be read. Received: {path} ({kind}{lines[0][:300]})"
        ) from error


def read_json_object(path):
    """Read a JSON file that holds an object, as a dict.

    Raises:
        ValueError: if it is not there, or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"Expected a JSON file. Received: {path}, which does not exist")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Expected a JSON file. Received: {path}, no JSON ({error})") from None
    if not isinstance(values, dict):
        raise ValueError(
            f"Expected a JSON file of an object. Received: {path}, of a {type(values).__name__}"
        )
    return values


@contextlib.contextmanager
def publishing_folder(path):
    """Yield a temporary folder beside `path`, renamed to `path` when all went well.

    The temporary name starts with a dot, so that a server watching the parent ignores it.

    Raises:
        FileExistsError: if `path` exists already; nothing is overwritten.
        OSError: if there is no room, or for another reason; it names `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _tidy_once(path.parent)
    with _naming(path), _locked(_new_folder, path) as beside:
        try:
            yield beside
            if path.exists():
                raise FileExistsError(f"Expected a new folder. Received: {path}, which exists")
            beside.chmod(0o755)
            beside.rename(path)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def remove_leftovers(folder):
    """Remove what killed processes were writing into a folder, and nothing else.

    That is what bears the name that `replacing` and `publishing_folder` give, and that no living
    process holds. Where files cannot be locked (Windows), everything stays.

    Returns:
        The paths that were removed.
    """
    removed = []
    with contextlib.suppress(OSError):  # such as a folder that cannot be listed
        for path in sorted(Path(folder).iterdir()):
            if _OURS.fullmatch(path.name) and not path.is_symlink() and _remove_unheld(path):
                removed.append(path)
    return removed


def require_writable(folder):
    """Find out before the work whether its results can be written.

    Args:
        folder: where to; if it is not there yet, the nearest folder above it is tried.

    Raises:
        ValueError: if it cannot be written to, or a file is in the way.
    """
    folder = Path(folder)
    above = folder
    try:
        while not above.exists() and above != above.parent:
            above = above.parent
        if not above.is_dir():
            raise ValueError(f"Expected a folder to write to. Received: {above}, which is a file")
        with tempfile.TemporaryFile(dir=above):
            pass
    except OSError as error:
        raise ValueError(
            f"Expected a folder that can be written to. Received: {folder} ({error.strerror})"
        ) from None


def require_writable_file(path):
    """Find out before the work whether a file can be written, as `require_writable` does.

    Args:
        path: the file; its folder may not be there yet.

    Raises:
        ValueError: if its folder cannot be written to, or a folder of its name is in the way.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"Expected a file to write to. Received: {path}, which is a folder")
    require_writable(path.parent)


def is_disk_full(error):
    """Whether an `OSError` says that there is no room."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def _naming(path):
    """Name the file in an error of a write, which knows none."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


@contextlib.contextmanager
def _locked(make, path):
    """Yield a new path beside `path`, locked until the end."""
    while True:
        beside = make(path)
        try:
            lock = Lock(beside)
        except (FileNotFoundError, Locked):
            continue  # another process took it for a leftover before it was locked
        with lock:
            yield beside
            return


def _new_file(path):
    beside = path.with_name(f".{path.stem[:_LONGEST_NAME]}{_mark()}{path.suffix}")
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    return beside


def _new_folder(path):
    beside = path.with_name(f".{path.name[:_LONGEST_NAME]}{_mark()}")
    beside.mkdir()
    return beside


def _mark():
    return f".segtf-{secrets.token_hex(4)}"


def _tidy_once(folder):
    """Remove leftovers where this process writes for the first time."""
    folder = folder.absolute()
    if folder not in _tidied:
        _tidied.add(folder)
        remove_leftovers(folder)


def _remove_unheld(path):
    """Remove a leftover, unless a living process holds it; returns whether it is gone."""
    try:
        with Lock(path) as lock:
            if not lock.is_real:
                return False
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            return True
    except (OSError, Locked):
        return False
