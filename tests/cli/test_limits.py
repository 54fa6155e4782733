"""``segtf models --fit``: limits as text, and what is said of anything else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtf.cli import main
from segtf.cli.limits import UNITS, Limit, parse_limits
from segtf.models import ModelCost

NUMBERS = st.floats(0.001, 1e6).map(lambda number: round(number, 3))
LIMITS = st.lists(
    st.builds(Limit, st.sampled_from(UNITS), NUMBERS, st.booleans()),
    min_size=1,
    max_size=3,
    unique_by=lambda limit: limit.unit,
)
SPACES = st.sampled_from(["", " ", "  "])


@settings(deadline=None)
@given(LIMITS, SPACES, st.sampled_from([str, str.lower, str.upper]))
def test_what_is_written_is_read(limits, space, spelled):
    text = f"{space},{space}".join(spelled(str(limit)) for limit in limits)
    assert parse_limits(text) == tuple(limits)


@settings(deadline=None)
@given(st.text(st.sampled_from("msMBGAC<=>1.,0- e\n٣"), max_size=30))
def test_anything_else_is_refused(text):
    try:
        limits = parse_limits(text)
    except ValueError as error:
        assert str(error).endswith(f"Received: {text!r}")
    else:
        assert all(limit.unit in UNITS and limit.most > 0 for limit in limits)
        assert parse_limits(",".join(map(str, limits))) == limits


@settings(deadline=None)
@given(LIMITS, st.floats(0, 1e6))
def test_limits_hold_below_their_number(limits, value):
    for limit in limits:
        assert limit.holds(value) == (value < limit.most or value == limit.most != limit.is_below)


@pytest.mark.parametrize(
    "text",
    [
        *("", "fast", "ms", "ms<", "ms>10", "ms=10", "s<1", "ms<-1", "ms<0", "ms<ten", "ms<nan"),
        *("ms<10,", ",", "ms<10;MB<5", "ms<1,MS<2", "ms<" + "9" * 5000),
    ],
)
def test_the_command_says_what_it_expects(text, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["models", "--fit", text])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Expected" in line and "Received" in line and len(line) < 400


def test_the_command_ranks_what_fits(monkeypatch, capsys):
    rows = (("unet-small", 12, 2.0), ("lite", 5, 2.9), ("lite-small", 4, 1.1), ("unet", 50, 7.8))
    costs = [ModelCost(name, "", 1000, int(1e6 * macs), size) for name, macs, size in rows]
    monkeypatch.setattr("segtf.exporting.tflite.fitting.describe_models", lambda size: costs)
    times = {"lite-small": 3.0, "lite": 3.99}
    monkeypatch.setattr(
        "segtf.exporting.tflite.fitting.measure_milliseconds",
        lambda name, size: times.get(name, 5.0),
    )
    for limits, status, expected in (
        ("ms<4,MB<3", 0, ["lite-small", "lite"]),
        ("ms<2,MB<3", 1, ["no", "lite-small", "lite", "1"]),
        ("MB<1.2", 0, ["lite-small"]),
    ):
        with pytest.raises(SystemExit) as stop:
            main(["models", "--fit", limits, "--size", "32"])
        assert stop.value.code == status
        lines = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
        assert [word for word in lines if word not in ("model", "ms:")] == expected
