"""All that a training needs to go on as if nothing had happened, in one file.

Keras saves neither the seeds of dropout nor the sums of the metrics in mid-epoch; so the state
is the values of all variables, in their order, with what was counted beside them.
"""

import json
import os
import struct
import zipfile
import zlib
from dataclasses import asdict, dataclass, field

import numpy as np

from segtf.files import replacing

_FORMAT_VERSION = 1
_DAMAGE = (
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    OSError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy and zipfile raise for a file that is cut off or altered."""


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Args:
        step: steps taken since the beginning.
        history: the metrics of each finished epoch.
        seconds: time spent on the epoch that is not finished.
    """

    step: int = 0
    history: list = field(default_factory=list)
    seconds: float = 0.0


class StateError(ValueError):
    """The state cannot be what training goes on from."""


def save_state(path, variables, progress):
    """Write the state; `path` holds the old or the new one at any moment.

    Args:
        path: the file, ending in ``.npz``.
        variables: `keras.Variable`s.
        progress: a `Progress`.

    Raises:
        StateError: if a value is not finite; nothing is written then.
        OSError: if the disk is full, or for another reason; the old file is still there then.
    """
    arrays = [np.asarray(variable.numpy()) for variable in variables]
    for variable, array in zip(variables, arrays, strict=True):
        if not _is_finite(array):
            raise StateError(f"Expected finite weights to save. Received: {variable.path}")
    about = {"format_version": _FORMAT_VERSION, **asdict(progress)}
    about["variables"] = [_describe(array) for array in arrays]
    with replacing(path) as beside, beside.open("wb") as file:
        text = np.frombuffer(json.dumps(about).encode("utf-8"), np.uint8)
        np.savez(file, about=text, **{str(index): array for index, array in enumerate(arrays)})
        file.flush()
        os.fsync(file.fileno())


def load_state(path, variables):
    """Give the variables their saved values.

    Args:
        path: what `save_state` wrote.
        variables: the `keras.Variable`s of a model that was built in the same way.

    Returns:
        The `Progress`.

    Raises:
        StateError: if the file is damaged, or belongs to other variables.
    """
    about, arrays = _read(path)
    if [_describe(variable) for variable in variables] != about["variables"]:
        raise StateError(
            "Expected the state of the same model and settings; was segtf or Keras changed since? "
            f"Received: {path}"
        )
    if not all(map(_is_finite, arrays)):
        raise StateError(f"Expected finite weights. Received: others in {path}")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return _progress(about)


def read_progress(path):
    """Return how far the training of a state file had come.

    Raises:
        StateError: if the file is damaged.
    """
    return _progress(_read(path)[0])


def _is_finite(array):
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _describe(values):
    return [list(values.shape), str(np.dtype(values.dtype))]


def _progress(about):
    return Progress(about["step"], about["history"], about["seconds"])


def _read(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes())
            _check(about, path)
            arrays = [file[str(index)] for index in range(len(about["variables"]))]
    except StateError:
        raise
    except _DAMAGE as error:
        raise StateError(
            f"Expected a saved training state. Received: {path}, a damaged one ({error})"
        ) from None
    return about, arrays


def _check(about, path):
    """Refuse what `save_state` would not have written beside the arrays."""
    version = about["format_version"]
    if version != _FORMAT_VERSION:
        raise StateError(
            f"Expected a training state of format_version {_FORMAT_VERSION}. "
            f"Received: {version} in {path}"
        )
    fits = {
        "step": isinstance(about["step"], int) and about["step"] >= 0,
        "seconds": isinstance(about["seconds"], int | float) and about["seconds"] >= 0,
        "variables": isinstance(about["variables"], list),
        "history": isinstance(about["history"], list) and all(map(_is_row, about["history"])),
    }
    wrong = [name for name, is_right in fits.items() if not is_right]
    if wrong:
        raise StateError(
            "Expected a saved training state. "
            f"Received: {path}, where {', '.join(wrong)} cannot be right"
        )


def _is_row(row):
    """Whether these can be the metrics of an epoch."""
    numbers = isinstance(row, dict) and all(
        isinstance(value, int | float) for value in row.values()
    )
    return numbers and "epoch" in row
