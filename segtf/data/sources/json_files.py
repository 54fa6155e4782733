"""JSON files of label tools, and what is in them."""

import json
import math

_HEAD = 2**16
_LARGEST = 2**53


def read_json(path, what):
    """Return what a JSON file holds.

    Args:
        path: the file.
        what: what it should be, as a text that follows "Expected".

    Raises:
        ValueError: if it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError, OSError) as error:
        raise ValueError(f"Expected {what}. Received: {path}, no JSON ({error})") from None


def head_of(path):
    """Return how a file begins, as text without blanks: enough to tell a format by."""
    with path.open("rb") as file:
        start = file.read(_HEAD)
    return "".join(start.decode("utf-8", "ignore").lstrip("\ufeff").split())


def objects_in(value):
    """Return the dicts of a list; none if it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def is_number(value):
    """Whether a value of JSON is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


def is_coordinate(value):
    """Whether a value of JSON is a number that floats can reckon with."""
    return is_number(value) and abs(value) <= _LARGEST


def stated_size(width, height):
    """Return height and width as a file states them, or `None` if they are no numbers of pixels."""
    sides = (height, width)
    if all(is_number(side) and side > 0 and side == int(side) for side in sides):
        return tuple(map(int, sides))
    return None


def flat_points(points):
    """Return points ``[[x, y], ...]`` as x, y, x, y, ...; anything else as it is."""
    if isinstance(points, list) and all(
        isinstance(point, list) and len(point) == 2 for point in points
    ):
        return [value for point in points for value in point]
    return points
