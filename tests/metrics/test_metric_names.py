"""Several metrics of one model: all figures are reported, or the names are refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from segtf.losses import SoftDice
from segtf.metrics import ConfusionMatrix, MeanDiceScore, iou, mean_dice, mean_over_classes

LOGITS = np.linspace(-4, 4, 64, dtype="float32").reshape(1, 8, 8, 1)
TRUTH = (LOGITS[..., 0] > 0).astype("uint8")
WEIGHTS = np.where(TRUTH == 1, 5.0, 1.0)


def evaluated(outputs=None, run_eagerly=False, jit_compile=False, **metrics):
    """What `evaluate` reports of logits, or of the named outputs `{name: factor}` of them."""
    logits = keras.Input((8, 8, 1))
    given = {
        name: keras.layers.Rescaling(factor, name=name)(logits)
        for name, factor in (outputs or {"logits": 1.0}).items()
    }
    model = keras.Model(logits, given if outputs else given["logits"])
    loss = dict.fromkeys(given, SoftDice()) if outputs else SoftDice()
    model.compile(loss=loss, run_eagerly=run_eagerly, jit_compile=jit_compile, **metrics)
    truth = dict.fromkeys(given, TRUTH) if outputs else TRUTH
    weighted = () if outputs else (WEIGHTS,)
    data = tf.data.Dataset.from_tensors((LOGITS, truth, *weighted))
    return model.evaluate(data, verbose=0, return_dict=True)


def dice_at(threshold, weights=None):
    metric = ConfusionMatrix(2, threshold=threshold)
    metric.update_state(TRUTH, LOGITS, weights)
    return pytest.approx(mean_dice(metric.matrix.numpy()))


def test_one_metric_of_the_default_name_keeps_the_names_that_callbacks_know():
    logs = evaluated(metrics=[ConfusionMatrix(2)])
    assert set(logs) == {"loss", "mean_iou", "mean_dice", "pixel_accuracy"}


def test_the_figures_of_a_named_metric_begin_with_its_name():
    logs = evaluated(metrics=[ConfusionMatrix(2), ConfusionMatrix(2, threshold=0.9, name="t9")])
    assert logs["mean_dice"] == dice_at(0.5)
    assert logs["t9_mean_dice"] == dice_at(0.9)
    metric = ConfusionMatrix(2, class_names=["skin", "lesion"], name="own")
    assert {name for name in metric.result() if not name.startswith("own_")} == set()
    assert "own_iou/lesion" in metric.result()


def test_metrics_of_two_outputs():
    metrics = {"main": [ConfusionMatrix(2)], "aux": [ConfusionMatrix(2, name="aux_cm")]}
    logs = evaluated({"main": 1.0, "aux": -1.0}, metrics=metrics)
    assert (logs["mean_dice"], logs["aux_cm_mean_dice"]) == (1.0, 0.0)


def test_weighted_metrics():
    logs = evaluated(
        metrics=[ConfusionMatrix(2, threshold=0.9)],
        weighted_metrics=[ConfusionMatrix(2, threshold=0.9, name="weighted")],
    )
    assert logs["mean_dice"] == dice_at(0.9)
    assert logs["weighted_mean_dice"] == dice_at(0.9, WEIGHTS)


@pytest.mark.parametrize(
    "settings",
    [
        {"metrics": [ConfusionMatrix(2), ConfusionMatrix(2, threshold=0.9)]},
        {"metrics": [ConfusionMatrix(2), ConfusionMatrix(2)], "run_eagerly": True},
        {"metrics": [ConfusionMatrix(2), ConfusionMatrix(2)], "jit_compile": True},
        {"metrics": [ConfusionMatrix(2, name="a"), ConfusionMatrix(2, ignore_class=0, name="a")]},
        {"metrics": [ConfusionMatrix(2)], "weighted_metrics": [ConfusionMatrix(2)]},
        {
            "metrics": {"main": ConfusionMatrix(2), "aux": ConfusionMatrix(2)},
            "outputs": {"main": 1.0, "aux": -1.0},
        },
        {"metrics": [ConfusionMatrix(2), MeanDiceScore(2, threshold=0.9)]},
        {"metrics": [ConfusionMatrix(2)], "weighted_metrics": [MeanDiceScore(2)]},
        {"metrics": [ConfusionMatrix(2), keras.metrics.MeanSquaredError(name="mean_iou")]},
    ],
    ids=range(9),
)
def test_metrics_whose_figures_have_the_same_names_are_refused(settings):
    with pytest.raises(ValueError, match=r"names of their own.*Received: "):
        evaluated(**settings)


def test_a_view_of_the_same_figure_may_stand_beside_its_matrix():
    logs = evaluated(metrics=[ConfusionMatrix(2), MeanDiceScore(2)])
    assert logs["mean_dice"] == dice_at(0.5)
    outputs = {"main": 1.0, "aux": -1.0}
    metrics = {"main": ConfusionMatrix(2), "aux": MeanDiceScore(2)}
    logs = evaluated(outputs, metrics=metrics)
    assert (logs["mean_dice"], logs["aux_mean_dice"]) == (1.0, 0.0)


def test_results_that_nobody_merges_may_have_the_same_names():
    one, other = ConfusionMatrix(2), ConfusionMatrix(2, threshold=0.9)
    for metric in (one, other):
        metric.update_state(TRUTH, LOGITS)
    assert float(one.result()["mean_dice"]) == dice_at(0.5)
    assert float(other.result()["mean_dice"]) == dice_at(0.9)
    assert mean_over_classes(iou(one.matrix.numpy())) == pytest.approx(1.0)
