"""What a data set is made of: samples and the meaning of their masks."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from segtf.labels import LabelMap, background_rank
from segtf.task_settings import SemanticSettings
from segtf.text_files import plain

if TYPE_CHECKING:
    from segtf.data.masks import MaskReader

_SHOWN = 3


@dataclass(frozen=True)
class Sample:
    """One labelled image: where its files are, not what is in them.

    Args:
        id: name of the sample, unique in its set and the same on every machine; it is kept as
            `segtf.text_files.plain` writes it.
        image: path of the image file.
        mask: path of the mask file; a `segtf.data.masks.MaskReader` where the label is not one
            grey or palette picture; or `None` for an image without a label.
        group: samples of one group (patient, video) never straddle a split.
        stratum: what a stratified split keeps in proportion (such as a diagnosis).
        mask_values: value in the mask to class id, where the mask does not hold class ids.
    """

    id: str
    image: Path
    mask: "Path | MaskReader | None" = None
    group: str | None = None
    stratum: str | None = None
    mask_values: Mapping[int, int] | None = None

    def __post_init__(self):
        object.__setattr__(self, "id", plain(self.id))


@dataclass(frozen=True)
class Source:
    """A data set: its samples, its classes, and its official splits where it has them.

    Args:
        name: name of the set.
        samples: all samples, in a fixed order.
        labels: the classes that the masks tell apart.
        splits: split name to sample ids, as published; empty where there are none.
        origin: the arguments of `load_source` that list the set again.
        channels: channels that its images are decoded to: 3 for RGB, 1 for grey.
        task: name of the task that it is annotated for: see `segtf.task_settings`.
        strays: files that make no sample, with the reason, such as an image without a mask.
        notices: how the set was read where that is not plain, and what was left out or mended, a
            line each.
        augment: name of the preset out of `segtf.data.AUGMENTATIONS` that fits its images, which
            training takes unless another is given; `None` where that is not known.
        whole: all samples of the set, where `samples` are a part of it; by default those that it
            is made with. A part made by `dataclasses.replace(source, samples=...)` keeps them:
            what a value in the masks means is decided by the whole set.

    Raises:
        ValueError: if two samples have the same id; or if there are two classes and the second
            is called background: the metrics of a binary task are those of class 1.
    """

    name: str
    samples: tuple[Sample, ...]
    labels: LabelMap
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origin: Mapping[str, object] = field(default_factory=dict)
    channels: int = 3
    task: str = SemanticSettings.name
    strays: Mapping[Path, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    augment: str | None = None
    whole: tuple[Sample, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self):
        splits = {name: tuple(plain(id_) for id_ in ids) for name, ids in self.splits.items()}
        object.__setattr__(self, "splits", splits)
        _require_background_first(self.labels)
        counts = Counter(sample.id for sample in self.samples)
        twice = sorted(id_ for id_, count in counts.items() if count > 1)
        if twice:
            raise ValueError(f"Expected sample ids that differ. Received twice: {twice[:5]}")
        if not self.whole:
            object.__setattr__(self, "whole", self.samples)


def require_source(source):
    """Refuse what is no `Source`, such as the path of a folder.

    Raises:
        ValueError: naming what it is.
    """
    if not isinstance(source, Source):
        raise ValueError(
            "Expected a segtf.data.Source, as segtf.data.load_source('folder', path) lists one. "
            f"Received: {source!r:.80} ({type(source).__name__})"
        )


class DataError(ValueError):
    """Samples that cannot be trained on, named with their cause."""


def refuse(problems, total):
    """Raise an error that shows the first problems, if there are any.

    Args:
        problems: a line of text for each, with the files and the cause.
        total: number of samples that were looked at.

    Raises:
        DataError: with the first of them and the number of all.
    """
    if problems:
        raise DataError(
            f"Expected {total} samples that can be trained on; `segtf data check` shows all "
            f"{len(problems)} problems. Received: {shorten(problems)}"
        )


def shorten(problems):
    """Return the first problems in one line, and how many more there are."""
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return "; ".join(problems[:_SHOWN]) + more


def _require_background_first(labels):
    if labels.foreground is None:
        return
    background, foreground = (
        background_rank(labels.names[id_]) for id_ in (labels.background, labels.foreground)
    )
    if foreground > background:
        raise ValueError(
            "Expected the background as class 0 of two classes, since the figures are those of "
            "class 1. List it first; if the masks hold 1 for it, exchange their values, too: "
            "--map 0=1,1=0. "
            f"Received: 0 {labels.names[0]}, 1 {labels.names[1]}"
        )
