"""What is no source is refused by name, wherever one is taken."""

from pathlib import Path

import pytest

import segtf
from segtf.data import check_source, inspect_source


@pytest.mark.parametrize("received", ["folder", Path("folder"), [], 3])
@pytest.mark.parametrize(
    "take",
    [
        inspect_source,
        check_source,
        lambda source: segtf.train("run", source),
        lambda source: segtf.evaluate("run.keras", source),
    ],
    ids=["inspect", "check", "train", "evaluate"],
)
def test_what_is_no_source_is_refused(take, received, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.keras").touch()
    with pytest.raises(ValueError, match=r"load_source.*Received: .*\((str|.*Path|list|int)\)"):
        take(received)
