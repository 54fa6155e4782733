"""Counts of classes that overlap, beside those of scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import multilabel_confusion_matrix, precision_recall_fscore_support

from segtf.metrics import LabelCounts, dice, iou, label_counts, precision, recall

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 2, (2, 9, 8, 4)).astype(np.uint8)
LOGITS = RNG.normal(size=TRUTH.shape).astype(np.float32)
TRUTH[..., 3], LOGITS[..., 3] = 0, -9.0  # neither there nor predicted


def test_counts_are_those_of_scikit_learn():
    said = LOGITS >= 0
    found = label_counts(TRUTH, said)
    expected = multilabel_confusion_matrix(TRUTH.reshape(-1, 4), said.reshape(-1, 4))
    (tn, fp), (fn, tp) = np.moveaxis(expected, 0, -1)
    for part, other in zip(found, (tp, fp, fn, tn), strict=True):
        np.testing.assert_array_equal(part, other)
    figures = precision_recall_fscore_support(
        TRUTH.reshape(-1, 4), said.reshape(-1, 4), zero_division=np.nan
    )
    for metric, other in zip((precision, recall, dice), figures[:3], strict=True):
        np.testing.assert_allclose(metric(found), other)
    assert np.isnan(iou(found)).tolist() == [False, False, False, True]


def test_what_is_ignored_of_a_class_counts_for_the_others():
    truth = TRUTH.copy()
    truth[0, ..., 1] = 255
    found = label_counts(truth, LOGITS >= 0)
    assert sum(found).tolist() == [144, 72, 144, 144]


@pytest.mark.parametrize(
    ("truth", "said"), [([[0, 1]], [[0]]), ([[0, 7]], [[0, 1]]), ([[0, 1]], [[0, 3]])]
)
def test_what_is_no_label_is_refused(truth, said):
    with pytest.raises(ValueError, match="Received"):
        label_counts(truth, said)


def test_the_metric_of_a_training_adds_up_batches():
    truth = TRUTH.copy()
    truth[1, :4, :, 2] = 255
    thresholds = (0.5, 0.3, 0.6, 0.5)
    metric = LabelCounts(4, thresholds=thresholds)
    for batch, logits in zip(truth, LOGITS, strict=True):
        metric.update_state(batch[np.newaxis], logits[np.newaxis])
    expected = label_counts(truth, 1 / (1 + np.exp(-LOGITS)) >= np.array(thresholds))
    np.testing.assert_array_equal(metric.counts.numpy(), expected)
    result = metric.result()
    np.testing.assert_allclose(result["mean_dice"], np.nanmean(dice(expected)), rtol=1e-6)
    np.testing.assert_allclose(result["mean_iou"], np.nanmean(iou(expected)), rtol=1e-6)
    again = LabelCounts.from_config(metric.get_config())
    again.update_state(np.zeros((1, 2, 2, 4)), np.full((1, 2, 2, 4), -9.0))
    assert float(again.result()["mean_dice"]) == 1.0


@pytest.mark.parametrize("settings", [{"num_classes": 0}, {"num_classes": 2, "thresholds": (0.5,)}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="Received"):
        LabelCounts(**settings)
    with pytest.raises(ValueError, match="4 channels"):
        LabelCounts(4).update_state(np.zeros((1, 2, 2, 3)), np.zeros((1, 2, 2, 4)))
