"""Figures of a confusion matrix against scikit-learn."""

import warnings

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segtf import metrics

EXAMPLES = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def labelled(draw):
    """Number of classes, true ids, predicted ids; some classes absent, none ignored."""
    num_classes = draw(st.integers(2, 5))
    ids = hnp.arrays(
        np.uint8, (draw(st.integers(1, 30)),), elements=st.integers(0, num_classes - 1)
    )
    y_true = draw(ids)
    y_pred = draw(hnp.arrays(np.uint8, y_true.shape, elements=st.integers(0, num_classes - 1)))
    return num_classes, y_true, y_pred


@EXAMPLES
@given(labelled())
def test_matrix_and_classes_are_those_of_scikit_learn(case):
    num_classes, y_true, y_pred = case
    classes = list(range(num_classes))
    matrix = metrics.confusion_matrix(y_true, y_pred, num_classes)
    np.testing.assert_array_equal(matrix, sk.confusion_matrix(y_true, y_pred, labels=classes))
    for ours, theirs in (
        (metrics.dice, sk.f1_score),
        (metrics.precision, sk.precision_score),
        (metrics.recall, sk.recall_score),
    ):
        expected = theirs(y_true, y_pred, labels=classes, average=None, zero_division=np.nan)
        np.testing.assert_allclose(ours(matrix), expected, equal_nan=True)

    jaccard = sk.jaccard_score(y_true, y_pred, labels=classes, average=None, zero_division=0)
    present = np.isin(classes, np.concatenate([y_true, y_pred]))
    np.testing.assert_allclose(metrics.iou(matrix), np.where(present, jaccard, np.nan))
    specificity = [sk.recall_score(y_true != k, y_pred != k, zero_division=np.nan) for k in classes]
    np.testing.assert_allclose(metrics.specificity(matrix), specificity, equal_nan=True)


@EXAMPLES
@given(labelled())
def test_means_are_those_of_scikit_learn(case):
    num_classes, y_true, y_pred = case
    matrix = metrics.confusion_matrix(y_true, y_pred, num_classes)
    assert metrics.pixel_accuracy(matrix) == pytest.approx(sk.accuracy_score(y_true, y_pred))
    weighted = sk.jaccard_score(y_true, y_pred, average="weighted", zero_division=0)
    assert metrics.frequency_weighted_iou(matrix) == pytest.approx(weighted)

    present = np.union1d(y_true, y_pred)
    for mean, theirs in (
        (metrics.mean_iou, sk.jaccard_score),
        (metrics.mean_dice, sk.f1_score),
    ):
        if num_classes == 2:
            expected = theirs(y_true, y_pred, zero_division=0) if 1 in present else 1.0
        else:
            expected = theirs(y_true, y_pred, labels=present, average="macro", zero_division=0)
        assert mean(matrix) == pytest.approx(expected)


@EXAMPLES
@given(labelled())
def test_four_counts_add_up(case):
    num_classes, y_true, y_pred = case
    counts = metrics.counts(metrics.confusion_matrix(y_true, y_pred, num_classes))
    np.testing.assert_array_equal(sum(counts), len(y_true))
    multi_label = sk.multilabel_confusion_matrix(y_true, y_pred, labels=range(num_classes))
    np.testing.assert_array_equal(counts.true_positive, multi_label[:, 1, 1])
    np.testing.assert_array_equal(counts.false_positive, multi_label[:, 0, 1])
    np.testing.assert_array_equal(counts.false_negative, multi_label[:, 1, 0])


@EXAMPLES
@given(labelled(), st.data())
def test_ignored_pixels_count_nowhere(case, data):
    num_classes, y_true, y_pred = case
    ignored = data.draw(hnp.arrays(bool, y_true.shape))
    marked = np.where(ignored, 255, y_true)
    np.testing.assert_array_equal(
        metrics.confusion_matrix(marked, y_pred, num_classes),
        metrics.confusion_matrix(y_true[~ignored], y_pred[~ignored], num_classes),
    )


def test_no_pixels_give_no_nan_in_means():
    empty = np.zeros((3, 3), np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(metrics.iou(empty)).all()
        for mean in (
            metrics.mean_iou,
            metrics.mean_dice,
            metrics.pixel_accuracy,
            metrics.frequency_weighted_iou,
        ):
            assert mean(empty) == 1.0


@pytest.mark.parametrize(
    "y_true, y_pred", [([0, 1], [0]), ([0, 2], [0, 1]), ([0, 1], [0, 2]), ([0, -1], [0, 1])]
)
def test_ids_that_do_not_fit_are_refused(y_true, y_pred):
    with pytest.raises(ValueError, match=r"Expected .*Received: "):
        metrics.confusion_matrix(y_true, y_pred, num_classes=2)
