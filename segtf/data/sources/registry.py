"""Sources by name."""

import importlib
import inspect
import os
from dataclasses import replace
from pathlib import Path

from segtf.data.masks import holds_plain_ids, with_mask_values
from segtf.nearest import names_to_choose

_BUILT_IN = {
    "camvid": "segtf.data.sources.camvid",
    "coco": "segtf.data.sources.coco",
    "cvat": "segtf.data.sources.cvat",
    "folder": "segtf.data.sources.folder",
    "human": "segtf.data.sources.people",
    "label-studio": "segtf.data.sources.label_studio",
    "labelme": "segtf.data.sources.labelme",
    "mads": "segtf.data.sources.people",
    "membrane": "segtf.data.sources.membrane",
    "nuclei": "segtf.data.sources.nuclei",
    "pets": "segtf.data.sources.pets",
    "ph2": "segtf.data.sources.ph2",
    "ph2-diagnosis": "segtf.data.sources.ph2",
    "supervisely": "segtf.data.sources.supervisely",
    "synthetic": "segtf.data.sources.folder",
    "tfds": "segtf.data.sources.tfds",
    "yolo": "segtf.data.sources.yolo",
}
_FACTORIES = {}
_MAKE_THEIR_FOLDER = {"tfds"}
_FILES = ("classes", "colors")
_OF_FOLDERS = {"masks", "mask_ending", "pairs", "colors", "instances", "divisor", "channels"}


def register_source(name):
    """Decorate a function ``(folder, **options) -> Source`` to be found by a name.

    Args:
        name: the name, by which `load_source` and ``--data`` find the function.

    Returns:
        A decorator that returns the function as it is.

    Example:

    >>> from segtf.data import LabelMap, Sample, Source, load_source, register_source
    >>> @register_source("one-cell")
    ... def one_cell(folder):
    ...     sample = Sample("a", folder / "a.png", folder / "a-mask.png")
    ...     return Source("one-cell", (sample,), LabelMap(("background", "cell")))
    >>> load_source("one-cell", ".").samples[0].id
    'a'
    """

    def decorate(factory):
        _FACTORIES[name] = factory
        return factory

    return decorate


def source_names():
    """Return the names that `load_source` knows."""
    return sorted({*_BUILT_IN, *_FACTORIES})


def load_source(name="auto", folder=None, *, mask_values=None, **options):
    """List a data set.

    Args:
        name: a registered name; see `source_names`. ``tfds:NAME`` is the builder `NAME` of
            TensorFlow Datasets. ``auto`` is what the folder looks like: the layout of a published
            set or of a label tool, which the first of the source's notices says, or else
            ``folder``; with options that only ``folder`` has it is that.
        folder: where its files lie; by default, of a name but ``auto``, the folder of that name in
            the directory that the environment variable ``SEGTF_DATA`` names.
        mask_values: what the values in grey and palette masks stand for, if they are no class
            ids: value to class id, such as ``{1: 1, 2: 0, 3: 255}`` for trimaps whose border (3)
            counts nowhere. Without it the values are class ids, and whether 255 stands for class
            1 or counts nowhere is decided by all masks of the set when it is inspected.
        options: settings of that source.

    Returns:
        A `segtf.data.Source`.

    Raises:
        ValueError: for an unknown name, a missing folder, or files that do not fit together.
    """
    likeness = None
    if name == "auto":
        name, likeness = _find_out(folder, options, mask_values)
    name, _, builder = name.partition(":")
    if builder:
        options["builder"] = builder
    if name not in _FACTORIES and name in _BUILT_IN:
        importlib.import_module(_BUILT_IN[name])
    if name not in _FACTORIES:
        known = names_to_choose(source_names(), name, "docs/data.md")
        raise ValueError(f"Expected a data set out of {known}. Received: {name!r}")
    if folder is None and not os.environ.get("SEGTF_DATA") and name not in _MAKE_THEIR_FOLDER:
        raise ValueError(
            f"Expected the folder of data set {name!r}: --data-dir (folder=), or the environment "
            f"variable SEGTF_DATA, whose folder {_subfolder(name)} is taken then. Received: neither"
        )
    folder = default_folder(name) if folder is None else Path(folder)
    if not folder.is_dir() and name not in _MAKE_THEIR_FOLDER:
        what = "which is a file" if folder.is_file() else "not there"
        raise ValueError(f"Expected the folder of data set {name!r}. Received: {folder}, {what}")
    try:
        source = _FACTORIES[name](folder, **options)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        known = [key for key in inspect.signature(_FACTORIES[name]).parameters if key != "folder"]
        unknown = [key for key in options if key not in known]
        among = f" among {names_to_choose(known, unknown[0])}" if known and unknown else ""
        raise ValueError(
            f"Expected options of the source {name!r}{among}. Received: {options} ({error})"
        ) from None
    origin = {"name": name, "folder": str(folder.resolve()), **options}
    for key in _FILES:
        # A run is opened from other working directories, too.
        if isinstance(origin.get(key), str | Path) and Path(origin[key]).is_file():
            origin[key] = str(Path(origin[key]).resolve())
    notices = (likeness.line(), *source.notices) if likeness else source.notices
    source = replace(source, origin=origin, notices=notices)
    if mask_values is None:
        return source
    if not any(map(holds_plain_ids, source.samples)):
        raise ValueError(
            "Expected mask_values for grey or palette masks of values that are not translated "
            f"already. Received: {source.name}, which has none"
        )
    return with_mask_values(source, _class_ids(mask_values, source.labels))


def _find_out(folder, options, mask_values):
    """The name of the source that reads a folder, and what the folder looks like, if anything."""
    from segtf.data.sources.recognise import recognise

    if folder is None:
        raise ValueError(
            "Expected the folder of a data set (--data-dir DIR), or a set by its name (--data "
            "NAME). Received: neither"
        )
    if not Path(folder).is_dir() or mask_values is not None or _OF_FOLDERS & set(options):
        return "folder", None
    likeness = recognise(Path(folder))
    return likeness.name if likeness else "folder", likeness


def _class_ids(mask_values, labels):
    """Value to class id, as numbers: JSON has text for keys."""
    allowed = {*range(labels.num_classes), labels.ignore_class} - {None}
    try:
        values = {int(value): int(id_) for value, id_ in mask_values.items()}
    except (AttributeError, TypeError, ValueError):
        values = {}
    if not values or not set(values.values()) <= allowed:
        raise ValueError(
            "Expected mask_values as value to class id (0 to "
            f"{labels.num_classes - 1}, or {labels.ignore_class} for what counts nowhere), such as "
            f'{{"0": 0, "255": 1}}. Received: {mask_values}'
        )
    return values


def default_folder(name):
    """Return where a data set is looked for when no folder is given."""
    place = os.environ.get("SEGTF_DATA")
    if not place and name in _MAKE_THEIR_FOLDER:
        return Path.home() / "tensorflow_datasets"
    return Path(place or ".") / _subfolder(name)


def _subfolder(name):
    return name.split("-")[0]
