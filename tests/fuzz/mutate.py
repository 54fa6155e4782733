"""Other JSON: a value exchanged, left out or doubled, where bytes at random would be no JSON."""

import copy
import json
import random

_VALUES = (
    *(None, True, "", "x", "a\nb", "\ud800", [], {}, [[]], {"a": None}, [1, 2], "9" * 400),
    *(0, 1, -1, 0.5, 255, 256, 2**31, 2**63, 10**30, -(10**12), 1e308, float("nan"), float("inf")),
)


def mutated(data, seed):
    """Return JSON with one to three changes.

    Args:
        data: bytes of a JSON text.
        seed: whole number that fixes the changes.

    Raises:
        ValueError: if it is no JSON, or too deep to be walked through.
    """
    draw = random.Random(seed)
    try:
        tree = json.loads(data)
        for _ in range(draw.randint(1, 3)):
            tree = _change(tree, draw)
        return json.dumps(tree).encode("utf-8")
    except RecursionError:
        raise ValueError(f"Expected JSON. Received: {len(data)} bytes, too deep") from None


def _change(tree, draw):
    places = list(_places(tree))
    if not places:
        return draw.choice(_VALUES)
    holder, key = draw.choice(places)
    kind = draw.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif kind == 2:
        other_holder, other = draw.choice(places)
        holder[key] = copy.deepcopy(other_holder[other])
    else:
        holder[key] = draw.choice(_VALUES)
    return tree


def _places(tree):
    if isinstance(tree, dict | list):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield tree, key
            yield from _places(tree[key])
