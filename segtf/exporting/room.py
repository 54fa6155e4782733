"""Whether an export may be written: it takes the place of earlier exports alone."""

from pathlib import Path

from segtf.checksums import companion
from segtf.exporting.companions import CARD, CHECKSUMS, SPEC
from segtf.exporting.tflite.task_metadata import LABELS_FILE, labels_text
from segtf.inference.formats import find_model


def require_room(directory, names, labels):
    """Check, before anything is measured, that an export overwrites nothing of anybody else.

    Args:
        directory: folder that the export goes to; need not exist.
        names: of the files of models that are written there.
        labels: `LabelMap` whose names are written beside them.

    Raises:
        ValueError: if the folder is a file, or holds a model of one of these names, or other
            class names, that `segtf.export` has not written.
    """
    directory = Path(directory)
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"Expected a folder to export to. Received: {directory}, which is a file")
    for path in (directory / name for name in names):
        if path.exists() and _is_anothers(path):
            raise _another(path)
        for beside in (companion(path, ending) for ending in (SPEC, CARD, CHECKSUMS)):
            if beside.exists() and not (beside.is_file() and b"segtf" in beside.read_bytes()):
                raise _another(beside)
    path = directory / LABELS_FILE
    if not names or not path.exists() or any(directory.glob("*.parity.json")):
        return
    if not path.is_file() or path.read_bytes() != labels_text(labels.names).encode("utf-8"):
        raise _another(path)


def _is_anothers(path):
    """Whether a file is a model that `segtf.export` has not written; what is none is no loss."""
    try:
        found = find_model(path)
        return found.format.details(found) is None
    except ValueError:
        return False


def _another(path):
    return ValueError(
        "Expected a folder where an export has room: nothing is overwritten but earlier exports. "
        f"Received: {path}, which segtf.export did not write"
    )
