"""What a trained or exported model says about itself."""

from segtf import signatures
from segtf.exporting.provenance import provenance
from segtf.files import read_json_object, reading
from segtf.inference.keras_model import load_keras
from segtf.inference.model_path import KERAS, ONNX, SAVED_MODEL, TFLITE, find_model
from segtf.inference.onnx_file import onnx_details, open_onnx
from segtf.inference.tflite_file import tflite_details, tflite_runtime
from segtf.models.keras_file import read_keras_file
from segtf.spec import ModelSpec

_KINDS = {KERAS: "Keras", SAVED_MODEL: "SavedModel", TFLITE: "TFLite", ONNX: "ONNX"}
_SOME_SIZE = (256, 256)


def export_info(path):
    """Read what `segtf.export` wrote into an exported model, or what a run says of its model.

    Args:
        path: a SavedModel folder (``DIR/1``, or ``DIR`` for its newest version), a ``.tflite`` or
            ``.onnx`` file, a run folder, or a ``.keras`` file.

    Returns:
        The path of the model and a dict: what `ModelSpec.to_dict` gives (``format_version``,
        ``labels``, ``size``, ``channels``, ``resize``, ``threshold``), ``dynamic_size`` and
        ``provenance`` (see `segtf.exporting.provenance.provenance`). A ``.keras`` file without a
        run has classes ``class_0``, ``class_1``, ..., as `segtf.load` gives it, and the size
        ``[None, None]`` if it takes any.

    Raises:
        ValueError: if it is not there, is an export that `segtf.export` did not write, or one of
            a newer segtf.
    """
    found = find_model(path)
    if found.kind == KERAS:
        return found.path, _keras_details(path, found)
    if found.kind == TFLITE:
        details = tflite_details(found.path)
    elif found.kind == ONNX:
        details = onnx_details(open_onnx(found.path), found.path)
    else:
        details = _asset(found.path)
    if details is None:
        raise ValueError(f"Expected a model that segtf.export wrote. Received: {found.path}")
    with reading(found.path, "a model with the spec that segtf.export wrote"):
        ModelSpec.from_dict(details)
    return found.path, {"dynamic_size": False, "provenance": None, **details}


def _asset(path):
    asset = path / signatures.SPEC_ASSET
    return read_json_object(asset) if asset.is_file() else None


def _keras_details(path, found):
    model, size = path, None
    if found.run is None:
        model = read_keras_file(found.path)
        takes_any = None in model.inputs[0].shape[1:3]
        size = _SOME_SIZE if takes_any else None
    model, spec, _ = load_keras(model, size=size)
    details = {**spec.to_dict(), "dynamic_size": None in model.inputs[0].shape[1:3]}
    if size is not None:
        details["size"] = [None, None]
    return {**details, "provenance": provenance(model, path)}


def describe_export(path, details):
    """Return what `export_info` read as lines of text."""
    kind = _KINDS[find_model(path).kind]
    origin = details["provenance"] or {}
    height, width = ("any" if side is None else side for side in details["size"])
    takes = f"{height} x {width} x {details['channels']}, pixels 0..255"
    lines = [
        ("format", f"{kind}, format version {details['format_version']}"),
        ("model", _model(origin)),
        ("takes", takes + (", or any other size" if _takes_others(details) else "")),
        *([("gives", details["gives"].replace("_", " "))] if "gives" in details else []),
        ("resize", details["resize"]),
        ("threshold", f"{details['threshold']:g}"),
    ]
    labels = ModelSpec.from_dict({**details, "size": [1, 1]}).labels
    for index, (name, color) in enumerate(zip(labels.names, labels.colors, strict=True)):
        lines.append((f"class {index}", f"{name}, colour #{bytes(color).hex()}"))
    if path.suffix == ".tflite" and tflite_runtime(path):
        lines.insert(1, ("runtime", f"TFLite {tflite_runtime(path)} or later"))
    lines += [
        ("data", _joined(origin.get("data"))),
        ("metrics", _joined(origin.get("metrics"))),
        ("packages", _joined(origin.get("packages"))),
    ]
    return [str(path), *(f"  {name:<10} {text}" for name, text in lines)]


def _model(origin):
    if "model" not in origin:
        return "not known"
    return f"{origin['model']}, {origin['parameters']:,} parameters"


def _takes_others(details):
    return details.get("dynamic_size") and None not in details["size"]


def _joined(values):
    if not values:
        return "not known: made without a run"
    return ", ".join(f"{name.replace('_', ' ')} {_shown(one)}" for name, one in values.items())


def _shown(value):
    return f"{value:.4f}" if isinstance(value, float) else str(value)
