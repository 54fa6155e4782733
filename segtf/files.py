"""Files that are either there in full or not at all."""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from segtf.text_files import encode


@contextlib.contextmanager
def replacing(path):
    """Yield a path beside `path` to write to; it takes the place of `path` when all went well.

    The suffix is kept, since some writers choose their format by it.

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
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
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
    except ValueError as error:
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
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield beside
        if path.exists():
            raise FileExistsError(f"Expected a new folder. Received: {path}, which exists")
        beside.chmod(0o755)
        beside.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
