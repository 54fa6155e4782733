"""ModelSpec: what travels with a model, from training to the exported file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from segtf.files import read_json_object, write_atomically
from segtf.labels import LabelMap
from segtf.ranges import image_size, number, whole_number

FORMAT_VERSION = 1
LARGEST_CHANNELS = 1024
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
        object.__setattr__(self, "size", image_size("size", self.size))
        whole_number("channels", self.channels, 1, LARGEST_CHANNELS)
        if self.resize not in RESIZE_RULES:
            raise ValueError(f"Expected resize as one of {RESIZE_RULES}. Received: {self.resize!r}")
        number("threshold", self.threshold, 0, 1, above=True, below=True)

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
            ValueError: if it was written by a newer segtf, or is damaged.
        """
        if not isinstance(values, Mapping):
            raise ValueError(f"Expected a spec as an object. Received: {values!r}")
        version = values.get("format_version")
        if version != FORMAT_VERSION:
            raise ValueError(
                f"Expected format_version {FORMAT_VERSION}; a newer segtf may be needed. "
                f"Received: {version}"
            )
        try:
            return cls(
                labels=LabelMap.from_dict(values["labels"]),
                size=tuple(values["size"]),
                channels=values["channels"],
                resize=values["resize"],
                threshold=values["threshold"],
            )
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(
                "Expected a spec of labels, size, channels, resize and threshold. "
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
