"""The one place that turns what was raised into a line for the person at the command line."""

import csv
import struct
import sys
import tempfile
import traceback
import zipfile
import zlib

from segtf.files import is_disk_full

_DAMAGED = (zipfile.BadZipFile, zlib.error, csv.Error, struct.error, EOFError)


def explain(error):
    """Return the cause as one line, or `None` for what only a fault of segtf can have raised.

    Args:
        error: an `Exception`.

    Example:

    >>> explain(OSError(28, "No space left on device", "runs/first/best.keras"))
    'Expected room on the disk. Received: runs/first/best.keras: No space left on device'
    >>> explain(TypeError("unsupported operand")) is None
    True
    """
    text = _of_system(error) or _of_tensorflow(error) or _of_library(error)
    return text and " ".join(text.split())


def report_fault(error):
    """Keep the traceback of a fault in a file, and return what to say about it, as one line.

    Where no file can be written, the traceback goes to standard error.
    """
    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="segtf-fault-",
            suffix=".txt",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as file:
            file.write(text)
        where = f"with {file.name}, which holds the traceback"
    except OSError:
        sys.stderr.write(text)
        where = "with the traceback above"
    cause = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return f"this is a fault of segtf, not of yours: {cause}. Please report it, {where}"


def _of_system(error):
    if isinstance(error, OSError) and error.errno is not None and is_disk_full(error):
        where = error.filename or f"a file (temporary ones go to {_temporary_folder()})"
        return f"Expected room on the disk. Received: {where}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"Expected enough memory; a smaller size or batch takes less. Received: {error}"
    if isinstance(error, ValueError | OSError):
        return str(error) or type(error).__name__
    return None


def _of_tensorflow(error):
    """Errors of TensorFlow that say that something outside of it is wrong."""
    tensorflow = sys.modules.get("tensorflow")
    kinds = getattr(getattr(tensorflow, "errors", None), "OpError", None)
    if kinds is None or not isinstance(error, kinds):
        return None
    errors = tensorflow.errors
    message = str(error.message)
    if "No space left" in message or "Disk quota" in message:
        return (
            f"Expected room on the disk (temporary files go to {_temporary_folder()}). "
            f"Received: {message}"
        )
    if isinstance(error, errors.ResourceExhaustedError):
        return (
            "Expected enough memory on the device; a smaller size or batch takes less. "
            f"Received: {message[:300]}"
        )
    outside = (errors.NotFoundError, errors.PermissionDeniedError, errors.DataLossError)
    if isinstance(error, outside):
        return f"Expected files that can be read and written. Received: {message[:300]}"
    return None


def _of_library(error):
    if isinstance(error, _DAMAGED):
        kind = type(error).__name__
        return f"Expected files that are whole. Received: a damaged one ({kind}: {error})"
    if isinstance(error, ImportError):
        return f"Expected a package that is missing or damaged. Received: {error}"
    return None


def _temporary_folder():
    try:
        return tempfile.gettempdir()
    except OSError:
        return "no folder that could be found"
