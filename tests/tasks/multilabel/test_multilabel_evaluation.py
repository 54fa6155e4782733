"""What is measured of classes that overlap, beside scikit-learn."""

import json

import numpy as np
import pytest
from sklearn.metrics import jaccard_score, precision_recall_fscore_support

import segtf
from segtf.data import load_source, select
from segtf.evaluation.compare import compare
from segtf.evaluation.evaluate import evaluate
from segtf.inference.truth import read_truth
from segtf.labels import LabelMap
from segtf.tasks.multilabel.tally import LabelTally

NAMES = ("disc", "ring", "bar")


@pytest.fixture(scope="module")
def evaluation(shapes_run):
    return evaluate(shapes_run)


def test_metrics_of_each_class_are_those_of_scikit_learn(evaluation, shapes_run, shapes):
    predict = segtf.load(shapes_run)
    samples = select(load_source("folder", shapes).samples, shapes_run.split()["val"])
    truth = [read_truth(sample, predict.spec)[1] for sample in samples]
    said = [predict(sample.image).mask for sample in samples]
    flat = [np.concatenate([one.reshape(-1, 3) for one in some]) for some in (truth, said)]
    metrics = precision_recall_fscore_support(*flat, zero_division=np.nan)
    found = evaluation.summary()["per_class"]
    assert tuple(found) == NAMES
    for place, name in enumerate(NAMES):
        for key, values in zip(("precision", "recall", "dice"), metrics, strict=False):
            assert found[name][key] == pytest.approx(values[place], nan_ok=True)
        assert found[name]["pixels"] == flat[0][:, place].sum()
    iou = jaccard_score(*flat, average=None)
    assert [found[name]["iou"] for name in NAMES] == pytest.approx(list(iou))
    assert evaluation.summary()["mean_iou"] == pytest.approx(iou.mean())
    for place, (one, other) in enumerate(zip(truth, said, strict=True)):
        held = (one | other).any(axis=(0, 1))
        dice = 2 * (one & other).sum(axis=(0, 1))[held] / (one + other).sum(axis=(0, 1))[held]
        assert evaluation.image_dice[place] == pytest.approx(dice.mean() if held.any() else 1.0)


def test_the_report_is_whole(evaluation, shapes_run):
    written = json.loads((evaluation.folder / "metrics.json").read_text())
    assert written["task"] == "multilabel"
    used = [one["used"] for one in written["thresholds"].values()]
    assert used == list(shapes_run.spec().task.thresholds)
    assert "confusion_matrix" not in written and "pixel_accuracy" not in written
    page = (evaluation.folder / "report.html").read_text()
    assert "Classes may overlap" in page and "threshold 0.4 of disc" in page
    for name in ("images.csv", "classes.csv", "image_classes.csv", "thresholds.csv"):
        assert (evaluation.folder / name).exists()


def test_reports_are_compared(evaluation, shapes_run, tmp_path):
    other = evaluate(shapes_run, out=tmp_path / "other")
    found = compare([shapes_run.path, other.folder], tmp_path / "comparison")
    assert found.class_names == NAMES
    assert found.summaries[0] == found.summaries[1]
    assert found.summaries[0] == pytest.approx(evaluation.scores.summary())


class Said:
    """A prediction of decisions alone."""

    confidence = None

    def __init__(self, mask):
        self.mask = np.asarray(mask, np.uint8)


def test_absent_ignored_and_unseen_pixels():
    tally = LabelTally(LabelMap(("background", *NAMES)))
    # Nothing is there and nothing is found; all of one class is ignored; what a crop hid counts.
    tally.add("empty", np.zeros((2, 2, 3), np.uint8), Said(np.zeros((2, 2, 3))))
    truth = np.zeros((2, 2, 3), np.uint8)
    truth[..., 0], truth[..., 1], truth[0, 0, 2] = 1, 255, 1
    mask = np.ones((2, 2, 3), np.uint8)
    mask[0] = 255
    tally.add("some", truth, Said(mask))
    tally.add("ignored", np.full((2, 2, 3), 255, np.uint8), Said(np.ones((2, 2, 3))))
    measured = tally.measured()
    scores = measured.scores
    assert scores.counting.tolist() == [True, True, False]
    np.testing.assert_allclose(scores.dice, [1.0, (2 / 3 + 0) / 2, np.nan])
    assert scores.counts.false_negative[1].tolist() == [2, 0, 1]
    assert measured.calibration is None and not measured.curves
    assert scores.summary()["mean_dice"] == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="outlines"):
        LabelTally(LabelMap(("background", *NAMES)), with_outlines=True)
