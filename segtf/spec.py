"""ModelSpec: what travels with a model, from training to the exported file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from segtf.files import read_json_object, write_atomically
from segtf.labels import LabelMap

FORMAT_VERSION = 1
RESIZE_RULES = ("stretch", "letterbox", "crop")


@dataclass(frozen=True)
class ModelSpec:
    """How pixels enter a model and how its logits become classes.

    Args:
        labels: the classes.
        size: height and width in pixels of the images that the model works on.
        channels: channels of those images (3: RGB).
        resize: how an image of another size is brought to `size`: one of `RESIZE_RULES`
            (see `segtf.geometry`).
        threshold: probability from which a pixel of a binary task is foreground.

    Raises:
        ValueError: for a value out of its range.
    """

    labels: LabelMap
    size: tuple[int, int]
    channels: int = 3
    resize: str = "stretch"
    threshold: float = 0.5

    def __post_init__(self):
        object.__setattr__(self, "size", tuple(int(side) for side in self.size))
        if len(self.size) != 2 or min(self.size) < 1:
            raise ValueError(f"Expected size as (height, width) in pixels. Received: {self.size}")
        if self.channels < 1:
            raise ValueError(f"Expected at least one channel. Received: {self.channels}")
        if self.resize not in RESIZE_RULES:
            raise ValueError(f"Expected resize as one of {RESIZE_RULES}. Received: {self.resize!r}")
        if not 0.0 < self.threshold < 1.0:
            raise ValueError(f"Expected a threshold within 0..1. Received: {self.threshold}")

    def to_dict(self):
        """Return plain lists and numbers for JSON."""
        return {
            "format_version": FORMAT_VERSION,
            "size": list(self.size),
            "channels": self.channels,
            "resize": self.resize,
            "threshold": self.threshold,
            "labels": self.labels.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping):
        """Return the spec that `to_dict` described.

        Raises:
            ValueError: if it was written by a newer segtf.
        """
        version = values.get("format_version")
        if version != FORMAT_VERSION:
            raise ValueError(
                f"Expected format_version {FORMAT_VERSION}; a newer segtf may be needed. "
                f"Received: {version}"
            )
        return cls(
            labels=LabelMap.from_dict(values["labels"]),
            size=tuple(values["size"]),
            channels=values["channels"],
            resize=values["resize"],
            threshold=values["threshold"],
        )

    def save(self, path):
        """Write the spec as a JSON file."""
        write_atomically(path, json.dumps(self.to_dict(), indent=2) + "\n")

    @classmethod
    def load(cls, path):
        """Read a spec that `save` wrote."""
        return cls.from_dict(read_json_object(path))
