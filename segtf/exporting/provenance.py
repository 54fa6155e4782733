"""Where an exported model comes from, as it is kept inside: code, data and figures."""

import contextlib
import importlib.metadata
import re
from pathlib import Path

import segtf
from segtf.files import read_json_object
from segtf.inference.formats import find_model
from segtf.text_files import clean, read_text

_PACKAGES = ("tensorflow", "keras", "numpy")
_LICENCE = re.compile(r"(?i)(un)?licen[cs]e(\.txt|\.md)?|copying(\.txt)?")
_LONGEST_LICENCE = 200
_FIGURES = ("data", "split", "images", "mean_dice", "mean_iou", "pixel_accuracy")


def provenance(model, model_or_run):
    """Describe a model for those who find it in a file.

    Args:
        model: the `keras.Model` that is exported.
        model_or_run: what `segtf.export` was given. A run also has data and metrics.

    Returns:
        A dict for JSON: ``model`` (its name), ``parameters``, ``packages`` (name to version),
        ``data`` (name, fingerprint, numbers of images, licence) and ``metrics``, both `None`
        without a run. No path of this machine and no name of a sample is in it.
    """
    own = {"model": model.name, "parameters": model.count_params()}
    return {**own, **origin_of(find_model(model_or_run).best_of)}


def details_of(spec, dynamic_size, origin):
    """Return what an exported model says about itself.

    Args:
        spec: its `ModelSpec`.
        dynamic_size: whether it takes images of any size.
        origin: what `provenance` returned.

    Returns:
        A dict for JSON: what `ModelSpec.to_dict` gives, ``dynamic_size``, ``provenance``, and the
        ``threshold`` of the task once more, where programs written for format version 1 read it.
    """
    at_top = {} if spec.threshold is None else {"threshold": spec.threshold}
    return {**spec.to_dict(), **at_top, "dynamic_size": dynamic_size, "provenance": origin}


def origin_of(run):
    """Return ``packages``, ``data`` and ``metrics`` of `provenance`, for a `Run` or `None`."""
    return {
        "packages": _packages(),
        "data": None if run is None else _data(run),
        "metrics": None if run is None else _metrics(run),
    }


def _packages():
    others = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {"segtf": segtf.__version__, **others}


def _data(run):
    config, split = run.config(), run.split() if run.has_split else {}
    # "3 altered: a.png, ...": how many, and not which.
    changes = [line.partition(":")[0] for line in run.accepted_changes()]
    return {
        "name": config.get("data", {}).get("name"),
        "fingerprint": config.get("data_fingerprint"),
        **({"changed_while_training": changes} if changes else {}),
        "trained_on": len(split.get("train", ())),
        "held_out": len(split.get("val", ())),
        "licence": _licence(config.get("data", {}).get("folder")),
    }


def _licence(folder):
    """The first line of the file that a data set states its licence in, or `None`."""
    folder = Path(folder) if folder else None
    if folder is None or not folder.is_dir():
        return None
    for path in sorted(folder.iterdir()):
        if path.is_file() and _LICENCE.fullmatch(path.name):
            with contextlib.suppress(ValueError):
                lines = [clean(line) for line in read_text(path).splitlines()]
                return next((line[:_LONGEST_LICENCE] for line in lines if line), None)
    return None


def _metrics(run):
    """Figures of the evaluation, or of the best epoch where there has been none yet."""
    report = run.report / "metrics.json"
    if report.is_file():
        summary = read_json_object(report)
        figures = {name: summary[name] for name in _FIGURES if name in summary}
        return {"from": "evaluation", **figures}
    best = run.best_epoch()
    if best is None:
        return None
    figures = {name: value for name, value in best.items() if name.startswith("val_")}
    return {"from": "training", "epoch": int(best["epoch"]), **figures}
