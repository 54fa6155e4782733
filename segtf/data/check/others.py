"""The samples of a set beside those that are looked at: what a value means is decided by all."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from segtf.data.decode import ImageError
from segtf.data.masks import InstanceMask, read_values
from segtf.resources import usable_cores


def samples_beside(source):
    """Return the samples of the whole set that are not among the source's."""
    here = {sample.id for sample in source.samples}
    return [sample for sample in source.whole if sample.id not in here]


def values_beside(source, takes_part):
    """Read the masks beside those of a source.

    Args:
        source: a `Source`.
        takes_part: function of a sample: whether its mask is asked.

    Returns:
        A list of sets: the values in each mask as its file holds them; damaged ones say nothing.
    """
    others = [sample for sample in samples_beside(source) if takes_part(sample)]
    with ThreadPoolExecutor(usable_cores()) as pool:
        return [values for values in pool.map(_values, others) if values]


def _values(sample):
    is_numbered = isinstance(sample.mask, InstanceMask)
    try:
        values = sample.mask.numbers() if is_numbered else read_values(sample)
    except ImageError:
        return set()
    return set(np.unique(values).tolist())
