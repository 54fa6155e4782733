"""What an exported model says about itself."""

import json
from pathlib import Path

from segtf import signatures
from segtf.inference.tflite_file import tflite_details
from segtf.spec import ModelSpec
from segtf.version_folders import newest_version


def export_info(path):
    """Read what `segtf.export` wrote into an exported model.

    Args:
        path: a SavedModel folder (``DIR/1``, or ``DIR`` for its newest version) or a ``.tflite``
            file.

    Returns:
        The path of the model and a dict: what `ModelSpec.to_dict` gives (``format_version``,
        ``labels``, ``size``, ``channels``, ``resize``, ``threshold``) and ``provenance`` (see
        `segtf.exporting.provenance.provenance`).

    Raises:
        ValueError: if it is not there, was not written by `segtf.export`, or by a newer one.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"Expected an exported model. Received: {path}, which does not exist")
    if path.suffix == ".tflite":
        details = tflite_details(path)
    else:
        path = newest_version(path) or path
        details = _asset(path)
    if details is None:
        raise ValueError(f"Expected a model that segtf.export wrote. Received: {path}")
    ModelSpec.from_dict(details)
    return path, details


def _asset(path):
    asset = path / signatures.SPEC_ASSET
    return json.loads(asset.read_text(encoding="utf-8")) if asset.is_file() else None


def describe_export(path, details):
    """Return what `export_info` read as lines of text."""
    kind = "TFLite" if path.suffix == ".tflite" else "SavedModel"
    origin = details["provenance"]
    height, width = details["size"]
    lines = [
        ("format", f"{kind}, format version {details['format_version']}"),
        ("model", f"{origin['model']}, {origin['parameters']:,} parameters"),
        ("takes", f"{height} x {width} x {details['channels']}, pixels 0..255"),
        ("resize", details["resize"]),
        ("threshold", f"{details['threshold']:g}"),
    ]
    labels = details["labels"]
    for index, (name, color) in enumerate(zip(labels["names"], labels["colors"], strict=True)):
        lines.append((f"class {index}", f"{name}, colour #{bytes(color).hex()}"))
    lines += [
        ("data", _joined(origin.get("data"))),
        ("metrics", _joined(origin.get("metrics"))),
        ("packages", _joined(origin.get("packages"))),
    ]
    return [str(path), *(f"  {name:<10} {text}" for name, text in lines)]


def _joined(values):
    if not values:
        return "not known: exported without a run"
    return ", ".join(f"{name.replace('_', ' ')} {_shown(one)}" for name, one in values.items())


def _shown(value):
    return f"{value:.4f}" if isinstance(value, float) else str(value)
