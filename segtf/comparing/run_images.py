"""Images that a run was trained on, or held out, with their masks."""

from dataclasses import replace

import numpy as np

from segtf.data import (
    inspect_source,
    load_source,
    match_classes,
    read_class_ids,
    select,
    with_classes_of,
)
from segtf.inference.formats import find_model


def run_source(run, split, limit, labels=None):
    """Return labelled images of a run's split.

    Args:
        run: a run folder; anything else has none.
        split: ``train`` or ``val``.
        limit: largest number of images, taken evenly from the split.
        labels: `LabelMap` of the model, by default that of the data.

    Returns:
        A `segtf.data.Source`, or `None` where the data is no longer where it was.
    """
    source = split_source(run, split)
    return source and some(source, limit, labels)


def some(source, limit, labels=None):
    """Return a source with at most `limit` of its samples, taken evenly, ready to be decoded.

    Its masks are read as class ids of `labels`, by default as its own.

    Raises:
        ValueError: if the classes do not match, or a file cannot be used.
    """
    step = max(1, len(source.samples) // limit)
    chosen = replace(source, samples=source.samples[::step][:limit], splits={})
    return _ready(chosen, labels)


def for_calibration(source):
    """Return the images of a data set to calibrate on, and the others, to compare on.

    Args:
        source: a `segtf.data.Source` of labelled images.

    Returns:
        Two sources: the split ``train`` and the rest of the set or, without one, every second
        image and those between. Where that leaves none to compare on, these are the same.
    """
    train = set(source.splits.get("train", ()))
    if not train:
        train = {sample.id for sample in source.samples[::2]}
    chosen = [sample for sample in source.samples if sample.id in train]
    rest = [sample for sample in source.samples if sample.id not in train]
    return (
        replace(source, samples=tuple(chosen), splits={}),
        replace(source, samples=tuple(rest or chosen), splits={}),
    )


def calibration_images(whole, limit, labels=None):
    """Return images of a data set that show every class that the set has.

    Args:
        whole: a `segtf.data.Source` of labelled images.
        limit: number of images, taken evenly from the set; where a class is not among them,
            images that show it come on top.
        labels: `LabelMap` of the model, by default that of the data.

    Returns:
        A list of paths, and the model's ids of the classes that these images show, ascending.
    """
    chosen = some(whole, limit, labels)
    samples, seen = list(chosen.samples), _classes(chosen)
    wanted = set(match_classes(whole.labels, chosen.labels))
    if not wanted <= seen:
        for sample in _ready(whole, labels).samples:
            shown = _classes_of(sample, chosen.labels) & wanted
            if shown - seen:
                samples.append(sample)
                seen |= shown
            if wanted <= seen:
                break
    return [sample.image for sample in samples], tuple(sorted(seen & wanted))


def split_source(run, split):
    """Return all labelled images of a run's split, as `run_source` does."""
    run = find_model(run).best_of
    if run is None:
        return None
    try:
        source = load_source(**run.config()["data"])
        return replace(source, samples=tuple(select(source.samples, run.split()[split])), splits={})
    except (ValueError, OSError, KeyError):
        return None


def _ready(source, labels):
    source = inspect_source(source, to_train=False)[0]
    return source if labels is None else with_classes_of(source, labels)


def _classes(source):
    return set().union(*(_classes_of(sample, source.labels) for sample in source.samples))


def _classes_of(sample, labels):
    return set(np.unique(read_class_ids(sample, labels)).tolist())
