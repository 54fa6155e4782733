"""The pixels of each image and class counted, and every metric of overlap that follows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segtf.metrics import Counts, dice, iou


@dataclass(frozen=True)
class LabelScores:
    """Counts of each image and class, each class by itself.

    Args:
        ids: the images, in order.
        counts: `segtf.metrics.Counts` of int64 arrays `(N, K)`.

    Example:

    >>> counts = Counts(*np.array([[[4, 0]], [[0, 2]], [[4, 0]], [[8, 14]]]))
    >>> scores = LabelScores(("a",), counts)
    >>> scores.dice.round(3)
    array([0.333])
    """

    ids: tuple[str, ...]
    counts: Counts

    @classmethod
    def of_found(cls, ids, true_positive, false_positive, false_negative):
        """Return the scores of int64 arrays `(N, K)`, without what is right to be left out.

        No metric but the specificity needs that; each image counts.
        """
        rest = np.ones_like(true_positive)
        return cls(tuple(ids), Counts(true_positive, false_positive, false_negative, rest))

    @property
    def by_image(self):
        """Name of each metric of an image to its values `(N,)`."""
        return {"dice": self.dice, "iou": self.iou}

    @cached_property
    def true_pixels(self):
        """Pixels of each image where each class truly is, `(N, K)`."""
        return self.counts.true_positive + self.counts.false_negative

    @cached_property
    def counting(self):
        """Which images have pixels that count, bool `(N,)`; of others nothing is known."""
        return sum(self.counts).any(axis=1)

    @cached_property
    def dice(self):
        """Dice of each image, `(N,)`: the mean over the classes that truth or prediction holds.

        1.0 where both hold none, NaN where no pixel counts.
        """
        return self._of_images(dice(self.counts))

    @cached_property
    def iou(self):
        """IoU of each image, `(N,)`: the mean over the classes that truth or prediction holds.

        1.0 where both hold none, NaN where no pixel counts.
        """
        return self._of_images(iou(self.counts))

    def _of_images(self, figures):
        return np.where(self.counting, [mean_of_held(row) for row in figures], np.nan)

    def pooled(self, weights=None):
        """Return the counts over all images, `(K,)`, each counted `weights` times."""
        weights = np.ones(len(self.ids), np.int64) if weights is None else weights
        return Counts(*(weights @ part for part in self.counts))

    def summary(self, weights=None):
        """Return the metrics over all images.

        Args:
            weights: `(N,)` how often each image counts; once by default.

        Returns:
            A dict of floats `mean_dice` and `mean_iou`: means over the classes that truth or
            prediction holds, each over the pixels of all images; NaN where no pixel counts.
        """
        pooled = self.pooled(weights)
        if not sum(pooled).any():
            return dict.fromkeys(("mean_dice", "mean_iou"), float("nan"))
        return {"mean_dice": mean_of_held(dice(pooled)), "mean_iou": mean_of_held(iou(pooled))}

    def select(self, ids):
        """Return the scores of these images, in this order."""
        place = {id_: index for index, id_ in enumerate(self.ids)}
        chosen = np.array([place[id_] for id_ in ids], np.int64)
        return LabelScores(tuple(ids), Counts(*(part[chosen] for part in self.counts)))


def mean_of_held(values):
    """Return the mean of a metric over the classes where it is defined; 1.0 where it is for none.

    Args:
        values: numbers `(K,)`, NaN for a class that neither truth nor prediction holds.

    Example:

    >>> mean_of_held([0.5, float("nan")])
    0.5
    """
    values = np.asarray(values, np.float64)
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else 1.0
