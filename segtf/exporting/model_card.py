"""The model card: what a model is, was made from and is good for, in Markdown, for people.

After Mitchell et al., "Model Cards for Model Reporting" (2019). No image is shown or named in it.
"""

import re

from segtf.files import read_json_object
from segtf.inference.formats import find_model
from segtf.signatures import LOGITS
from segtf.spec import ModelSpec
from segtf.tasks.choice import task_of

_MARKS = re.compile(r"([\\`*_\[\]|#<>])")
_LOW_IOU = 0.5
_NOT_STATED = "not stated"


def read_figures(model_or_run):
    """Return what `segtf evaluate` found on a run's held-out images, or `None`.

    Args:
        model_or_run: what `segtf.export` was given.
    """
    run = find_model(model_or_run).best_of
    path = None if run is None else run.report / "metrics.json"
    return read_json_object(path) if path is not None and path.is_file() else None


def model_card(name, about, report, figures):
    """Return a model card.

    Args:
        name: of the file or folder.
        about: what an export says about itself: the spec as a dict, ``dynamic_size`` and
            ``provenance``.
        report: the `ParityReport` of the export.
        figures: what `read_figures` returned.

    Returns:
        Text in Markdown.
    """
    origin, names = about["provenance"], about["labels"]["names"]
    data = origin["data"] or {}
    sections = [
        [f"# Model card: {_text(name)}", "", _summary(about, report)],
        ["## Classes", "", *_classes(about["labels"])],
        ["## Intended use", "", *_use(names, data)],
        ["## Data", "", *_data(data)],
        ["## Figures", "", *_figures(about, figures, origin["metrics"])],
        ["## Agreement with the trained model", "", *_agreement(report)],
        ["## Limits", "", *_limits(about, figures, data, report)],
        ["## Made with", "", _joined(origin["packages"])],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _summary(about, report):
    origin, (height, width) = about["provenance"], about["size"]
    size = f"of {height} x {width} (height x width)"
    others = f"others are brought to {height} x {width} by: {about['resize']}"
    if about["dynamic_size"]:
        size, others = "of any height and width", f"it was made for {height} x {width}"
    spec = ModelSpec.from_dict(about)
    threshold = "".join(
        f" A pixel is {_text(name)} from a probability of {one:g} on."
        for name, one in task_of(spec).thresholds(spec).items()
    )
    return (
        f"A segmentation model, {_text(origin['model'])}, of {origin['parameters']:,} parameters, "
        f"in the format {report.rows[-1].format}. It takes images {size} and {about['channels']} "
        f"channels, pixels 0..255; {others}.{threshold}"
    )


def _classes(labels):
    rows = zip(labels["names"], labels["colors"], strict=True)
    yield from _table(
        ("id", "class", "colour"),
        [(str(id_), _text(name), f"#{bytes(rgb).hex()}") for id_, (name, rgb) in enumerate(rows)],
    )
    if labels["ignore_class"] is not None:
        yield ""
        yield f"Pixels of the value {labels['ignore_class']} in a mask belong to no class."


def _use(names, data):
    shown = ", ".join(map(_text, names))
    like = f"images like those of {_text(data['name'])}" if data.get("name") else "images"
    yield f"To tell apart, in {like}: {shown}."
    yield ""
    yield (
        "Other uses have not been examined. Where a decision about a person depends on a mask, "
        "measure on images of that use first, and have somebody look at the mask."
    )


def _data(data):
    if not data:
        yield "Not known: exported without the run that trained it."
        return
    rows = [
        ("data set", _text(data["name"] or _NOT_STATED)),
        ("fingerprint of its files", _text(data["fingerprint"] or "not known")),
        ("images trained on", str(data["trained_on"])),
        ("images held out", str(data["held_out"])),
        ("licence of the data", _text(data["licence"] or _NOT_STATED)),
    ]
    if data.get("changed_while_training"):
        rows.append(("changed while training", _text("; ".join(data["changed_while_training"]))))
    yield from _table(("what", "value"), rows)


def _figures(about, figures, metrics):
    if figures is None:
        yield from _figures_of_training(metrics)
        return
    titles = task_of(ModelSpec.from_dict(about)).titles(tuple(figures.get("per_class", ())))
    intervals = figures.get("confidence_intervals") or {}
    level = intervals.get("level", 0.95)
    yield (
        f"Measured on {figures['images']} images (split {_text(figures['split'])} of "
        f"{_text(figures['data'])}), each at its own size, before the export. Intervals, of "
        f"{level:.0%}: {_text(intervals.get('method', 'none, for want of images'))}."
    )
    yield ""
    rows = [
        (title, _number(figures[key]), _interval(intervals.get(key)))
        for key, title in titles.items()
        if key in figures
    ]
    yield from _table(("figure", "value", "interval"), rows)
    yield ""
    per_class = figures.get("per_class", {})
    rows = [
        (_text(name), _number(one["dice"]), _number(one["iou"]), _interval(one.get("iou_interval")))
        for name, one in per_class.items()
    ]
    yield from _table(("class", "class Dice", "class IoU", "interval of the IoU"), rows)


def _figures_of_training(metrics):
    if not metrics:
        yield "Not known: exported without the run that trained it."
        return
    yield (
        f"Of epoch {metrics['epoch']} of the training, on the images held out, at the model's "
        "size, without intervals (`segtf evaluate` before the export gives them)."
    )
    yield ""
    rows = [(_text(key), _number(one)) for key, one in metrics.items() if key.startswith("val_")]
    yield from _table(("figure", "value"), rows)


def _agreement(report):
    yield f"Compared with the Keras model on {report.images} images ({_text(report.origin)})."
    yield ""
    yield from report.table(markdown=True)


def _limits(about, figures, data, report):
    if figures is not None and figures.get("split") == "val":
        yield (
            "- The best epoch was chosen on the images that the figures are of: expect slightly "
            "less on others."
        )
    if figures is not None or about["provenance"]["metrics"]:
        yield (
            "- All figures are of images from one source. Other cameras, places and people, and "
            "differences between groups of them, have not been measured."
        )
    per_class = {} if figures is None else figures.get("per_class", {})
    low = [
        f"{_text(name)} ({_number(one['iou'])})"
        for name, one in per_class.items()
        if one["iou"] is not None and one["iou"] < _LOW_IOU
    ]
    if low:
        yield f"- Classes of an IoU below {_LOW_IOU:g}: {', '.join(low)}."
    unseen = [_text(name) for name, one in per_class.items() if one["iou"] is None]
    if unseen:
        yield f"- Classes that the images measured on do not show: {', '.join(unseen)}."
    if not about["dynamic_size"]:
        yield (
            f"- The network sees images at {about['size'][0]} x {about['size'][1]}: what is too "
            "small to be seen at that size is lost."
        )
    if about.get("gives", LOGITS) != LOGITS:
        yield "- Classes are decided at that size, which blurs outlines of larger images."
    if not report.labelled:
        yield "- The agreement was measured on images without labels."
    if data and not data["licence"]:
        yield "- The licence of the data was not stated with it: ask before you pass the model on."


def _table(header, rows):
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _joined(values):
    return ", ".join(f"{name} {_text(value)}" for name, value in values.items()) + "."


def _interval(pair):
    return "-" if not pair or None in pair else f"{_number(pair[0])} to {_number(pair[1])}"


def _number(value):
    return "-" if value is None else f"{value:.3f}"


def _text(value):
    """Text whose characters mean nothing in Markdown."""
    return _MARKS.sub(r"\\\1", " ".join(str(value).split()))
