"""The fuzz targets on their seeds and a few changes of each; `make fuzz` does it at length."""

import random

import pytest
from mutate import mutated
from targets import OF_JSON, SEEDS, TARGETS, prepared

CHANGES = {"keras": 3, "graph": 8}
"""Of each seed, where 20 would take long."""


def changed(data, name, seed):
    """Another value somewhere in JSON; elsewhere a few bytes exchanged, or the end cut off."""
    if name in OF_JSON and data.startswith(b"{"):
        return mutated(data, seed)
    draw, changed = random.Random(seed), bytearray(data)
    for _ in range(draw.randint(0, 3)):
        changed[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(changed[: draw.randint(1, len(data))] if draw.random() < 0.5 else changed)


@pytest.mark.parametrize("name", TARGETS)
def test_what_others_wrote_is_read_or_refused(name):
    run = prepared(name)
    seeds = sorted((SEEDS / name).iterdir())
    assert seeds
    for path in seeds:
        data = path.read_bytes()
        run(data)
        for seed in range(CHANGES.get(name, 20)):
            run(changed(data, name, seed))
