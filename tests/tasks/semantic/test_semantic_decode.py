from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import special

from segtf.labels import LabelMap
from segtf.spec import ModelSpec
from segtf.tasks import strips
from segtf.tasks.semantic import decode
from segtf.tasks.semantic.answer import channel_names
from segtf.tasks.semantic.task import SEMANTIC

THREE = LabelMap(("road", "tree", "car"))
TWO = LabelMap(("skin", "lesion"))


def logits(channels):
    return arrays.arrays(
        np.float32, (4, 5, channels), elements=st.floats(-20, 20, width=16, allow_nan=False)
    )


@settings(max_examples=30, deadline=None)
@given(logits(1), st.floats(0.05, 0.95))
def test_a_binary_pixel_is_foreground_from_the_threshold_on(values, threshold):
    chances = special.expit(values[..., 0].astype(np.float64))
    clear = np.abs(chances - threshold) > 1e-6
    ids = decode.class_ids(tf.constant(values), threshold).numpy()
    assert ids.dtype == np.uint8
    np.testing.assert_array_equal(ids[clear], (chances >= threshold)[clear])


def test_exactly_the_threshold_is_foreground():
    assert decode.class_ids(tf.zeros((1, 1)), threshold=0.5).numpy() == [1]


@settings(max_examples=30, deadline=None)
@given(logits(3))
def test_the_largest_logit_decides_among_classes(values):
    ids = decode.class_ids(tf.constant(values), threshold=0.5).numpy()
    assert ids.dtype == np.uint8
    np.testing.assert_array_equal(ids, values.argmax(-1))


@settings(max_examples=20, deadline=None)
@given(logits(3))
def test_probabilities_are_softmax(values):
    expected = special.softmax(values.astype(np.float64), axis=-1)
    np.testing.assert_allclose(decode.probabilities(tf.constant(values)), expected, atol=1e-6)


@pytest.mark.parametrize("labels", [TWO, THREE])
@pytest.mark.parametrize("rule", ["stretch", "letterbox", "crop"])
def test_figures_describe_the_mask(labels, rule):
    shape = (16, 20, len(channel_names(labels.names)))
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    spec = ModelSpec(labels, (16, 20), resize=rule)
    mask, coverage, confidence = decode.answer(tf.constant(values), (30, 23), spec)
    chances = SEMANTIC.chances(tf.constant(values), (30, 23), spec).numpy()
    mask, seen = mask.numpy(), mask.numpy() != labels.ignore_class
    assert mask.shape == (30, 23)
    assert seen.all() == (rule != "crop")
    counts = np.bincount(mask[seen], minlength=labels.num_classes)
    np.testing.assert_allclose(coverage, counts / seen.sum(), rtol=1e-6)
    if labels.num_classes == 2:
        chances = np.concatenate([1 - chances, chances], axis=-1)
    decided = np.take_along_axis(chances, np.where(seen, mask, 0)[..., np.newaxis], axis=-1)
    np.testing.assert_allclose(confidence, decided[seen].mean(), rtol=1e-5)


def test_without_an_ignore_class_the_unseen_is_class_0():
    spec = ModelSpec(LabelMap(("a", "b"), ignore_class=None), (8, 8), resize="crop")
    mask, coverage, _ = decode.answer(tf.ones((8, 8, 1)), (8, 16), spec)
    assert mask.numpy()[:, :4].max() == 0
    assert mask.numpy()[:, 4:12].min() == 1
    np.testing.assert_allclose(coverage, [0, 1])


@pytest.mark.parametrize("labels", [TWO, THREE])
def test_a_large_image_is_decided_in_strips(monkeypatch, labels):
    shape = (16, 20, len(channel_names(labels.names)))
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    spec = ModelSpec(labels, (16, 20), resize="letterbox")
    whole = decode.answer(tf.constant(values), (97, 61), spec)
    monkeypatch.setattr(strips, "_VALUES_AT_ONCE", 1000)
    in_strips = decode.answer(tf.constant(values), (97, 61), spec)
    # Where rows begin is told in float32: a pixel on the edge of two classes may differ.
    assert np.mean(whole[0].numpy() != in_strips[0].numpy()) < 0.001
    for one, other in zip(whole[1:], in_strips[1:], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory as Linux counts it")
@pytest.mark.parametrize("side", [768, pytest.param(4096, marks=pytest.mark.slow)])
def test_150_classes_at_the_size_of_an_image_take_little_memory(side):
    """At once, their logits alone would take 0.35 or 10 GB."""
    labels = LabelMap(tuple(map(str, range(150))))
    values = np.random.default_rng(0).normal(size=(16, 16, 150)).astype(np.float32)
    decide = tf.function(
        lambda values: decode.answer(values, (side, side), ModelSpec(labels, (16, 16)))
    )
    decide.get_concrete_function(tf.constant(values))
    before = megabytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM, the highest, begins anew
    mask, coverage, confidence = decide(tf.constant(values))
    assert megabytes("VmHWM") - before < 250
    assert mask.shape == (side, side)
    np.testing.assert_allclose(tf.reduce_sum(coverage), 1.0, rtol=1e-5)
    assert 1 / 150 < confidence < 1


def megabytes(name):
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)
    )
    return int(line.split()[1]) / 1e3
