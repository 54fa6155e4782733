"""Masks whose values are no classes, or of another size: refused eagerly, in graphs, under XLA."""

import numpy as np
import pytest
import tensorflow as tf

from segtf import losses
from segtf.class_ids import read_class_ids, read_one_hot
from segtf.metrics import ConfusionMatrix

LOGITS = np.random.default_rng(0).normal(size=(2, 3, 4, 3)).astype("float32")
MASK = np.random.default_rng(1).integers(0, 3, (2, 3, 4))
ONE_HOT = np.eye(3)[MASK]


def with_pixel(values, value):
    values = values.astype("float32")
    values[1, 2, 3] = value
    return values


FRACTION = with_pixel(MASK, 1.5)
REFUSED = {
    "fraction": FRACTION,
    "nearly a whole number": with_pixel(MASK, 254 / 255),
    "half of float16": FRACTION.astype("float16"),
    "with a channel": FRACTION[..., None],
    "float64": FRACTION.astype("float64"),
    "below zero": with_pixel(MASK, -0.5),
    "no number": with_pixel(MASK, np.nan),
    "infinite": with_pixel(MASK, np.inf),
    "negative": with_pixel(MASK, -1).astype("int32"),
    "out of range": with_pixel(MASK, 3).astype("uint8"),
    "equal but for 32 bits": with_pixel(MASK, 2.0**32).astype("int64"),
    "equal but for 64 bits": with_pixel(MASK, 2.0**63).astype("uint64"),
    "one-hot stored as 0 and 255": (255 * ONE_HOT).astype("uint8"),
    "one-hot with a negative share": with_pixel(ONE_HOT, (-0.5, 1.0, 0.5)),
    "one-hot without a number": with_pixel(ONE_HOT, np.nan),
}
TAKEN = {
    "bool one-hot": ONE_HOT.astype(bool),
    "bfloat16": tf.cast(MASK, "bfloat16"),
    "uint64": MASK.astype("uint64"),
    "ignored": with_pixel(MASK, 255.0),
    "one-hot ignored": with_pixel(ONE_HOT, 255),
    "one-hot with rounding": ONE_HOT * (1 + 1e-6),
    "soft one-hot": 0.8 * ONE_HOT + 0.2 / 3,
}


def updated(values, metric, call):
    values = tf.Variable(values)  # what is no variable is a constant to XLA
    call(lambda: metric.update_state(values.value(), LOGITS))()
    return metric.matrix.numpy()


def compiled(function):
    return tf.function(function, jit_compile=True)


@pytest.mark.parametrize("values", REFUSED.values(), ids=REFUSED)
def test_no_classes_are_refused(values):
    metric = ConfusionMatrix(3)
    for call in (lambda function: function, tf.function):
        with pytest.raises(tf.errors.InvalidArgumentError, match="out of range"):
            updated(values, metric, call)
    assert not metric.matrix.numpy().any()
    assert np.isnan(losses.PixelCrossentropy()(values, LOGITS))
    assert np.isnan(losses.SoftDice()(values, LOGITS))


def test_xla_which_has_no_errors_makes_all_figures_nan():
    metric = ConfusionMatrix(3, class_names=["a", "b", "c"])
    assert np.isnan(updated(FRACTION, metric, compiled)).all()
    assert np.isnan(updated(MASK, metric, compiled)).all()
    assert np.isnan([float(figure) for figure in metric.result().values()]).all()
    metric.reset_state()
    assert np.isfinite(updated(MASK, metric, compiled)).all()
    loss = compiled(lambda values: losses.CrossentropyDice()(values, LOGITS))
    assert np.isnan(loss(tf.constant(FRACTION)))


@pytest.mark.parametrize("values", TAKEN.values(), ids=TAKEN)
def test_classes_of_any_dtype_are_taken(values):
    matrix = updated(values, ConfusionMatrix(3), lambda function: function)
    ignored = np.any(np.asarray(values, "float32") == 255)
    assert matrix.sum() == MASK.size - ignored
    assert np.isfinite(losses.CrossentropyDice()(values, LOGITS))


def test_binary_losses_take_a_share_of_the_foreground():
    share = np.full((1, 2, 2), 0.25, "float32")
    value = losses.PixelCrossentropy()(share, np.zeros((1, 2, 2, 1), "float32"))
    assert float(value) == pytest.approx(np.log(2))


def test_a_class_may_be_the_one_that_is_ignored():
    for values in (MASK, ONE_HOT):
        metric = ConfusionMatrix(3, ignore_class=1)
        matrix = updated(values, metric, lambda function: function)
        np.testing.assert_array_equal(matrix.sum(axis=1) > 0, [True, False, True])
    by_ids, one_hot = (
        losses.PixelCrossentropy(ignore_class=1)(values, LOGITS) for values in (MASK, ONE_HOT)
    )
    assert float(by_ids) == pytest.approx(float(one_hot))


def test_ids_and_one_hot_vectors_say_the_same():
    for read in (read_class_ids(MASK[..., None], 3), read_one_hot(ONE_HOT)):
        np.testing.assert_array_equal(read.ids[..., 0], MASK)
        assert np.all(read.valid)
        assert not np.any(read.unknown)


SIZES = {
    "swapped": ((1, 6, 4), (1, 4, 6, 1)),
    "flat": ((1, 24), (1, 4, 6, 1)),
    "other size": ((1, 4, 5), (1, 4, 6, 1)),
    "swapped with channel": ((1, 6, 4, 1), (1, 4, 6, 3)),
    "channels first": ((1, 3, 4, 6), (1, 4, 6, 3)),
    "one row for all": ((1, 1, 6), (1, 4, 6, 1)),
}


@pytest.mark.parametrize(("mask", "logits"), SIZES.values(), ids=SIZES)
def test_masks_of_another_shape_are_refused(mask, logits):
    metric = ConfusionMatrix(max(logits[-1], 2))
    with pytest.raises(ValueError, match=r"Expected .*Received: "):
        metric.update_state(np.zeros(mask, "uint8"), np.zeros(logits, "float32"))


@pytest.mark.parametrize("mask", [(1, 6, 4), (1, 1, 6), (1, 4, 1)])
def test_sizes_that_are_known_late_are_compared_as_well(mask):
    shapes = [tf.TensorSpec((None, None, None), tf.uint8), tf.TensorSpec((None, None, None, 1))]
    values = tf.zeros(mask, tf.uint8), tf.zeros((1, 4, 6, 1))
    metric, loss = ConfusionMatrix(2), losses.CrossentropyDice()
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.function(metric.update_state, input_signature=shapes)(*values)
    for jit in (False, True):
        try:
            value = tf.function(loss, input_signature=shapes, jit_compile=jit)(*values)
        except tf.errors.InvalidArgumentError:
            continue
        assert np.isnan(value)
    try:
        tf.function(metric.update_state, input_signature=shapes, jit_compile=True)(*values)
    except tf.errors.InvalidArgumentError:
        return
    assert np.isnan(metric.matrix.numpy()).all()
