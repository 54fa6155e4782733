"""ModelSpec: what travels with a model, from training to the exported file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from segtf.files import read_json_object, write_atomically
from segtf.labels import LabelMap
from segtf.ranges import image_size, whole_number
from segtf.task_settings import SemanticSettings, TaskSettings, settings_class, task_settings

FORMAT_VERSION = 2
LARGEST_CHANNELS = 1024
RESIZE_RULES = ("stretch", "letterbox", "crop")


@dataclass(frozen=True, init=False)
class ModelSpec:
    """How pixels enter a model and what its outputs say.

    Args:
        labels: the classes.
        size: height and width in pixels of the images that the model works on.
        channels: channels of those images (3: RGB).
        resize: how an image of another size is brought to `size`: one of `RESIZE_RULES`
            (see `segtf.geometry`).
        threshold: probability from which a pixel is what a task with a threshold looks for, in
            place of that of `task`; `None` for that one.
        task: name of the task, or what is settled of it: see `segtf.task_settings`.

    Raises:
        ValueError: for a value out of its range, a task that there is not, or a threshold for a
            task that has none.

    Example:

    >>> spec = ModelSpec(LabelMap(("skin", "lesion")), (256, 256), threshold=0.4)
    >>> spec.task
    SemanticSettings(threshold=0.4)
    """

    labels: LabelMap
    size: tuple[int, int]
    channels: int
    resize: str
    task: TaskSettings

    def __init__(
        self, labels, size, channels=3, resize="stretch", threshold=None, task=SemanticSettings.name
    ):
        if resize not in RESIZE_RULES:
            raise ValueError(f"Expected resize as one of {RESIZE_RULES}. Received: {resize!r}")
        if not isinstance(task, TaskSettings):
            task = settings_class(task)()
        if threshold is not None:
            task = _with_threshold(task, threshold)
        values = {
            "labels": labels,
            "size": image_size("size", size),
            "channels": whole_number("channels", channels, 1, LARGEST_CHANNELS),
            "resize": resize,
            "task": task.of_labels(labels),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def threshold(self):
        """The threshold of its task, `None` of a task that has none."""
        return getattr(self.task, "threshold", None)

    def to_dict(self):
        """Return plain lists and numbers for JSON."""
        return {
            "format_version": FORMAT_VERSION,
            "task": self.task.to_dict(),
            "size": list(self.size),
            "channels": self.channels,
            "resize": self.resize,
            "labels": self.labels.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping):
        """Return the spec that `to_dict` described, of this format version or an older one.

        Of version 1, which named no task, a threshold was at the top: it is semantic.

        Args:
            values: a mapping of JSON's values; what is no part of a spec is left alone.

        Raises:
            ValueError: if it was written by a newer segtf, is of a task that there is not, or is
                damaged.
        """
        if not isinstance(values, Mapping):
            raise ValueError(f"Expected a spec as an object. Received: {values!r}")
        version = values.get("format_version")
        if version not in range(1, FORMAT_VERSION + 1) or isinstance(version, bool | float):
            raise ValueError(
                f"Expected format_version {FORMAT_VERSION} or older; a newer segtf may be needed. "
                f"Received: {version}"
            )
        try:
            if version == 1:
                task = SemanticSettings(values["threshold"])
            else:
                task = task_settings(values["task"])
            return cls(
                labels=LabelMap.from_dict(values["labels"]),
                size=tuple(values["size"]),
                channels=values["channels"],
                resize=values["resize"],
                task=task,
            )
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(
                "Expected a spec of task, labels, size, channels and resize. "
                f"Received: one that is damaged ({type(error).__name__}: {error})"
            ) from None

    def save(self, path):
        """Write the spec as a JSON file."""
        write_atomically(path, json.dumps(self.to_dict(), indent=2) + "\n")

    @classmethod
    def load(cls, path):
        """Read a spec that `save` wrote.

        Raises:
            ValueError: naming the file, if it is damaged or of a newer segtf.
        """
        values = read_json_object(path)
        try:
            return cls.from_dict(values)
        except ValueError as error:
            raise ValueError(f"{error} (in {path})") from None


def _with_threshold(task, threshold):
    if not hasattr(task, "threshold"):
        raise ValueError(
            f"Expected no threshold for the task {task.name}, which has none. "
            f"Received: {threshold!r}"
        )
    return replace(task, threshold=threshold)
