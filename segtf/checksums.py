"""Checksums of what an export wrote, by which it is seen later whether all is as it was.

They are kept in the form of ``sha256sum``: in ``assets.extra/SHA256SUMS`` of a version folder, with
paths from that folder, and in ``NAME.sha256`` beside a file and its companions. Pictures that show
images of the data (``*.parity.png``) count among none of them: they need not travel.
"""

import hashlib
import re
from pathlib import Path, PurePosixPath

from segtf.files import write_atomically
from segtf.text_files import printable, read_lines
from segtf.version_folders import version_folders

FOLDER_CHECKSUMS = "assets.extra/SHA256SUMS"
_HEADER = "# SHA-256 of what segtf export wrote; segtf export verify checks it"
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_PICTURES = "*.parity.png"


def companion(path, ending):
    """Return the path of a file that lies beside the file of a model, and is named after it.

    The name of an ONNX file keeps its suffix, by which it differs from a TFLite file of that name.

    Example:

    >>> companion("model-int8.tflite", ".spec.json").name
    'model-int8.spec.json'
    >>> companion("model.onnx", ".spec.json").name
    'model.onnx.spec.json'
    """
    path = Path(path)
    return path.with_name((path.stem if path.suffix == ".tflite" else path.name) + ending)


def write_checksums(target, root, files):
    """Write the checksums of files.

    Args:
        target: where to.
        root: folder from which their names count.
        files: their paths, within it.
    """
    lines = [f"{_digest(file)}  {file.relative_to(root).as_posix()}" for file in sorted(files)]
    write_atomically(target, "\n".join([_HEADER, *lines]) + "\n")


def write_folder_checksums(folder):
    """Write the checksums of all files in a version folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    write_checksums(folder / FOLDER_CHECKSUMS, folder, files)


def verify_export(path):
    """Compare what an export wrote with its checksums.

    Args:
        path: a version folder, a folder of such or of exported files, all of which are looked at,
            or the file of a model, which is looked at with its companions.

    Returns:
        The number of files that were compared, and lines of text: one for each that is
        ``missing``, was ``changed``, or is ``extra``.

    Raises:
        ValueError: if there is nothing, or nothing with checksums, or these are damaged.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"Expected an exported model. Received: {path}, which does not exist")
    if path.is_file():
        sums = _require(companion(path, ".sha256"), path)
        entries = _read(sums)
        if path.name not in entries:
            raise ValueError(f"Expected checksums of {path.name}. Received: {sums}, without it")
        return len(entries), _compare(path.parent, entries)
    if (path / FOLDER_CHECKSUMS).is_file():
        return _verify_version(path)
    return _verify_folder(path)


def _verify_version(folder):
    entries = _read(folder / FOLDER_CHECKSUMS)
    files = (file for file in folder.rglob("*") if not file.is_dir())
    there = {file.relative_to(folder).as_posix() for file in files} - {FOLDER_CHECKSUMS}
    return len(entries), [*_compare(folder, entries), *_extra(there - entries.keys())]


def _verify_folder(folder):
    versions = version_folders(folder)
    lists = sorted(folder.glob("*.sha256"))
    if not lists and not any((version / FOLDER_CHECKSUMS).is_file() for version in versions):
        _require(folder / FOLDER_CHECKSUMS, folder)
    count, lines, known = 0, [], {file.name for file in (*lists, *versions)}
    for sums in lists:
        entries = _read(sums)
        lines += [line for line in _compare(folder, entries) if line not in lines]
        count += len(entries.keys() - known)
        known |= entries.keys()
    for version in versions:
        if not (version / FOLDER_CHECKSUMS).is_file():
            lines.append(f"missing: {version.name}/{FOLDER_CHECKSUMS}")
            continue
        compared, found = _verify_version(version)
        count += compared
        lines += [line.replace(": ", f": {version.name}/", 1) for line in found]
    there = {file.name for file in folder.iterdir() if not file.match(_PICTURES)}
    return count, [*lines, *_extra(there - known)]


def _require(sums, path):
    if not sums.is_file():
        raise ValueError(
            "Expected an export with checksums, which earlier versions of segtf wrote none of. "
            f"Received: {path}, without {sums.name}"
        )
    return sums


def _read(sums):
    """Name to digest."""
    entries = {}
    for number, line in read_lines(sums):
        found = _LINE.fullmatch(line)
        name = found and PurePosixPath(found[2])
        if not name or name.is_absolute() or ".." in name.parts:
            raise ValueError(
                f"Expected a SHA-256 and the name of a file. Received: {sums}, line {number}"
            )
        entries[found[2]] = found[1]
    return entries


def _compare(root, entries):
    lines = []
    for name, digest in entries.items():
        if not (root / name).is_file():
            lines.append(f"missing: {printable(name)}")
        elif _digest(root / name) != digest:
            lines.append(f"changed: {printable(name)}")
    return lines


def _extra(names):
    return [f"extra: {printable(name)}" for name in sorted(names)]


def _digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
