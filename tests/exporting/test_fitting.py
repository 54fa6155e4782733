"""Models within limits: what is looked at, measured, and in which order."""

import pytest

from segtf.cli.limits import Limit, parse_limits
from segtf.exporting.fitting import find_fitting, measure_milliseconds
from segtf.models import describe_models

SIZE = (64, 64)
RATE = 50e6  # multiply-adds a millisecond


@pytest.fixture(scope="module")
def costs():
    return {cost.name: cost for cost in describe_models(SIZE)}


@pytest.fixture(autouse=True)
def known_costs(costs, monkeypatch):
    monkeypatch.setattr(
        "segtf.exporting.fitting.describe_models", lambda size: list(costs.values())
    )


def test_counted_limits_need_no_measurement_and_rank_by_the_first(costs):
    def measure(name, size):
        raise AssertionError("nothing is to be measured")

    found = find_fitting(parse_limits("MB<5,GMAC<0.05"), SIZE, measure)
    names = [fit.cost.name for fit in found.fitting]
    expected = [
        name for name, cost in costs.items() if cost.megabytes < 5 and cost.multiply_adds < 0.05e9
    ]
    assert names == sorted(expected, key=lambda name: costs[name].megabytes)
    assert {"lite", "lite-small", "lite-scratch"} <= set(names)
    assert len(found.closest) == len(costs) - len(names)


def test_measured_ones_are_ranked_and_hopeless_ones_left_out(costs):
    def measure(name, size):
        assert size == SIZE
        # The small ones do fewer multiply-adds a second, as small ones do.
        return costs[name].multiply_adds / (RATE / 2 if name.startswith("lite") else RATE)

    most = costs["unet-small"].multiply_adds / RATE * 1.01
    asked = []
    found = find_fitting([Limit("ms", most)], SIZE, measure, asked.append)
    times = [fit.milliseconds for fit in found.fitting]
    assert times == sorted(times) and times[-1] < most
    assert "unet-small" in [fit.cost.name for fit in found.fitting]
    assert "unet" not in found.not_measured  # 3.9 times as many multiply-adds
    assert "unet-original" in found.not_measured
    assert {*asked, *found.not_measured} == set(costs)
    assert found.closest[0].milliseconds >= most


def test_other_limits_come_before_the_measurement(costs):
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
