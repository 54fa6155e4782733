import pytest

from segtf.history import best_epoch
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


HISTORY = [
    {"epoch": 1, "loss": 0.9, "val_loss": 0.8, "val_mean_dice": 0.2, "val_mean_iou": 0.5},
    {"epoch": 2, "loss": 0.7, "val_loss": 0.6, "val_mean_dice": 0.6, "val_mean_iou": 0.3},
    {"epoch": 3, "loss": 0.5, "val_loss": 0.7, "val_mean_dice": 0.6, "val_mean_iou": 0.4},
]


@pytest.mark.parametrize(
    ("monitor", "changed", "best"),
    [
        ("val_mean_dice", {}, 1),  # the lower of two losses decides
        ("val_mean_iou", {}, 0),
        ("val_loss", {}, 1),
        ("val_mean_dice", {"val_mean_dice": 0.0}, 1),
        ("val_mean_dice", {"val_mean_dice": 1.0, "val_loss": 0.0}, 2),
        ("val_mean_dice", {"val_mean_dice": float("nan")}, 1),
        ("val_pixel_accuracy", {}, None),
    ],
)
def test_the_best_epoch_is_that_of_the_monitored_figure(monitor, changed, best):
    assert best_epoch([{**row, **changed} for row in HISTORY], monitor) == best


def test_a_run_knows_its_best_epoch_by_what_it_monitored(tmp_path):
    run = Run.create(tmp_path / "run", {"training": {"monitor": "val_mean_iou"}})
    assert run.best_epoch() is None
    lines = [",".join(HISTORY[0]), *(",".join(map(str, row.values())) for row in HISTORY)]
    run.history_file.write_text("\n".join(lines))
    assert run.best_epoch()["epoch"] == 1


@pytest.mark.parametrize(
    ("name", "folder"),
    [("pets", "report-pets"), ("tfds:a/b", "report-tfds-a-b"), ("..", "report-other")],
)
def test_a_report_on_other_images_has_a_folder_of_its_own(tmp_path, name, folder):
    assert Run(tmp_path).report_on(name) == tmp_path / folder
