"""segtf.comparing.benchmark: trained and exported models side by side."""

import math
import platform
from dataclasses import replace
from pathlib import Path

from segtf.comparing.generated_images import generated_images
from segtf.comparing.parity_report import ParityReport, make_rows
from segtf.comparing.run_images import split_source
from segtf.comparing.side_by_side import examples_of, side_by_side, unlabelled_examples
from segtf.comparing.speed import measure_speed, size_in_bytes
from segtf.data import inspect_source, match_classes, select, with_classes_of
from segtf.devices import read_cpu_name
from segtf.files import require_writable
from segtf.inference.formats import find_model
from segtf.inference.load import load
from segtf.nearest import names_to_choose
from segtf.ranges import number, whole_number
from segtf.resources import usable_cores


def benchmark(
    models, source=None, split=None, out=None, threads=None, runs=50, seconds=5.0, **load_settings
):
    """Measure models on the same images: agreement with the first, IoU, size, latency, memory.

    Args:
        models: paths of run folders, ``.keras``, ``.tflite`` and ``.onnx`` files and SavedModel
            folders, of the same classes. The first is what the others are compared with.
        source: a `segtf.data.Source` of labelled images; by default what the first run among
            the models held out. Without either, the models are compared on generated images.
        split: a split of the source; by default all of its images.
        out: folder for ``benchmark.json``, ``benchmark.md`` and ``benchmark.png``; without one
            nothing is written.
        threads: threads that each runtime may use; by default all available cores.
        runs: how often each model is run on one image, 5 or more.
        seconds: longest time, in seconds, that the runs of one model take, after the first five.
        load_settings: of `segtf.load` (labels, resize, ...), for models that lack them.

    Returns:
        A `ParityReport`.

    Raises:
        ValueError: without models, for models of different numbers of classes, or images that
            do not fit them.
    """
    paths = [Path(model) for model in models]
    if not paths:
        raise ValueError("Expected at least one model. Received: none")
    if threads is not None:
        whole_number("threads", threads, 1, usable_cores())
    whole_number("runs", runs, 5, 1_000_000)
    number("seconds", seconds, 0, math.inf)
    if out is not None:
        require_writable(out)
    predictors = [load(path, **load_settings) for path in paths]
    first = predictors[0].spec
    _check_classes(paths, predictors)
    source, origin = _labelled(paths, source, split, first.labels)
    if source is None:
        examples = unlabelled_examples(generated_images(first), first.channels)
    else:
        examples = examples_of(source, first)
    comparison = side_by_side(predictors, examples)
    speeds = [
        measure_speed(path, one.spec.size, threads, runs, seconds)
        for path, one in zip(paths, predictors, strict=True)
    ]
    report = ParityReport(
        rows=make_rows(
            _names(paths), list(map(_format, paths)), list(map(_size, paths)), comparison, speeds
        ),
        labels=first.labels,
        images=comparison.images,
        labelled=comparison.labelled,
        origin=origin,
        cases=comparison.cases,
        details={"processor": read_cpu_name(unknown=platform.machine())},
        task=first.task.name,
    )
    if out is not None:
        report.save(Path(out), "benchmark")
    return report


def _labelled(paths, source, split, labels):
    """Labelled images and where they come from."""
    if source is None:
        runs = [path for path in paths if find_model(path).best_of is not None]
        source = split_source(runs[0], split or "val") if runs else None
        if source is None:
            return None, "generated images"
        source = with_classes_of(inspect_source(source, to_train=False)[0], labels)
        return source, f"{source.name}, {split or 'val'}"
    if split not in (None, "all"):
        if split not in source.splits:
            raise ValueError(
                f"Expected a split out of {names_to_choose(sorted(source.splits), split)}. "
                f"Received: {split!r}"
            )
        source = replace(source, samples=tuple(select(source.samples, source.splits[split])))
    part = inspect_source(replace(source, splits={}), to_train=False)[0]
    return with_classes_of(part, labels), f"{source.name}, {split or 'all'}"


def _check_classes(paths, predictors):
    first = predictors[0].spec.labels
    expected = first.num_classes
    for path, one in zip(paths, predictors, strict=True):
        labels = one.spec.labels
        if labels.num_classes != expected:
            raise ValueError(
                f"Expected models of {expected} classes, like {paths[0]}. "
                f"Received: {path} of {labels.num_classes}"
            )
        if match_classes(labels, first) != tuple(range(expected)):
            raise ValueError(
                f"Expected models whose classes are in the order of {paths[0]}: "
                f"{', '.join(first.names)}. Received: {path}: {', '.join(labels.names)}"
            )


def _names(paths):
    """The last parts of the paths, or the whole paths where these do not differ."""
    # The name of a version folder is its number.
    names = ["/".join(path.parts[-2:]) if path.name.isdigit() else path.name for path in paths]
    return names if len(set(names)) == len(names) else list(map(str, paths))


def _format(path):
    return find_model(path).format.name


def _size(path):
    return size_in_bytes(find_model(path).path)
