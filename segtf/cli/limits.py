"""What a model may cost, as text: ``ms<10,MB<=5``."""

import math
import re
from typing import NamedTuple

UNITS = ("ms", "MB", "GMAC")
"""Milliseconds of one image; megabytes of its parameters as float32; billions of multiply-adds."""

_LIMIT = re.compile(
    r"\s*(?P<unit>[a-z]+)\s*(?P<sign><=?)\s*(?P<most>\d+\.?\d*|\.\d+)\s*",
    re.ASCII | re.IGNORECASE,
)
_SPELLINGS = {unit.lower(): unit for unit in UNITS}
_LONGEST = 200


class Limit(NamedTuple):
    """What a model has to stay below.

    Args:
        unit: one of `UNITS`.
        most: the number in that unit.
        is_below: whether that number itself is too much.
    """

    unit: str
    most: float
    is_below: bool = True

    def holds(self, value):
        """Return whether a value in that unit fits."""
        return value < self.most if self.is_below else value <= self.most

    def __str__(self):
        return f"{self.unit}{'<' if self.is_below else '<='}{self.most!r}"


def parse_limits(text):
    """Return the `Limit`s of a text, each unit once at most.

    Args:
        text: limits joined by commas: a unit out of `UNITS` in any case, ``<`` or ``<=``, and a
            positive number.

    Raises:
        ValueError: for any other text.

    Example:

    >>> [str(limit) for limit in parse_limits("ms<10, gmac<=0.5")]
    ['ms<10.0', 'GMAC<=0.5']
    >>> parse_limits("s<1")
    Traceback (most recent call last):
    ValueError: Expected limits such as ms<10 or MB<=5,GMAC<1, of ms, MB and GMAC. Received: 's<1'
    """
    limits = tuple(_parse_limit(part) for part in text[:_LONGEST].split(","))
    units = [limit and limit.unit for limit in limits]
    if None in units or len(text) > _LONGEST:
        raise ValueError(
            f"Expected limits such as ms<10 or MB<=5,GMAC<1, of {', '.join(UNITS[:-1])} and "
            f"{UNITS[-1]}. Received: {text[:_LONGEST]!r}"
        )
    twice = [unit for unit in UNITS if units.count(unit) > 1]
    if twice:
        raise ValueError(f"Expected one limit of {twice[0]}. Received: {text!r}")
    return limits


def _parse_limit(text):
    match = _LIMIT.fullmatch(text)
    if not match or match["unit"].lower() not in _SPELLINGS:
        return None
    most = float(match["most"])
    if not 0 < most < math.inf:
        return None
    return Limit(_SPELLINGS[match["unit"].lower()], most, match["sign"] == "<")
