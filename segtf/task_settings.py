"""The tasks by name, and what is settled of each and travels with a model.

What the tasks do is in `segtf.tasks`; a spec is read, or refused, without it.
"""

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import ClassVar

from segtf.ranges import number


@dataclass(frozen=True)
class TaskSettings:
    """What is settled of a task: there is a subclass for each, with its settings as fields.

    Attributes:
        name: of the task.
    """

    name: ClassVar[str]

    def of_labels(self, labels):
        """Return the settings for these classes.

        Args:
            labels: the `LabelMap`.

        Raises:
            ValueError: if they do not fit these classes.
        """
        return self

    @classmethod
    def mean(cls, several):
        """Return the settings of the mean of several models.

        Args:
            several: list of the settings of each.
        """
        return several[0]

    def to_dict(self):
        """Return plain values for JSON, by which `task_settings` finds them again."""
        return {"name": self.name, **asdict(self)}


@dataclass(frozen=True)
class SemanticSettings(TaskSettings):
    """One class a pixel.

    Args:
        threshold: probability, above 0 and below 1, from which a pixel is foreground where there
            are two classes. Of more the most probable decides.

    Raises:
        ValueError: for a threshold out of its range.
    """

    threshold: float = 0.5
    name: ClassVar[str] = "semantic"

    def __post_init__(self):
        threshold = number("threshold", self.threshold, 0, 1, above=True, below=True)
        object.__setattr__(self, "threshold", threshold)

    def of_labels(self, labels):
        """Return the settings; of two classes the second has to be the foreground."""
        if labels.num_classes == 2 and labels.background == 1:
            raise ValueError(
                "Expected the background as class 0 of two classes, since what is measured is "
                f"class 1. Received: {labels.names}, of which {labels.names[1]} is the background"
            )
        return self

    @classmethod
    def mean(cls, several):
        """Return settings with the mean of the thresholds."""
        return cls(statistics.fmean(one.threshold for one in several))


@dataclass(frozen=True)
class MultilabelSettings(TaskSettings):
    """Of each class whether it is there; classes may overlap.

    Args:
        thresholds: of each class but the background, in the order of their ids, the probability,
            above 0 and below 1, from which it is there; without any, 0.5 for all.

    Raises:
        ValueError: for a threshold out of its range.

    Example:

    >>> from segtf.labels import LabelMap
    >>> MultilabelSettings().of_labels(LabelMap(("background", "disc", "ring")))
    MultilabelSettings(thresholds=(0.5, 0.5))
    """

    thresholds: tuple[float, ...] = ()
    name: ClassVar[str] = "multilabel"

    def __post_init__(self):
        if not isinstance(self.thresholds, list | tuple):
            raise ValueError(f"Expected a list of thresholds. Received: {self.thresholds!r}")
        thresholds = tuple(
            number("thresholds", one, 0, 1, above=True, below=True) for one in self.thresholds
        )
        object.__setattr__(self, "thresholds", thresholds)

    def of_labels(self, labels):
        """Return the settings, with a threshold for each class but the background."""
        count = labels.num_classes - (labels.background is not None)
        if not self.thresholds:
            return MultilabelSettings((0.5,) * count)
        if len(self.thresholds) != count:
            raise ValueError(
                f"Expected {count} thresholds, one for each class but the background. "
                f"Received: {len(self.thresholds)}"
            )
        return self

    @classmethod
    def mean(cls, several):
        """Return settings with the mean of the thresholds of each class."""
        of_classes = zip(*(one.thresholds for one in several), strict=True)
        return cls(tuple(map(statistics.fmean, of_classes)))


SETTINGS = {settings.name: settings for settings in (SemanticSettings, MultilabelSettings)}
"""Name of each task to the class of its settings."""


def task_settings(values):
    """Return the settings that `TaskSettings.to_dict` described.

    Args:
        values: a mapping with the name of the task and all of its settings.

    Raises:
        ValueError: for a task that this version of segtf does not know, settings that are missing,
            not known, or out of their range.

    Example:

    >>> task_settings({"name": "semantic", "threshold": 0.4})
    SemanticSettings(threshold=0.4)
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"Expected a task as an object with its name. Received: {values!r}")
    values = dict(values)
    kind = settings_class(values.pop("name", None))
    expected = {field.name for field in fields(kind)}
    if set(values) != expected:
        raise ValueError(
            f"Expected the settings of the task {kind.name}: {', '.join(sorted(expected))}. "
            f"Received: {', '.join(sorted(map(str, values))) or 'none'}"
        )
    return kind(**values)


def settings_class(name):
    """Return the class of the settings of a task.

    Args:
        name: of the task.

    Raises:
        ValueError: for a task that this version of segtf does not know.
    """
    if not isinstance(name, str) or name not in SETTINGS:
        raise ValueError(
            f"Expected a task out of {', '.join(SETTINGS)}; a newer segtf may know others. "
            f"Received: {name!r}"
        )
    return SETTINGS[name]
