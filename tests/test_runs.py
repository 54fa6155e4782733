import pytest

from segtf.runs import Run


def test_a_new_run_keeps_its_configuration(tmp_path):
    run = Run.create(tmp_path / "run", {"training": {"epochs": 3}})
    assert Run.open(run.path).config()["training"] == {"epochs": 3}
    assert run.history() == []


def test_an_existing_run_is_not_overwritten(tmp_path):
    Run.create(tmp_path / "run", {})
    with pytest.raises(ValueError, match=r"new run folder.*Received: .*run, which exists"):
        Run.create(tmp_path / "run", {})


def test_a_run_without_a_model_says_so(tmp_path):
    run = Run.create(tmp_path / "run", {})
    with pytest.raises(ValueError, match=r"trained model.*Received: "):
        run.require_model()


@pytest.mark.parametrize(
    ("content", "message"),
    [('{"format_version": 99}', "version 99"), ("[]", "of a list"), ("{", "no JSON")],
)
def test_settings_of_another_kind_are_refused(tmp_path, content, message):
    run = Run.create(tmp_path / "run", {})
    (run.path / "config.json").write_text(content)
    with pytest.raises(ValueError, match=rf"Expected .*Received: .*{message}"):
        run.config()


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_what_is_no_run_is_refused(tmp_path, make):
    make(tmp_path / "other")
    with pytest.raises(ValueError, match=r"run folder.*Received: "):
        Run.open(tmp_path / "other")
