"""The spec of a model: made for one that brings none, adapted for one that brings it."""

import dataclasses

from segtf.files import reading
from segtf.inference.meaning import PROBABILITIES
from segtf.labels import LabelMap
from segtf.spec import ModelSpec
from segtf.tasks.choice import task_of
from segtf.tasks.semantic.answer import channel_names, names_for_channels


def make_spec(input_shape, head_channels, labels=None, resize=None, threshold=None, size=None):
    """Return the spec of a model that came without one.

    Args:
        input_shape: height, width (`None` where any will do) and channels that the model takes.
        head_channels: channels that it gives.
        labels: `LabelMap`; by default the classes are ``class_0``, ``class_1``, ...
        resize: resize rule; ``stretch`` by default.
        threshold: probability from which a pixel of a binary task is foreground; 0.5 by default.
        size: height and width to work at; by default the model's own.

    Raises:
        ValueError: if the model takes any size and none is given, or what is given does not fit
            the model.
    """
    height, width, channels = input_shape
    if size is None and None in (height, width):
        raise ValueError(
            "Expected size=(height, width) for a model that takes images of any size. "
            f"Received: size=None and a model of input {input_shape}"
        )
    names = names_for_channels(head_channels)
    spec = ModelSpec(
        labels=labels or LabelMap(names),
        size=size or (height, width),
        channels=channels,
        resize=resize or "stretch",
        threshold=0.5 if threshold is None else threshold,
    )
    check_spec(spec, input_shape, head_channels)
    return spec


def num_channels(labels):
    """Return the logits that stand for the class ids of a model that gives these.

    Raises:
        ValueError: without labels: how many classes there are cannot be seen.
    """
    if labels is None:
        raise ValueError(
            "Expected labels= (--labels FILE) for a model that gives class ids and brings no "
            "class names. Received: labels=None"
        )
    return len(channel_names(labels.names))


def adapt_spec(spec, labels=None, resize=None, threshold=None, size=None):
    """Return the spec that a model brings, with what was asked for in its place.

    Raises:
        ValueError: for labels of another number of classes or another size.
    """
    if labels is not None and labels.num_classes != spec.labels.num_classes:
        raise ValueError(
            f"Expected labels of {spec.labels.num_classes} classes, as the model has. "
            f"Received: {labels.names}"
        )
    if size is not None and tuple(size) != spec.size:
        raise ValueError(
            f"Expected no size, or {spec.size}, at which the model works. Received: {size}"
        )
    asked = {"labels": labels, "resize": resize, "threshold": threshold}
    asked = {name: value for name, value in asked.items() if value is not None}
    return dataclasses.replace(spec, **asked)


def adapt_exported_spec(details, path, outputs=None, **asked):
    """Return the spec that an exported model brings, with what was asked for in its place.

    Args:
        details: what `segtf.export` wrote into it.
        path: where it lies, for messages.
        outputs: ``logits``, which it gives, or `None`.
        asked: `labels`, `resize`, `threshold` and `size` in place of those of the spec; a file for
            any size takes another `size` as well.

    Raises:
        ValueError: for a damaged spec, or arguments that do not fit it.
    """
    if outputs == PROBABILITIES:
        raise ValueError(
            "Expected no outputs= for a model that segtf.export wrote, which brings what it "
            f"gives. Received: outputs={outputs!r}"
        )
    with reading(path, "a model with the spec that segtf.export wrote"):
        spec = ModelSpec.from_dict(details)
    if details.get("dynamic_size") and asked.get("size") is not None:
        spec = dataclasses.replace(spec, size=asked["size"])
    return adapt_spec(spec, **asked)


def check_spec(spec, input_shape, head_channels):
    """Check that a model takes and gives what its spec says.

    Raises:
        ValueError: naming what differs.
    """
    expected = (*spec.size, spec.channels)
    if any(side not in (None, wanted) for side, wanted in zip(input_shape, expected, strict=True)):
        raise ValueError(
            f"Expected a model that takes (height, width, channels) = {expected}. "
            f"Received: one that takes {tuple(input_shape)}"
        )
    expected = task_of(spec).channels(spec)
    if head_channels != expected:
        raise ValueError(
            f"Expected {expected} logits per pixel for the "
            f"{spec.labels.num_classes} classes {list(spec.labels.names)}. "
            f"Received: a model that gives {head_channels}"
        )
