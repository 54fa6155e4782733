"""Outlines as COCO writes them: polygons and run lengths, each checked before it is drawn.

pycocotools reads memory that is not its own where a polygon has too few points, and takes any
amount of it where coordinates are absurd; so it draws nothing but polygons that have passed here.
"""

import math

import numpy as np

_NUMBERS = {int, float}
_LEAST_NUMBERS = 6
_RUN_BITS = 5
_MOST_RUN_CHARACTERS = 7


class OutlineError(ValueError):
    """An outline that cannot be drawn; the text completes "an annotation ..."."""


def read_outline(segmentation, size):
    """Bring the segmentation of an annotation into the form that `draw_outline` takes.

    Args:
        segmentation: what the file holds: a list of polygons ``[x, y, x, y, ...]``; one polygon
            that is not nested; a polygon as a list of points ``[x, y]``; or a dict of ``counts``,
            a list or compressed text, and ``size``.
        size: height and width of the image.

    Returns:
        The outline (a tuple of polygons, each a tuple of numbers, or of run lengths), and how
        many polygons of fewer than three points are not in it.

    Raises:
        OutlineError: if there is none, or none that can be drawn.
    """
    if not segmentation and not isinstance(segmentation, int | float | str):
        raise OutlineError("has no outline")
    if isinstance(segmentation, dict):
        return _read_runs(segmentation, size), 0
    if not isinstance(segmentation, list):
        raise OutlineError("has an outline that is neither polygons nor run lengths")
    polygons = [tuple(polygon) for polygon in _polygons(segmentation)]
    drawn = tuple(polygon for polygon in polygons if len(polygon) >= _LEAST_NUMBERS)
    if not drawn:
        raise OutlineError("has an outline of fewer than three points")
    for polygon in drawn:
        _check_polygon(polygon, size)
    if not any(_reaches_into(polygon, size) for polygon in drawn):
        raise OutlineError("has an outline that covers nothing in its image")
    if all(map(_is_tiny, drawn)) and max(size) > 1:
        raise OutlineError("has an outline within a pixel, as shares of 0..1 would be")
    return drawn, len(polygons) - len(drawn)


def draw_outline(outline, size):
    """Return the pixels that an outline covers.

    Args:
        outline: a tuple of polygons, each a tuple of x, y, x, y, ...; a tuple of run lengths; or
            the text of compressed run lengths.
        size: height and width of the image.

    Returns:
        bool array `size`.

    Raises:
        OutlineError: if it cannot be drawn.
    """
    if isinstance(outline, str):
        outline = decode_runs(outline)
    if len(outline) and isinstance(outline[0], tuple):
        return _draw_polygons(outline, size)
    _check_runs(outline, size)
    inside = np.arange(len(outline)) % 2 == 1
    return np.repeat(inside, outline).reshape(size[::-1]).T


def area(outline):
    """Return how many pixels an outline covers, about: what objects are ordered by."""
    if not isinstance(outline[0], tuple):
        return float(sum(outline[1::2]))
    total = 0.0
    for polygon in outline:
        x, y = np.array(polygon).reshape(-1, 2).T
        total += abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    return total


def decode_runs(text):
    """Decode compressed run lengths.

    Each number is written in groups of five bits, the lowest first, as characters from ``0`` on;
    from the fourth number on it is the difference to the last but one.

    Returns:
        A tuple of numbers.

    Raises:
        OutlineError: if the text is damaged.

    Example:

    >>> decode_runs("61X13")
    (6, 1, 40, 4)
    """
    try:
        codes = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - ord("0")
    except UnicodeEncodeError:
        codes = np.array([-1])
    ends = np.flatnonzero((codes & 0x20) == 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    is_whole = len(codes) > 0 and len(ends) > 0 and ends[-1] == len(codes) - 1
    if not is_whole or codes.min() < 0 or codes.max() > 63:
        raise OutlineError("has compressed run lengths that are damaged")
    if (ends - starts).max() >= _MOST_RUN_CHARACTERS:
        raise OutlineError("has compressed run lengths that are damaged")
    places = np.arange(len(codes)) - np.repeat(starts, ends - starts + 1)
    numbers = np.add.reduceat((codes & 0x1F) << (_RUN_BITS * places), starts)
    negative = (codes[ends] & 0x10) != 0
    numbers -= negative << (_RUN_BITS * (places[ends] + 1))
    for first in (1, 2):
        numbers[first::2] = np.cumsum(numbers[first::2])
    return tuple(numbers.tolist())


def _read_runs(segmentation, size):
    counts = segmentation.get("counts")
    stated = segmentation.get("size")
    if stated is not None and stated != list(size):
        raise OutlineError("has run lengths of another size than its image")
    if isinstance(counts, str):
        counts = decode_runs(counts)
    if not isinstance(counts, list | tuple):
        raise OutlineError("has run lengths without counts")
    _check_runs(counts, size)
    return tuple(map(int, counts))


def _check_runs(counts, size):
    are_numbers = {*map(type, counts)} <= _NUMBERS and all(map(_is_whole, counts))
    if not are_numbers or (len(counts) and min(counts) < 0):
        raise OutlineError("has run lengths that are no numbers of pixels")
    if sum(counts) != size[0] * size[1]:
        raise OutlineError("has run lengths of another size than its image")


def _is_whole(number):
    return isinstance(number, int) or number.is_integer()


def _polygons(segmentation):
    """Yield lists of numbers from polygons that are nested as often as tools nest them."""
    first = segmentation[0]
    if not isinstance(first, list):
        yield segmentation
    elif len(segmentation) >= 3 and all(map(_is_point, segmentation)):
        yield [number for point in segmentation for number in point]
    else:
        for polygon in segmentation:
            if not isinstance(polygon, list):
                raise OutlineError("has an outline that is neither polygons nor run lengths")
            if polygon and all(map(_is_point, polygon)):
                yield [number for point in polygon for number in point]
            else:
                yield polygon


def _is_point(value):
    return isinstance(value, list) and len(value) == 2


def _check_polygon(polygon, size):
    if not {*map(type, polygon)} <= _NUMBERS or not _is_finite(polygon):
        raise OutlineError("has an outline whose coordinates are no numbers")
    if len(polygon) % 2:
        raise OutlineError("has an outline of an odd number of coordinates")
    # Outlines reach over the edge a little; far beyond it, each point would cost memory.
    slack = max(size)
    if polygon and (min(polygon) < -slack or max(polygon) > 2 * slack):
        raise OutlineError("has an outline far outside of its image")


def _reaches_into(polygon, size):
    """Whether the box around a polygon has an area and lies in the image somewhere."""
    height, width = size
    x, y = polygon[::2], polygon[1::2]
    return max(0, min(x)) < min(width, max(x)) and max(0, min(y)) < min(height, max(y))


def _is_tiny(polygon):
    """Whether a polygon is smaller than a pixel, or all within the first one."""
    x, y = polygon[::2], polygon[1::2]
    return max(polygon) <= 1 or max(max(x) - min(x), max(y) - min(y)) < 1


def _is_finite(numbers):
    try:
        return math.isfinite(math.fsum(numbers))
    except (OverflowError, ValueError):
        return False


def _draw_polygons(polygons, size):
    from pycocotools import mask as coco_mask

    for polygon in polygons:
        _check_polygon(polygon, size)
        if len(polygon) < _LEAST_NUMBERS:
            raise OutlineError("has an outline of fewer than three points")
    runs = coco_mask.frPyObjects([list(map(float, polygon)) for polygon in polygons], *size)
    return coco_mask.decode(coco_mask.merge(runs)).astype(bool)
