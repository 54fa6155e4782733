"""The record of the task: what trainings, answers and exports ask of it."""

import numpy as np
import pytest
import tensorflow as tf

from segtf.labels import LabelMap
from segtf.spec import ModelSpec
from segtf.tasks.choice import task_of

BINARY = ModelSpec(LabelMap(("skin", "lesion")), (12, 16), threshold=0.3)
THREE = ModelSpec(LabelMap(("road", "tree", "car")), (12, 16), resize="letterbox")


def encoded(ids, spec):
    """Logits that say these class ids."""
    count = task_of(spec).channels(spec)
    if count == 1:
        return np.where(ids[..., np.newaxis] == 1, 4.0, -4.0).astype(np.float32)
    return 4 * np.eye(count, dtype=np.float32)[ids]


@pytest.mark.parametrize(("spec", "channels"), [(BINARY, 1), (THREE, 3)])
def test_a_head_has_a_name_for_each_channel(spec, channels):
    (head,), (text,) = task_of(spec).heads(spec).values(), task_of(spec).texts(spec).values()
    assert task_of(spec).channels(spec) == head.channels == len(text.names) == channels
    assert set(text.names) <= set(spec.labels.names)
    assert all(name in text.meaning for name in text.names) or channels > 1


@pytest.mark.parametrize("spec", [BINARY, THREE])
def test_what_is_encoded_is_decoded_eagerly_and_in_a_graph(spec):
    task = task_of(spec)
    ids = np.random.default_rng(0).integers(0, spec.labels.num_classes, spec.size).astype(np.uint8)
    outputs = {"logits": tf.constant(encoded(ids, spec))}
    in_graph = tf.function(lambda logits: task.decode({"logits": logits}, spec.size, spec))
    for answer in (task.decode(outputs, spec.size, spec), in_graph(outputs["logits"])):
        np.testing.assert_array_equal(answer.mask, ids)
        shares = np.bincount(ids.ravel(), minlength=spec.labels.num_classes) / ids.size
        np.testing.assert_allclose(answer.coverage, shares, rtol=1e-6)
        assert answer.confidence > 0.9
    np.testing.assert_array_equal(task.per_pixel["class_ids"](outputs, spec), ids)
    decided = task.decode({"class_ids": ids}, spec.size, spec)
    np.testing.assert_array_equal(decided.mask, ids)
    assert decided.confidence is None


@pytest.mark.parametrize("spec", [BINARY, THREE])
def test_a_perfect_answer_has_a_perfect_score(spec):
    task = task_of(spec)
    ids = np.random.default_rng(1).integers(0, spec.labels.num_classes, spec.size).astype(np.uint8)
    pictures = task.pictures(np.zeros((*spec.size, 3), np.uint8), ids, ids, spec.labels)
    assert {one.shape for one in pictures.values()} == {(*spec.size, 3)}
    tally = task.scores(spec.labels, with_outlines=False)
    tally.add("a", ids, task.decode({"class_ids": ids}, spec.size, spec)._replace(mask=ids))
    assert tally.scores().summary()["mean_dice"] == 1.0
