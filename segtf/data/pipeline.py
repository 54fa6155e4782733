"""From decoded samples to batches, drawn and changed without end.

The batch of step s is a pure function of (seed, s): the position in the epoch goes through a
seeded permutation, and every change is drawn from (seed, epoch, position). So training can
start at any step without computing what lies before, the degree of parallelism changes
nothing, and several workers share a batch by its positions.
"""

import tensorflow as tf

from segtf.data.annotations import class_ids
from segtf.data.augment import augment_batch
from segtf.resources import usable_cores, usable_memory


def steps_per_epoch(count, batch_size):
    """Return the number of steps in which every sample is seen at least once.

    Args:
        count: number of samples.
        batch_size: samples per step.
    """
    return -(-count // batch_size)


def training_batches(
    data,
    batch_size,
    seed,
    epochs,
    settings,
    ignore_class=255,
    start_step=0,
    input_context=None,
    targets=class_ids,
    skeleton=None,
):
    """Return the batches of a whole training.

    Args:
        data: `ArrayData` or `FileData`; see `load_data`.
        batch_size: samples per step, of all workers together.
        seed: whole number; fixes order and changes.
        epochs: how often every sample is seen.
        settings: an `Augmentation`.
        ignore_class: mask value of what geometry brings in from outside.
        start_step: global step to begin with.
        input_context: `tf.distribute.InputContext` of one of several workers; together, their
            batches are the batch of the same step without workers.
        targets: function of a changed `segtf.data.annotations.Annotation`, of tensors with B in
            front, that returns what the model is to learn; by default its class ids.
        skeleton: the `segtf.labels.Skeleton` of the points, if there are any; see `augment`.

    Returns:
        `tf.data.Dataset` of `epochs * steps_per_epoch - start_step` batches: images uint8
        `(B, H, W, C)` and what `targets` returns, by default masks uint8 `(B, H, W)`, where B is
        `batch_size` divided by the number of workers.

    Raises:
        ValueError: if there are no samples, or `batch_size` is not a multiple of the workers.
    """
    context = input_context or tf.distribute.InputContext()
    workers = context.num_input_pipelines
    if len(data) < 1:
        raise ValueError("Expected at least one sample. Received: none")
    if batch_size % workers:
        raise ValueError(
            f"Expected a batch_size that is a multiple of {workers} workers. Received: {batch_size}"
        )
    steps = steps_per_epoch(len(data), batch_size)
    share = batch_size // workers
    first = context.input_pipeline_id * share

    def draw(step):
        step = tf.cast(step, tf.int32)
        epoch_seed = tf.random.fold_in(tf.constant([seed, 0], tf.int32), step // steps)
        places = (step % steps) * batch_size + first + tf.range(share)
        indices = tf.random.experimental.index_shuffle(
            places % len(data), epoch_seed, len(data) - 1
        )
        images, annotations = data.read(tf.ensure_shape(indices, (share,)))
        seeds = tf.stack([tf.fill((share,), epoch_seed[0]), epoch_seed[1] + places], axis=1)
        images, annotations = augment_batch(
            images, annotations, seeds, settings, ignore_class, skeleton=skeleton
        )
        return images, targets(annotations)

    batches = tf.data.Dataset.range(start_step, epochs * steps)
    batches = batches.map(draw, tf.data.AUTOTUNE, deterministic=True)
    return _ahead(batches)


def validation_batches(data, batch_size, targets=class_ids):
    """Return every sample once, in order and unchanged.

    Args:
        data: `ArrayData` or `FileData`; see `load_data`.
        batch_size: samples per batch; the last one may be smaller.
        targets: function of an `Annotation` of tensors with B in front, that returns what the
            model is to learn; by default its class ids.

    Returns:
        `tf.data.Dataset` of batches: images uint8 `(B, H, W, C)` and what `targets` returns, by
        default masks uint8 `(B, H, W)`.
    """

    def read(indices):
        images, annotations = data.read(indices)
        return images, targets(annotations)

    indices = tf.data.Dataset.range(len(data)).batch(batch_size)
    return _ahead(indices.map(read, tf.data.AUTOTUNE))


def _ahead(batches):
    """Make batches ahead, with the cores and within the memory that a container may use."""
    options = tf.data.Options()
    options.autotune.cpu_budget = usable_cores()
    options.autotune.ram_budget = usable_memory() // 4
    return batches.prefetch(tf.data.AUTOTUNE).with_options(options)
