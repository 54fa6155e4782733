"""From samples to batches: decoded once, then drawn, changed and batched without end.

The batch of step s is a pure function of (seed, s): the position in the epoch goes through a
seeded permutation, and every change is drawn from (seed, epoch, position). So training can
start at any step without decoding what lies before, and the degree of parallelism changes
nothing.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from segtf.data.augment import augment
from segtf.data.decode import ImageError, read_image
from segtf.data.inspect import refuse
from segtf.data.masks import read_class_ids
from segtf.geometry import resize_image, resize_mask


@dataclass(frozen=True)
class ArrayData:
    """Decoded samples of one split at the model's size.

    Args:
        images: uint8 `(N, H, W, C)`.
        masks: uint8 `(N, H, W)` of class ids.
        ids: the samples' ids.
    """

    images: np.ndarray
    masks: np.ndarray
    ids: tuple[str, ...]

    def __len__(self):
        return len(self.ids)


def load_arrays(samples, spec, on_sample=None):
    """Decode samples and bring them to the size of the spec.

    Args:
        samples: `Sample`s with masks.
        spec: a `ModelSpec`.
        on_sample: called with no arguments after each sample, to show progress.

    Returns:
        `ArrayData`.

    Raises:
        DataError: naming the files that cannot be decoded.
    """
    images = np.empty((len(samples), *spec.size, spec.channels), np.uint8)
    masks = np.empty((len(samples), *spec.size), np.uint8)

    def load(index):
        try:
            image, mask = read_sample(samples[index], spec)
        except ImageError as error:
            return str(error)
        images[index] = resize_image(image, spec.resize, spec.size)
        masks[index] = resize_mask(mask, spec.resize, spec.size, _fill(spec.labels))
        if on_sample is not None:
            on_sample()
        return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = list(pool.map(load, range(len(samples))))
    refuse([problem for problem in problems if problem], len(samples))
    return ArrayData(images, masks, tuple(sample.id for sample in samples))


def read_sample(sample, spec):
    """Decode one sample at its own size.

    Returns:
        uint8 image `(H, W, C)` and uint8 mask `(H, W)` of class ids.
    """
    return read_image(sample.image, spec.channels), read_class_ids(sample, spec.labels)


def steps_per_epoch(count, batch_size):
    """Steps in which every sample is seen at least once."""
    return -(-count // batch_size)


def training_batches(data, batch_size, seed, epochs, settings, ignore_class=255, start_step=0):
    """Return the batches of a whole training.

    Args:
        data: `ArrayData`.
        batch_size: samples per step.
        seed: whole number; fixes order and changes.
        epochs: how often every sample is seen.
        settings: an `Augmentation`.
        ignore_class: mask value of what geometry brings in from outside.
        start_step: global step to begin with.

    Returns:
        `tf.data.Dataset` of `epochs * steps_per_epoch - start_step` batches: images uint8
        `(batch_size, H, W, C)` and masks uint8 `(batch_size, H, W)`.
    """
    per_epoch = steps_per_epoch(len(data), batch_size) * batch_size
    images, masks = tf.constant(data.images), tf.constant(data.masks)

    def draw(position):
        epoch, place = position // per_epoch, position % per_epoch
        epoch_seed = tf.random.fold_in(tf.constant([seed, 0], tf.int32), epoch)
        index = tf.random.experimental.index_shuffle(place % len(data), epoch_seed, len(data) - 1)
        sample_seed = tf.random.fold_in(epoch_seed, place)
        return augment(images[index], masks[index], sample_seed, settings, ignore_class)

    positions = tf.data.Dataset.range(start_step * batch_size, epochs * per_epoch)
    batches = positions.map(draw, tf.data.AUTOTUNE, deterministic=True)
    return batches.batch(batch_size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def validation_batches(data, batch_size):
    """Return every sample once, in order and unchanged; the last batch may be smaller."""
    return tf.data.Dataset.from_tensor_slices((data.images, data.masks)).batch(batch_size)


def _fill(labels):
    """Mask value of pixels that count nowhere, or class 0 where there is no such value."""
    return 0 if labels.ignore_class is None else labels.ignore_class
