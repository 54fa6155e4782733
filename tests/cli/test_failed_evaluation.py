"""What goes wrong after a training."""

import pytest

from segtf.cli import main
from segtf.evaluation import evaluate
from segtf.training import train


@pytest.mark.parametrize("error", [OSError("the disk is full"), ValueError("no mask")])
def test_an_evaluation_that_fails_says_that_the_model_is_safe(
    tmp_path, synthetic_folder, monkeypatch, capsys, error
):
    def fail(run):
        raise error

    monkeypatch.setattr(train, "train", lambda *arguments, **settings: None)
    monkeypatch.setattr(evaluate, "evaluate", fail)
    with pytest.raises(SystemExit) as done:
        main(["train", str(tmp_path / "run"), "--data-dir", str(synthetic_folder)])
    said = capsys.readouterr().err
    assert done.value.code == 2
    assert said.count("\n") == 1
    assert f"safe in {tmp_path / 'run' / 'best.keras'}" in said
    assert "segtf evaluate" in said and str(error) in said
