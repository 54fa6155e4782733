"""Batches as pure functions of seed and step: order, resuming, workers, parallelism."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from segtf.data import AUGMENTATIONS, ArrayData, Augmentation, training_batches, validation_batches
from segtf.data.pipeline import steps_per_epoch

NONE = AUGMENTATIONS["none"]
MOVING = Augmentation(flip_horizontal=True, rotation=20, brightness=0.1)
COUNT, BATCH = 10, 4


@pytest.fixture(scope="module")
def data():
    """Sample i is an image of grey level i, with some pixels that show flips."""
    images = np.zeros((COUNT, 8, 12, 3), np.uint8)
    images += np.arange(COUNT, dtype=np.uint8)[:, None, None, None]
    images[:, :3, :3] = 200
    masks = (images[..., 0] == 200).astype(np.uint8)
    return ArrayData(images, masks, tuple(f"{i}" for i in range(COUNT)))


def batches(data, settings=MOVING, **options):
    options = {"batch_size": BATCH, "seed": 3, "epochs": 2, **options}
    return [
        (images.numpy(), masks.numpy())
        for images, masks in training_batches(data, settings=settings, **options)
    ]


@pytest.fixture(scope="module")
def whole(data):
    """All batches of two epochs."""
    return batches(data)


def assert_same(ones, others):
    assert len(ones) == len(others)
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_shapes_are_static(data):
    images, masks = training_batches(data, BATCH, 0, 1, MOVING).element_spec
    assert images == tf.TensorSpec((BATCH, 8, 12, 3), tf.uint8)
    assert masks == tf.TensorSpec((BATCH, 8, 12), tf.uint8)


def test_every_sample_is_seen_in_every_epoch_in_another_order(data):
    drawn = [images[:, 7, 11, 0] for images, _ in batches(data, NONE)]
    steps = steps_per_epoch(COUNT, BATCH)
    assert len(drawn) == 2 * steps == 6
    epochs = [np.concatenate(drawn[:steps]), np.concatenate(drawn[steps:])]
    assert all(set(epoch) == set(range(COUNT)) for epoch in epochs)
    assert list(epochs[0]) != list(epochs[1])


def test_epochs_change_samples_differently(data):
    one = ArrayData(data.images[:1], data.masks[:1], data.ids[:1])
    drawn = batches(one, batch_size=1, epochs=8)
    assert len({images.tobytes() for images, _ in drawn}) == 8


@pytest.mark.parametrize("start_step", [1, 5])
def test_starting_later_gives_the_rest(data, whole, start_step):
    assert_same(batches(data, start_step=start_step), whole[start_step:])


def test_nothing_is_left_after_the_last_step(data):
    assert batches(data, NONE, start_step=6) == []


def test_another_seed_gives_other_batches(data, whole):
    others = batches(data, seed=4)
    assert any((one[0] != other[0]).any() for one, other in zip(whole, others, strict=True))


def test_more_epochs_begin_with_the_fewer(data, whole):
    assert_same(whole, batches(data, epochs=3)[:6])


def test_parallelism_changes_nothing(data, whole):
    dataset = training_batches(data, BATCH, 3, 2, MOVING)
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.threading.max_intra_op_parallelism = 1
    options.autotune.enabled = False
    serial = [(i.numpy(), m.numpy()) for i, m in dataset.with_options(options)]
    assert_same(serial, whole)


def test_workers_share_the_batch(data, whole):
    parts = [
        batches(data, input_context=tf.distribute.InputContext(2, worker)) for worker in range(2)
    ]
    together = [
        tuple(np.concatenate(values) for values in zip(*step, strict=True))
        for step in zip(*parts, strict=True)
    ]
    assert_same(together, whole)


def test_workers_must_divide_the_batch(data):
    with pytest.raises(ValueError, match="multiple of 3 workers"):
        batches(data, input_context=tf.distribute.InputContext(3, 0))


def test_no_samples_are_refused():
    empty = ArrayData(np.empty((0, 8, 8, 3), np.uint8), np.empty((0, 8, 8), np.uint8), ())
    with pytest.raises(ValueError, match="at least one sample"):
        batches(empty)


def test_a_batch_larger_than_the_set(data):
    few = ArrayData(data.images[:3], data.masks[:3], data.ids[:3])
    (images, _), *_ = batches(few, NONE, batch_size=8, epochs=1)
    assert set(images[:, 7, 11, 0]) == {0, 1, 2}


def test_validation_sees_every_sample_once_in_order(data):
    seen = list(validation_batches(data, BATCH))
    assert [len(images) for images, _ in seen] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([images for images, _ in seen]), data.images)
    np.testing.assert_array_equal(np.concatenate([masks for _, masks in seen]), data.masks)


@pytest.mark.slow
def test_memory_stays_flat_over_50_epochs(data):
    def resident():
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096

    after_epoch = []
    steps = steps_per_epoch(COUNT, BATCH)
    for step, _ in enumerate(training_batches(data, BATCH, 0, 50, AUGMENTATIONS["street"])):
        if step % steps == steps - 1:
            after_epoch.append(resident())
    assert len(after_epoch) == 50
    assert after_epoch[-1] - after_epoch[9] < 16 * 2**20
