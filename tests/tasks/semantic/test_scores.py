import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segtf.metrics import ThresholdCurve, mean_dice, mean_iou, pixel_accuracy
from segtf.tasks.measured import CLASS_FIGURES
from segtf.tasks.semantic.scores import ImageScores
from segtf.tasks.sweep import sweep

MATRICES = st.tuples(st.integers(1, 5), st.integers(2, 4)).flatmap(
    lambda shape: arrays(np.int64, (shape[0], shape[1], shape[1]), elements=st.integers(0, 9))
)


@given(MATRICES)
def test_counts_say_what_the_confusion_matrices_say(matrices):
    assume(matrices.any(axis=(1, 2)).all())  # of an image without pixels nothing is known
    scores = ImageScores.of_matrices(map(str, range(len(matrices))), matrices)
    assert scores.dice == pytest.approx([mean_dice(matrix) for matrix in matrices])
    assert scores.iou == pytest.approx([mean_iou(matrix) for matrix in matrices])
    assert scores.pixel_accuracy == pytest.approx([pixel_accuracy(m) for m in matrices])
    pooled = matrices.sum(axis=0)
    for figure in CLASS_FIGURES.values():
        np.testing.assert_allclose(figure(scores.pooled()), figure(pooled))
    summary = scores.summary()
    assert summary["pixel_accuracy"] == pytest.approx(pixel_accuracy(pooled))
    if len(pooled) > 2:
        assert summary["mean_iou"] == pytest.approx(mean_iou(pooled))
    else:
        assert summary["mean_iou"] == pytest.approx(np.mean(scores.iou))


@given(MATRICES, st.randoms(use_true_random=False))
def test_a_weight_is_a_repetition(matrices, random):
    ids = [str(index) for index in range(len(matrices))]
    drawn = random.choices(ids, k=len(ids))
    scores = ImageScores.of_matrices(ids, matrices)
    weights = np.array([drawn.count(id_) for id_ in ids])
    assert scores.summary(weights) == pytest.approx(scores.select(drawn).summary(), nan_ok=True)


def test_images_without_pixels_count_nowhere():
    matrices = [[[8, 0], [0, 4]], [[0, 0], [0, 0]], [[6, 2], [2, 2]]]
    scores = ImageScores.of_matrices("abc", matrices)
    assert scores.counting.tolist() == [True, False, True]
    assert np.isnan([scores.dice[1], scores.iou[1], scores.pixel_accuracy[1]]).all()
    assert scores.summary() == scores.select("ac").summary()
    assert np.isnan(list(scores.select("b").summary().values())).all()


def test_a_sweep_follows_its_definitions():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 500)
    chances = np.clip(rng.normal(0.3 + 0.4 * truth, 0.2), 0, 1)
    curve = ThresholdCurve(num_bins=20)
    curve.update(truth, chances)
    figures = sweep(curve)
    for index, threshold in enumerate(figures["threshold"]):
        matrix = np.array(
            [[np.sum((truth == t) & ((chances >= threshold) == p)) for p in (0, 1)] for t in (0, 1)]
        )
        for name, figure in CLASS_FIGURES.items():
            expected = figure(matrix)[1]
            if name == "specificity":
                assert 1 - figures["false_positive_rate"][index] == pytest.approx(expected)
            else:
                assert figures[name][index] == pytest.approx(expected)


def test_a_sweep_of_no_foreground_is_finite():
    curve = ThresholdCurve(num_bins=4)
    curve.update([0, 0], [0.1, 0.6])
    assert all(np.isfinite(values).all() for values in sweep(curve).values())
