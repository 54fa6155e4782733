"""segtf.evaluate: a model against labelled images, at their own resolution."""

from dataclasses import replace
from pathlib import Path

from segtf.data import (
    fingerprint,
    inspect_source,
    load_source,
    match_classes,
    select,
    with_classes_of,
)
from segtf.data.masks import with_mask_values
from segtf.data.sample import require_source
from segtf.evaluation.evaluation import Evaluation
from segtf.evaluation.out_of_fold import OutOfFold
from segtf.evaluation.report import write_report
from segtf.files import require_writable
from segtf.inference.formats import find_model
from segtf.inference.load import load
from segtf.inference.predictor import Predictor
from segtf.inference.truth import read_truth
from segtf.nearest import names_to_choose
from segtf.runs import Run
from segtf.tasks.choice import task_of

_DECIDED = "mask_values"
_NOT_HELD_OUT = ("train", "all")


def evaluate(
    model, source=None, split=None, out=None, outlines=None, on_image=None, **load_settings
):
    """Measure a model on labelled images at their own resolution, and write a report.

    Args:
        model: a run folder (or `Run`), or whatever else `segtf.load` takes, or its `Predictor`.
        source: a `segtf.data.Source`; by default the data that the run was trained on.
        split: name of a split of the run or the source; by default ``val`` for the run's own
            data and ``all`` for other data. ``val`` of a run of folds is every image, each
            predicted by the fold that held it out; other data is predicted by the ensemble.
        out: folder for the report. By default the run's ``report`` for what it held out, and one
            beside it for anything else, named after it: ``report-train``, ``report-NAME`` of
            another data set. Without a run, nothing is written.
        outlines: whether to measure outlines as well (boundary F, Hausdorff distance, average
            surface distance); by default for a binary task, where it is cheap.
        on_image: called after each image with the numbers of images done and in all.
        load_settings: of `segtf.load` (labels, resize, ...), for a model that lacks them.

    Returns:
        An `Evaluation`. Its report is `segtf.evaluation.report.write_report`'s.

    Raises:
        ValueError: if model and data do not fit together (classes are matched by name: see
            `segtf.data.match_classes`), or the split is not there.
    """
    found = None if isinstance(model, Predictor) else find_model(model)
    run = None if found is None else found.best_of
    source = _trained_on(run) if source is None else source
    require_source(source)
    is_own = run is not None and _is_own(source, run)
    if is_own:
        source = _read_alike(source, run)
    if found is not None and not found.brings_labels:
        load_settings.setdefault("labels", source.labels)
    predict = model if isinstance(model, Predictor) else load(model, **load_settings)
    match_classes(source.labels, predict.spec.labels)
    name, samples = _samples_of(source, run, split, is_own)
    # A part of the set: what its masks mean is decided by the whole.
    part = replace(source, samples=tuple(samples), splits={})
    source = with_classes_of(inspect_source(part, to_train=False)[0], predict.spec.labels)
    labels = source.labels
    spec = replace(predict.spec, labels=labels)
    folder = Path(out) if out is not None else run and _folder(run, source, name, is_own)
    if folder is not None:
        require_writable(folder)
        if run is not None:
            run.history()  # the report shows it: a damaged one is found before the work

    is_out_of_fold = is_own and run.has_folds and split in (None, "val")
    predictor_of = OutOfFold(run).of if is_out_of_fold else lambda sample: predict
    tally = task_of(spec).scores(labels, outlines)
    for done, sample in enumerate(source.samples, start=1):
        image, truth = read_truth(sample, spec)
        tally.add(sample.id, truth, predictor_of(sample)(image, probabilities=True))
        if on_image is not None:
            on_image(done, len(source.samples))
    evaluation = Evaluation(
        model=_name_of(model),
        data=source.name,
        split="out of fold" if is_out_of_fold else name,
        spec=spec,
        measured=tally.measured(),
        folder=folder,
    )
    if evaluation.folder is not None:
        write_report(evaluation, source.samples, predictor_of, run)
    return evaluation


def _folder(run, source, split, is_own):
    """Where the report belongs: figures of other images never replace those of the held-out."""
    if is_own:
        return run.report_on(split) if split in _NOT_HELD_OUT else run.report
    return run.report_on(source.name if split == "all" else f"{source.name}-{split}")


def _trained_on(run):
    if run is None:
        raise ValueError(
            "Expected a source of labelled images for a model without a run folder. Received: None"
        )
    origin = run.config()["data"]
    if not origin:
        raise ValueError(f"Expected a source: the run's own has no name. Received: {run.path}")
    return load_source(**origin)


def _samples_of(source, run, split, is_own):
    """Name and samples of the split."""
    splits = {**source.splits, **(run.split() if is_own else {}), "all": None}
    name = split or ("val" if is_own else "all")
    if name not in splits:
        known = names_to_choose(sorted(splits), name)
        raise ValueError(f"Expected a split out of {known}. Received: {name!r}")
    samples = source.samples if name == "all" else select(source.samples, splits[name])
    if not samples:
        raise ValueError(f"Expected images in split {name!r}. Received: none")
    return name, samples


def _read_alike(source, run):
    """The source with its masks read as the run read them."""
    values = run.config()["data"].get(_DECIDED)
    if values is None or _DECIDED in source.origin:
        return source
    return with_mask_values(source, {int(value): id_ for value, id_ in values.items()})


def _is_own(source, run):
    """Whether a run was trained on this data, wherever it lies now and whatever it is called."""
    config = run.config()
    if _without_decisions(source.origin) == _without_decisions(config["data"]):
        return True
    if not run.has_split:
        return False
    trained_on = {id_ for ids in run.split().values() for id_ in ids}
    if not trained_on <= {sample.id for sample in source.samples}:
        return False
    return fingerprint(source) == config.get("data_fingerprint")


def _without_decisions(origin):
    return {name: value for name, value in origin.items() if name != _DECIDED}


def _name_of(model):
    if isinstance(model, Run | str | Path):
        return Path(model.path if isinstance(model, Run) else model).resolve().name
    return getattr(model, "name", type(model).__name__)
