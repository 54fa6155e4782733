"""What a multi-label model says, and how it decides: the round trip."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import special

from segtf.data.annotations import Annotation
from segtf.labels import LabelMap
from segtf.spec import ModelSpec
from segtf.tasks import strips
from segtf.tasks.multilabel import decode
from segtf.tasks.multilabel.answer import class_names
from segtf.tasks.multilabel.targets import targets
from segtf.tasks.multilabel.task import MULTILABEL

LABELS = LabelMap(("background", "disc", "ring", "bar"))
SIZE = (12, 16)
there = arrays.arrays(np.uint8, (*SIZE, 4), elements=st.integers(0, 1))


def spec_of(rule="stretch"):
    return ModelSpec(LABELS, SIZE, resize=rule, task="multilabel")


@settings(max_examples=8, deadline=None)
@given(there, st.sampled_from(["stretch", "letterbox", "crop"]))
def test_what_is_encoded_is_decoded_eagerly_and_in_a_graph(labels, rule):
    """At the model's own size no rule changes anything: what is annotated comes back."""
    spec = spec_of(rule)
    truth = targets(Annotation(labels=labels), spec)
    np.testing.assert_array_equal(truth, labels[..., 1:])
    np.testing.assert_array_equal(targets(Annotation(labels=tf.constant(labels)), spec), truth)
    logits = np.where(truth, 4.0, -4.0).astype(np.float32)
    for answer in (decode.decode({"logits": logits}, SIZE, spec), IN_GRAPH[rule](logits)):
        np.testing.assert_array_equal(answer.mask, truth)
        np.testing.assert_allclose(answer.coverage, truth.mean((0, 1)), rtol=1e-5)
        np.testing.assert_allclose(answer.confidence, special.expit(4.0), rtol=1e-5)
    decided = decode.decode({"labels": truth}, SIZE, spec)
    np.testing.assert_array_equal(decided.mask, truth)
    assert decided.confidence is None


IN_GRAPH = {
    rule: tf.function(
        lambda logits, rule=rule: decode.decode({"logits": logits}, SIZE, spec_of(rule))
    )
    for rule in ("stretch", "letterbox", "crop")
}


@pytest.mark.parametrize("rule", ["stretch", "letterbox", "crop"])
def test_figures_describe_the_mask_at_the_size_of_the_image(rule):
    values = np.random.default_rng(0).normal(size=(*SIZE, 3)).astype(np.float32)
    spec = spec_of(rule)
    mask, coverage, confidence = decode.decode({"logits": values}, (30, 23), spec)
    chances = MULTILABEL.chances(tf.constant(values), (30, 23), spec).numpy()
    mask = mask.numpy()
    seen = mask[..., 0] != 255
    assert mask.shape == (30, 23, 3)
    assert seen.all() == (rule != "crop")
    np.testing.assert_allclose(coverage, mask[seen].mean(0), rtol=1e-5)
    clear = np.abs(chances - 0.5) > 1e-6
    np.testing.assert_array_equal((mask == 1)[clear], (chances >= 0.5)[clear])
    decided = np.where(mask == 1, chances, 1 - chances)[seen]
    np.testing.assert_allclose(confidence, decided.mean(), rtol=1e-5)


def test_a_large_image_is_decided_in_strips(monkeypatch):
    values = np.random.default_rng(0).normal(size=(*SIZE, 3)).astype(np.float32)
    whole = decode.decode({"logits": values}, (97, 61), spec_of())
    monkeypatch.setattr(strips, "_VALUES_AT_ONCE", 2000)
    in_strips = decode.decode({"logits": values}, (97, 61), spec_of())
    assert np.mean(whole[0].numpy() != in_strips[0].numpy()) < 0.001
    np.testing.assert_allclose(whole[1], in_strips[1], atol=1e-3)


@settings(max_examples=15, deadline=None)
@given(
    arrays.arrays(np.float32, (5, 3), elements=st.floats(-20, 20, width=16, allow_nan=False)),
    st.tuples(*[st.floats(0.05, 0.95)] * 3),
)
def test_each_class_is_there_from_its_own_threshold_on(values, thresholds):
    chances = special.expit(values.astype(np.float64))
    clear = np.abs(chances - thresholds) > 1e-6
    found = decode.labels_of(tf.constant(values), thresholds).numpy()
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[clear], (chances >= np.array(thresholds))[clear])


def test_classes_are_all_but_the_background():
    assert class_names(LABELS) == ("disc", "ring", "bar")
    assert class_names(LabelMap(("disc", "background", "bar"))) == ("disc", "bar")
