"""Where an exported model comes from, as it is kept inside: code, data and figures."""

import importlib.metadata

import segtf
from segtf.files import read_json_object
from segtf.inference.model_path import find_model

_PACKAGES = ("tensorflow", "keras", "numpy")
_FIGURES = ("data", "split", "images", "mean_dice", "mean_iou", "pixel_accuracy")


def provenance(model, model_or_run):
    """Describe a model for those who find it in a file.

    Args:
        model: the `keras.Model` that is exported.
        model_or_run: what `segtf.export` was given. A run also tells about data and figures.

    Returns:
        A dict for JSON: ``model`` (its name), ``parameters``, ``packages`` (name to version),
        ``data`` (name, fingerprint, numbers of images) and ``metrics``, both `None` without a
        run. No path of this machine is in it.
    """
    run = find_model(model_or_run).best_of
    return {
        "model": model.name,
        "parameters": model.count_params(),
        "packages": _packages(),
        "data": None if run is None else _data(run),
        "metrics": None if run is None else _metrics(run),
    }


def _packages():
    others = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {"segtf": segtf.__version__, **others}


def _data(run):
    config, split = run.config(), run.split() if run.has_split else {}
    return {
        "name": config.get("data", {}).get("name"),
        "fingerprint": config.get("data_fingerprint"),
        **({"changed_while_training": run.accepted_changes()} if run.accepted_changes() else {}),
        "trained_on": len(split.get("train", ())),
        "held_out": len(split.get("val", ())),
    }


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
