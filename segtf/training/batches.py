"""The data of a training: the one place that asks the pipeline for batches."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

from segtf.data import (
    find_augmentation,
    load_data,
    official_split,
    select,
    split_by_share,
    training_batches,
    validation_batches,
)
from segtf.data.pipeline import steps_per_epoch
from segtf.tasks.choice import task_of


@dataclass(frozen=True)
class TrainingData:
    """Decoded images of both splits, as batches.

    Args:
        train: decoded samples to train on.
        val: decoded samples that are held out.
        batch_size: samples per step, of all devices together.
        epochs: number of epochs.
        epoch_steps: steps of an epoch; 0 for those in which every image is seen.
        augmentation: the `Augmentation` of what is trained on.
        seed: whole number that fixes order and changes.
        ignore_class: mask value of pixels that count nowhere, or `None`.
        targets: function of an `Annotation`, tensors of a batch, that returns what the model is to
            learn.
        replicas: number of devices that share each batch.
    """

    train: object
    val: object
    batch_size: int
    epochs: int
    epoch_steps: int
    augmentation: object
    seed: int
    ignore_class: int | None
    targets: Callable
    replicas: int = 1

    @classmethod
    def load(cls, source, split, spec, config, replicas=1):
        """Decode the samples of a split.

        Args:
            source: the inspected `Source`.
            split: lists of sample ids by ``train`` and ``val``.
            spec: the `ModelSpec`.
            config: the `TrainConfig`.
            replicas: number of devices that share each batch.

        Raises:
            ValueError: if there are fewer held-out samples than devices.
        """
        if len(split["val"]) < replicas:
            raise ValueError(
                f"Expected a held-out image at least for each of {replicas} devices. "
                f"Received: {len(split['val'])}"
            )
        task = task_of(spec)
        train, val = (
            load_data(select(source.samples, split[name]), spec, parts=task.needs)
            for name in ("train", "val")
        )
        targets = functools.partial(task.targets, spec=spec)
        return cls(
            train,
            val,
            config.batch_size,
            config.epochs,
            config.epoch_steps,
            find_augmentation(config.augment),
            config.seed,
            spec.labels.ignore_class,
            targets,
            replicas,
        )

    def of_epochs(self, epochs, epoch_steps):
        """Return the same data for another number of epochs, or of their steps.

        Args:
            epochs: number of epochs.
            epoch_steps: steps of an epoch; 0 for those in which every image is seen.
        """
        return replace(self, epochs=epochs, epoch_steps=epoch_steps)

    @property
    def whole_steps(self):
        """Steps in which every image is seen at least once."""
        return steps_per_epoch(len(self.train), self.batch_size)

    @property
    def steps_per_epoch(self):
        """Steps of an epoch: those in which every image is seen, unless others are set."""
        return self.epoch_steps or self.whole_steps

    @property
    def total_steps(self):
        """Steps of the whole training."""
        return self.epochs * self.steps_per_epoch

    def training(self, start_step=0):
        """Return the changed batches of the whole training, from a step on.

        Args:
            start_step: step, counted over all epochs, to begin with.
        """
        times_seen = -(-self.total_steps // self.whole_steps)
        return training_batches(
            self.train,
            self.batch_size,
            self.seed,
            times_seen,
            self.augmentation,
            self.ignore_class,
            start_step,
            targets=self.targets,
        )

    def unchanged(self):
        """Return every image to train on once, as it is."""
        return validation_batches(self.train, self.batch_size, self.targets)

    def validation(self):
        """Return every held-out image once, as it is."""
        # Keras needs a first batch that its devices can share evenly.
        batch_size = min(self.batch_size, len(self.val))
        batch_size -= batch_size % self.replicas
        return validation_batches(self.val, batch_size, self.targets)


def make_split(source, config):
    """Return the published split where there is one, else a share of the samples.

    Args:
        source: the inspected `Source`.
        config: the `TrainConfig`, whose `val_share` and `seed` count.

    Returns:
        A dict from ``train`` and ``val`` to lists of sample ids.
    """
    if source.splits:
        return official_split(source, config.val_share, config.seed)
    shares = {"train": 1 - config.val_share, "val": config.val_share}
    return split_by_share(source.samples, shares, config.seed)
