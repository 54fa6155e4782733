"""The pixels of each image counted by class, and every metric of overlap that follows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segtf.metrics import Counts, dice, iou, mean_over_classes


@dataclass(frozen=True)
class ImageScores:
    """Counts of each image and class.

    Args:
        ids: the images, in order.
        counts: `segtf.metrics.Counts` of int64 arrays `(N, K)`.

    Example:

    >>> matrices = [[[8, 0], [0, 4]], [[6, 2], [2, 2]]]
    >>> scores = ImageScores.of_matrices(("a", "b"), matrices)
    >>> scores.dice
    array([1. , 0.5])
    >>> scores.summary()["mean_dice"]
    0.75
    """

    ids: tuple[str, ...]
    counts: Counts

    @classmethod
    def of_matrices(cls, ids, matrices):
        """Return the scores of one confusion matrix `(K, K)` per image, true classes in rows."""
        matrices = np.asarray(matrices)
        hit = np.diagonal(matrices, axis1=1, axis2=2)
        true, predicted = matrices.sum(axis=2), matrices.sum(axis=1)
        return cls.of_pixels(ids, hit, predicted - hit, true - hit)

    @classmethod
    def of_pixels(cls, ids, true_positive, false_positive, false_negative):
        """Return the scores of int64 arrays `(N, K)`.

        The true negatives follow: each pixel is truly of one class.
        """
        pixels = (true_positive + false_negative).sum(axis=1, keepdims=True)
        rest = pixels - true_positive - false_positive - false_negative
        return cls(tuple(ids), Counts(true_positive, false_positive, false_negative, rest))

    @property
    def is_binary(self):
        """Whether the means are those of class 1, the foreground."""
        return self.counts.true_positive.shape[1] == 2

    @cached_property
    def true_pixels(self):
        """Pixels of each image that are truly of each class, `(N, K)`."""
        return self.counts.true_positive + self.counts.false_negative

    @cached_property
    def counting(self):
        """Which images have pixels that count, bool `(N,)`; of others nothing is known."""
        return self.true_pixels.any(axis=1)

    @cached_property
    def dice(self):
        """Dice of each image, `(N,)`; of several classes their mean, of two the foreground's.

        NaN where no pixel counts.
        """
        return self._of_images(dice(self.counts))

    @cached_property
    def iou(self):
        """IoU of each image, `(N,)`; of several classes their mean, of two the foreground's.

        NaN where no pixel counts.
        """
        return self._of_images(iou(self.counts))

    @property
    def by_image(self):
        """Name of each metric of an image to its values `(N,)`."""
        return {"dice": self.dice, "iou": self.iou, "pixel_accuracy": self.pixel_accuracy}

    @cached_property
    def pixel_accuracy(self):
        """Share of the pixels of each image whose class is right, `(N,)`; NaN where none count."""
        hit, pixels = self.counts.true_positive.sum(axis=1), self.true_pixels.sum(axis=1)
        return np.divide(hit, pixels, out=np.full(len(hit), np.nan), where=pixels > 0)

    def _of_images(self, figures):
        return np.where(self.counting, [mean_over_classes(row) for row in figures], np.nan)

    def pooled(self, weights=None):
        """Return the counts over all images, `(K,)`, each counted `weights` times."""
        weights = np.ones(len(self.ids), np.int64) if weights is None else weights
        return Counts(*(weights @ part for part in self.counts))

    def summary(self, weights=None):
        """Return the figures over all images.

        `mean_dice` and `mean_iou` are what the field quotes: of a binary task the mean over
        images of the foreground's figure, of several classes the mean over classes of the figure
        over all pixels.

        Args:
            weights: `(N,)` how often each image counts; once by default.

        Returns:
            A dict of floats `mean_dice`, `mean_iou` and `pixel_accuracy`; NaN where no pixel
            counts.
        """
        pooled = self.pooled(weights)
        pixels = (pooled.true_positive + pooled.false_negative).sum()
        if not pixels:
            return dict.fromkeys(("mean_dice", "mean_iou", "pixel_accuracy"), float("nan"))
        if self.is_binary:
            means = {
                "mean_dice": self._mean(self.dice, weights),
                "mean_iou": self._mean(self.iou, weights),
            }
        else:
            means = {
                "mean_dice": mean_over_classes(dice(pooled)),
                "mean_iou": mean_over_classes(iou(pooled)),
            }
        return {**means, "pixel_accuracy": float(pooled.true_positive.sum() / pixels)}

    def _mean(self, figures, weights):
        """Mean over the images that count."""
        weights = None if weights is None else weights[self.counting]
        return float(np.average(figures[self.counting], weights=weights))

    def select(self, ids):
        """Return the scores of these images, in this order."""
        place = {id_: index for index, id_ in enumerate(self.ids)}
        chosen = np.array([place[id_] for id_ in ids], np.int64)
        return ImageScores(tuple(ids), Counts(*(part[chosen] for part in self.counts)))
