"""What a trained or exported model says about itself."""

from segtf.exporting.provenance import origin_of
from segtf.files import reading
from segtf.inference.formats import KERAS, TFLITE, find_model
from segtf.inference.formats.tflite_file import tflite_runtime
from segtf.spec import ModelSpec


def export_info(path):
    """Read what `segtf.export` wrote into an exported model, or what a run says of its model.

    Args:
        path: a SavedModel folder (``DIR/1``, or ``DIR`` for its newest version), a ``.tflite`` or
            ``.onnx`` file, a run folder, or a ``.keras`` file.

    Returns:
        The path of the model and a dict: what `ModelSpec.to_dict` gives (``format_version``,
        ``task``, ``labels``, ``size``, ``channels``, ``resize``), ``dynamic_size`` and
        ``provenance`` (see `segtf.exporting.provenance.provenance`). A ``.keras`` file without a
        run has classes ``class_0``, ``class_1``, ..., as `segtf.load` gives it, and the size
        ``[None, None]`` if it takes any.

    Raises:
        ValueError: if it is not there, is an export that `segtf.export` did not write, or one of
            a newer segtf.
    """
    found = find_model(path)
    details = found.format.details(found)
    if details is None:
        raise ValueError(f"Expected a model that segtf.export wrote. Received: {found.path}")
    if found.format is KERAS:  # its run says where it comes from
        origin = {**details["provenance"], **origin_of(found.best_of)}
        return found.path, {**details, "provenance": origin}
    with reading(found.path, "a model with the spec that segtf.export wrote"):
        ModelSpec.from_dict(details)
    return found.path, {"dynamic_size": False, "provenance": None, **details}


def describe_export(path, details):
    """Return what `export_info` read as lines of text."""
    format = find_model(path).format
    origin = details["provenance"] or {}
    height, width = ("any" if side is None else side for side in details["size"])
    takes = f"{height} x {width} x {details['channels']}, pixels 0..255"
    lines = [
        ("format", f"{format.title}, format version {details['format_version']}"),
        ("model", _model(origin)),
        ("takes", takes + (", or any other size" if _takes_others(details) else "")),
        *([("gives", details["gives"].replace("_", " "))] if "gives" in details else []),
        ("resize", details["resize"] + _shrunk(details)),
    ]
    spec = ModelSpec.from_dict({**details, "size": [1, 1]})
    labels, settings = spec.labels, spec.task.to_dict()
    lines.append(("task", settings.pop("name")))
    lines += [(name, _setting(value)) for name, value in settings.items()]
    for index, (name, color) in enumerate(zip(labels.names, labels.colors, strict=True)):
        lines.append((f"class {index}", f"{name}, colour #{bytes(color).hex()}"))
    if format is TFLITE and tflite_runtime(path):
        lines.insert(1, ("runtime", f"TFLite {tflite_runtime(path)} or later"))
    lines += [
        ("data", _joined(origin.get("data"))),
        ("metrics", _joined(origin.get("metrics"))),
        ("packages", _joined(origin.get("packages"))),
    ]
    return [str(path), *(f"  {name:<10} {text}" for name, text in lines)]


def _setting(value):
    if isinstance(value, list | tuple):
        return ", ".join(map(_setting, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _model(origin):
    if "model" not in origin:
        return "not known"
    return f"{origin['model']}, {origin['parameters']:,} parameters"


def _takes_others(details):
    return details.get("dynamic_size") and None not in details["size"]


def _shrunk(details):
    return ", shrunk plainly" if details.get("for_resize") == "plain" else ""


def _joined(values):
    if not values:
        return "not known: made without a run"
    return ", ".join(f"{name.replace('_', ' ')} {_shown(one)}" for name, one in values.items())


def _shown(value):
    if value is None:
        return "not stated"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
