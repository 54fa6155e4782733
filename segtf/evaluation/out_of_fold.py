"""Predictions of each image by the fold that held it out."""

from functools import cache

from segtf.inference.load import load


class OutOfFold:
    """Chooses the predictor that has not seen an image.

    Args:
        run: a `Run` of folds.
    """

    def __init__(self, run):
        self._run = run
        held_out = run.held_out_of_folds()
        self._fold_of = {id_: index for index, ids in enumerate(held_out) for id_ in ids}
        self._load = cache(lambda index: load(run.fold(index)))

    def of(self, sample):
        """Return the `Predictor` of the fold that held a sample out."""
        return self._load(self._fold_of[sample.id])
