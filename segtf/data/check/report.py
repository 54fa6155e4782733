"""What a check has found, and the figures of the set."""

from dataclasses import dataclass

import numpy as np

from segtf.data.check.finding import ERROR, WARNING, Finding
from segtf.data.check.mask_values import class_counts
from segtf.data.sample import Source


@dataclass(frozen=True)
class ClassBalance:
    """How much there is of one class.

    Args:
        name: of the class.
        share: of all pixels that count.
        images: number of images that show it.
    """

    name: str
    share: float
    images: int


@dataclass(frozen=True)
class Figures:
    """Figures of a set, of the samples that could be read.

    Args:
        smallest: height and width of the image of the fewest pixels.
        median: median height and median width.
        largest: height and width of the image of the most pixels.
        sizes: number of different sizes.
        mean: of the pixel values 0..255, one per channel.
        spread: standard deviation of the pixel values, one per channel.
        classes: a `ClassBalance` for each class.
        ignored: share of all pixels that count nowhere.
    """

    smallest: tuple[int, int]
    median: tuple[int, int]
    largest: tuple[int, int]
    sizes: int
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    classes: tuple[ClassBalance, ...]
    ignored: float


@dataclass(frozen=True)
class Report:
    """The outcome of a check.

    Args:
        source: the set, ready to be decoded.
        findings: all that was found, errors first.
        figures: of the set; `None` if not one image could be read.
    """

    source: Source
    findings: tuple[Finding, ...]
    figures: Figures | None

    @property
    def errors(self):
        """Findings that make training unsafe."""
        return tuple(finding for finding in self.findings if finding.severity == ERROR)

    @property
    def warnings(self):
        """Findings that deserve a look."""
        return tuple(finding for finding in self.findings if finding.severity == WARNING)

    @property
    def is_safe(self):
        """Whether training on the set is safe."""
        return not self.errors


def figures_of(source, looks, reads_255_as_1):
    """Return the `Figures` of a set, or `None` if not one image could be read.

    Args:
        source: the `Source`.
        looks: a thorough `segtf.data.check.look.Look` for each sample.
        reads_255_as_1: whether the masks of the set hold 0 and 255.
    """
    seen = [look for look in looks if look.pixels is not None]
    if not seen:
        return None
    sizes = sorted({look.image.size for look in seen}, key=lambda size: (np.prod(size), size))
    median = np.median([look.image.size for look in seen], axis=0)
    count = sum(look.pixels.count for look in seen)
    mean = sum(look.pixels.sums for look in seen) / count
    variance = sum(look.pixels.squares for look in seen) / count - mean**2
    balance, ignored = _balance(source.labels, looks, reads_255_as_1)
    return Figures(
        sizes[0],
        tuple(int(side) for side in median),
        sizes[-1],
        len(sizes),
        tuple(mean.tolist()),
        tuple(np.sqrt(variance.clip(min=0)).tolist()),
        balance,
        ignored,
    )


def _balance(labels, looks, reads_255_as_1):
    counts = [class_counts(look, labels, reads_255_as_1) for look in looks if look.counts]
    pixels = [sum(count.get(id_, 0) for count in counts) for id_ in range(labels.num_classes)]
    ignored = sum(count.get(labels.ignore_class, 0) for count in counts)
    total = max(1, sum(pixels))
    balance = tuple(
        ClassBalance(name, pixels[id_] / total, sum(id_ in count for count in counts))
        for id_, name in enumerate(labels.names)
    )
    return balance, ignored / max(1, sum(pixels) + ignored)
