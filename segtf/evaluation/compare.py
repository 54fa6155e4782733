"""Several evaluated models side by side, on the images that all of them were evaluated on."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from segtf.evaluation.bootstrap import FEWEST_IMAGES, intervals, resamples
from segtf.evaluation.comparison_report import write_comparison
from segtf.evaluation.tables import read_scores
from segtf.files import read_json_object
from segtf.runs import Run
from segtf.task_settings import SemanticSettings
from segtf.tasks.choice import TASKS
from segtf.tasks.measured import CLASS_FIGURES
from segtf.tasks.task import Task

REPORT_FIGURES = ("roc_auc", "expected_calibration_error")


@dataclass(frozen=True)
class Comparison:
    """What `compare` found. The first model is the one that the others are compared with.

    Args:
        names: name of each model.
        settings: architecture and size of each model as text, empty where not known.
        class_names: the classes.
        task: the `Task` of all.
        scores: counts and metrics of each model on the common images, in the same order: see
            `segtf.tasks.measured.Measured`.
        image_counts: images that each model was evaluated on.
        reports: contents of ``metrics.json`` of each model.
    """

    names: tuple[str, ...]
    settings: tuple[str, ...]
    class_names: tuple[str, ...]
    task: Task
    scores: tuple[object, ...]
    image_counts: tuple[int, ...]
    reports: tuple[dict, ...]

    @property
    def titles(self):
        """Keys of the metrics that sum models up, in order, with what people call them."""
        return self.task.titles(self.class_names)

    @property
    def ids(self):
        """The common images."""
        return self.scores[0].ids

    @cached_property
    def summaries(self):
        """Metrics of each model on the common images: a list of dicts of the keys of `titles`."""
        return [scores.summary() for scores in self.scores]

    @cached_property
    def class_iou(self):
        """IoU of each model and class over all pixels of the common images, NaN where absent."""
        return np.array([CLASS_FIGURES["iou"](scores.pooled()) for scores in self.scores])

    @cached_property
    def _resampled(self):
        """Figure name to its values `(draws, models)`: each resample is shared by all models."""
        draws = [
            [scores.summary(weights) for scores in self.scores]
            for weights in resamples(len(self.ids))
        ]
        return {
            name: np.array([[summary[name] for summary in models] for models in draws])
            for name in self.titles
        }

    @property
    def has_intervals(self):
        """Whether there are images enough for confidence intervals."""
        return int(self.scores[0].counting.sum()) >= FEWEST_IMAGES

    def interval(self, name, model):
        """Return the ends of the confidence interval of a figure of a model; NaN for few images."""
        if not self.has_intervals:
            return np.nan, np.nan
        return intervals(self._resampled[name][:, model])

    def difference(self, name, model):
        """Return how much more a figure is for a model than for the first one.

        Returns:
            The difference, and the ends of its confidence interval by the paired bootstrap: each
            resample holds the same images for both.
        """
        difference = self.summaries[model][name] - self.summaries[0][name]
        if not self.has_intervals:
            return difference, (np.nan, np.nan)
        values = self._resampled[name]
        return difference, intervals(values[:, model] - values[:, 0])

    def report_figure(self, name, model):
        """Return one of `REPORT_FIGURES`; `None` where the model's report is of other images."""
        if self.image_counts[model] != len(self.ids):
            return None
        return self.reports[model].get(name)


def compare(paths, out=None):
    """Compare evaluated models on the images that all of them were evaluated on.

    Args:
        paths: run folders that were evaluated, or folders of reports that `evaluate` wrote; at
            least two. The first is the one that the others are compared with.
        out: folder for ``comparison.html``, ``comparison.csv`` (the figures of each model) and
            ``comparison_images.csv`` (the Dice of each image). Nothing is written by default.

    Returns:
        A `Comparison`.

    Raises:
        ValueError: if a report is missing, classes or truth differ, or no image is common.
    """
    paths = [Path(path) for path in paths]
    if len(paths) < 2 or len({path.resolve() for path in paths}) < len(paths):
        raise ValueError(
            "Expected two or more different runs to compare. "
            f"Received: {', '.join(map(str, paths)) or 'none'}"
        )
    folders = [Run(path).report if Run.is_run(path) else path for path in paths]
    reports = [_read_report(folder) for folder in folders]
    class_names = tuple(reports[0]["per_class"])
    for path, report in zip(paths, reports, strict=True):
        if set(report["per_class"]) != set(class_names):
            raise ValueError(
                f"Expected reports on the classes {', '.join(class_names[:12])}. "
                f"Received: {path} on {', '.join(list(report['per_class'])[:12])}"
            )
    task = _task_of(reports, paths)
    scores = [read_scores(folder, class_names, task.scores_of) for folder in folders]
    comparison = Comparison(
        names=_names(paths, reports),
        settings=tuple(map(_settings, paths)),
        class_names=class_names,
        task=task,
        scores=_on_common_images(scores, paths),
        image_counts=tuple(len(one.ids) for one in scores),
        reports=tuple(reports),
    )
    if out is not None:
        write_comparison(comparison, Path(out))
    return comparison


def _task_of(reports, paths):
    """The task of all reports; those that name none are of the time when there was one."""
    names = [report.get("task", SemanticSettings.name) for report in reports]
    for path, name in zip(paths, names, strict=True):
        if not isinstance(name, str) or name not in TASKS or name != names[0]:
            raise ValueError(
                f"Expected reports on one task out of {', '.join(TASKS)}. "
                f"Received: {path} on {name!r}"
            )
    return TASKS[names[0]]


def _read_report(folder):
    path = folder / "metrics.json"
    if not path.is_file():
        raise ValueError(
            "Expected a run that was evaluated: run `segtf evaluate` first. "
            f"Received: {folder}, which holds no metrics.json"
        )
    report = read_json_object(path)
    for name, kind in (("per_class", dict), ("model", str)):
        if not isinstance(report.get(name), kind):
            raise ValueError(
                f"Expected the report of an evaluation. Received: {path}, without the key {name}"
            )
    return report


def _names(paths, reports):
    """Names that differ: of the models, else of the folders, else the whole paths."""
    choices = ([report["model"] for report in reports], [path.name for path in paths])
    for names in choices:
        if len(set(names)) == len(names):
            return tuple(names)
    return tuple(map(str, paths))


def _settings(path):
    path = path if Run.is_run(path) else path.resolve().parent
    if not Run.is_run(path):
        return ""
    run = Run(path)
    height, width = run.spec().size
    model = run.config().get("training", {}).get("model", "")
    return f"{model} {height}x{width}".strip()


def _on_common_images(scores, paths):
    """The scores of the images that all have, in the first's order."""
    common = set.intersection(*(set(one.ids) for one in scores))
    if not common:
        raise ValueError(
            "Expected reports with images in common; `segtf evaluate --data ... --split ...` "
            "measures several models on the same, into folders (RUN/report-NAME) that are compared "
            f"like runs. Received: {', '.join(map(str, paths))}"
        )
    ids = [id_ for id_ in scores[0].ids if id_ in common]
    chosen = tuple(one.select(ids) for one in scores)
    for path, one in zip(paths, chosen, strict=True):
        differs = (one.true_pixels != chosen[0].true_pixels).any(axis=1)
        if differs.any():
            raise ValueError(
                "Expected the same masks behind all reports. Received: "
                f"{path}, where the mask of {ids[int(np.argmax(differs))]} differs"
            )
    return chosen
