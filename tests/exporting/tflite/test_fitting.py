"""Models within limits: what is looked at, measured, and in which order."""

import pytest

from segtf.cli.limits import Limit, parse_limits
from segtf.exporting.tflite.fitting import find_fitting, measure_milliseconds
from segtf.models import ModelCost

SIZE = (64, 64)
RATE = 50  # millions of multiply-adds a millisecond
COSTS = {
    name: ModelCost(name, "", int(megabytes * 0.25e6), int(1e6 * millions), megabytes)
    for name, millions, megabytes in (
        *(("unet", 190, 7.8), ("unet-original", 3000, 124.1), ("unet-small", 48, 2.0)),
        *(("lite", 21, 2.9), ("lite-small", 14, 1.1), ("lite-scratch", 11, 4.3)),
    )
}


@pytest.fixture(autouse=True)
def known_costs(monkeypatch):
    monkeypatch.setattr(
        "segtf.exporting.tflite.fitting.describe_models", lambda size: list(COSTS.values())
    )


def test_counted_limits_need_no_measurement_and_rank_by_the_first():
    def measure(name, size):
        raise AssertionError("nothing is to be measured")

    found = find_fitting(parse_limits("MB<5,GMAC<=0.021"), SIZE, measure)
    assert [fit.cost.name for fit in found.fitting] == ["lite-small", "lite", "lite-scratch"]
    assert [fit.cost.name for fit in found.closest] == ["unet-small", "unet", "unet-original"]


def test_measured_ones_are_ranked_and_hopeless_ones_left_out():
    def measure(name, size):
        assert size == SIZE
        # The small ones do fewer multiply-adds a second, as small ones do.
        return COSTS[name].multiply_adds / (RATE * 1e6 / (2 if name.startswith("lite") else 1))

    asked = []
    found = find_fitting([Limit("ms", 0.97)], SIZE, measure, asked.append)
    ranked = [(fit.cost.name, fit.milliseconds) for fit in found.fitting]
    assert ranked == [
        *(("lite-scratch", 0.44), ("lite-small", 0.56), ("lite", 0.84), ("unet-small", 0.96))
    ]
    # Four times the best rate, that of unet-small, would do for 194 millions in 0.97 ms.
    assert [fit.cost.name for fit in found.closest] == ["unet"]
    assert found.not_measured == ("unet-original",)
    assert asked == ["lite-scratch", "lite-small", "lite", "unet-small", "unet"]


def test_other_limits_come_before_the_measurement():
    asked = []
    found = find_fitting(
        parse_limits("ms<9,MB<1.2"),
        SIZE,
        lambda name, size: 1.0,
        asked.append,
    )
    assert asked == [fit.cost.name for fit in found.fitting] == ["lite-small"]


def test_milliseconds_are_measured():
    assert 0 < measure_milliseconds("unet-small", (32, 32)) < 10_000
