"""Confidence intervals by the bootstrap over images.

Paper: Efron, "Bootstrap methods: another look at the jackknife", 1979
(https://doi.org/10.1214/aos/1176344552).
"""

import numpy as np

DRAWS = 1000
LEVEL = 0.95
SEED = 0
FEWEST_IMAGES = 3
"""Of fewer, resamples say nothing of other images: there is no interval then."""


def resamples(num_images, draws=DRAWS, seed=SEED):
    """Draw as many images as there are, with replacement, again and again.

    Args:
        num_images: number of images, at least 1.
        draws: number of resamples.
        seed: of the draws; the same seed gives the same resamples.

    Yields:
        int64 array `(num_images,)`: how often each image was drawn.

    Example:

    >>> [weights.sum() for weights in resamples(5, draws=2)]
    [np.int64(5), np.int64(5)]
    """
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        yield np.bincount(rng.integers(num_images, size=num_images), minlength=num_images)


def intervals(values, level=LEVEL):
    """Return percentile intervals of a figure's values over the resamples.

    Args:
        values: `(draws, ...)`; NaN where a resample leaves the figure undefined, which is left
            out.
        level: share of the values that lie within.

    Returns:
        float64 arrays `(...)` of the lower and the upper ends; NaN where no value is defined.

    Example:

    >>> low, high = intervals([float(value) for value in range(101)], level=0.9)
    >>> round(float(low), 6), round(float(high), 6)
    (5.0, 95.0)
    """
    values = np.asarray(values, np.float64)
    outside = 100.0 * (1.0 - level) / 2.0
    ends = np.full((2, *values.shape[1:]), np.nan)
    defined = ~np.isnan(values).all(axis=0)
    ends[:, defined] = np.nanpercentile(values[:, defined], (outside, 100.0 - outside), axis=0)
    return ends[0], ends[1]
