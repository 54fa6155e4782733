"""Numbers in their range, refused with the range where they are not."""

import math
from numbers import Integral, Real

LARGEST_SIDE = 16384
"""Pixels along a side of the images that a model works on."""
MOST_SAMPLES, MOST_VARIANTS = 1000, 50
"""Rows, and augmented pictures in each, of a sheet of samples."""
LARGEST_SEED = 2**32 - 1  # of NumPy


def whole_number(name, value, low, high):
    """Return a whole number within `low` and `high`, as an `int`.

    Raises:
        ValueError: for any other value.

    Example:

    >>> whole_number("epochs", 3, 1, 100)
    3
    >>> whole_number("epochs", 0, 1, 100)
    Traceback (most recent call last):
    ValueError: Expected epochs as a whole number from 1 to 100. Received: 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= value <= high:
        raise ValueError(
            f"Expected {name} as a whole number from {low} to {high}. Received: {value!r}"
        )
    return int(value)


def number(name, value, low, high, above=False, below=False):
    """Return a number within `low` and `high`, as a `float`.

    Args:
        name: what the number is called in a message.
        value: the number.
        low: the least.
        high: the greatest; infinity itself is never taken.
        above: whether `low` itself is out of range.
        below: whether `high` itself is out of range.

    Raises:
        ValueError: for any other value.

    Example:

    >>> number("val_share", 1, 0, 1, above=True, below=True)
    Traceback (most recent call last):
    ValueError: Expected val_share as a number above 0 and below 1. Received: 1
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if (
        not is_number
        or not (value > low if above else value >= low)
        or not (value < high if below else value <= high)
    ):
        ends = [f"above {low}" if above else f"of at least {low}"]
        if high < math.inf:
            ends.append(f"below {high}" if below else f"at most {high}")
        raise ValueError(f"Expected {name} as a number {' and '.join(ends)}. Received: {value!r}")
    return float(value)


def image_size(name, value, least=1):
    """Return height and width in pixels, each at least `least`, as a tuple.

    Raises:
        ValueError: for any other value.

    Example:

    >>> image_size("size", [48, 64])
    (48, 64)
    """
    sides = tuple(value) if isinstance(value, list | tuple) else ()
    fits = len(sides) == 2 and all(
        isinstance(side, Integral) and not isinstance(side, bool) and least <= side <= LARGEST_SIDE
        for side in sides
    )
    if not fits:
        raise ValueError(
            f"Expected {name} as (height, width) of {least} to {LARGEST_SIDE} pixels each. "
            f"Received: {value!r}"
        )
    return tuple(int(side) for side in sides)
