"""Images that a run was trained on, or held out, with their masks."""

from dataclasses import replace

import numpy as np

from segtf.data import inspect_source, load_source, read_class_ids, select
from segtf.inference.model_path import find_model


def run_source(run, split, limit):
    """Return labelled images of a run's split.

    Args:
        run: a run folder; anything else has none.
        split: ``train`` or ``val``.
        limit: largest number of images, taken evenly from the split.

    Returns:
        A `segtf.data.Source`, or `None` where the data is no longer where it was.
    """
    source = split_source(run, split)
    return source and some(source, limit)


def some(source, limit):
    """Return a source with at most `limit` of its samples, taken evenly, ready to be decoded."""
    step = max(1, len(source.samples) // limit)
    chosen = replace(source, samples=source.samples[::step][:limit], splits={})
    return inspect_source(chosen, to_train=False)[0]


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


def calibration_images(whole, limit):
    """Return images of a data set that show every class that the set has.

    Args:
        whole: a `segtf.data.Source` of labelled images.
        limit: number of images, taken evenly from the set; where a class is not among them,
            images that show it come on top.

    Returns:
        A list of paths, and the ids of the classes that these images show, ascending.
    """
    chosen = some(whole, limit)
    samples, seen = list(chosen.samples), _classes(chosen)
    wanted = set(range(whole.labels.num_classes))
    if not wanted <= seen:
        for sample in inspect_source(whole, to_train=False)[0].samples:
            shown = _classes_of(sample, whole.labels) & wanted
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


def _classes(source):
    return set().union(*(_classes_of(sample, source.labels) for sample in source.samples))


def _classes_of(sample, labels):
    return set(np.unique(read_class_ids(sample, labels)).tolist())
