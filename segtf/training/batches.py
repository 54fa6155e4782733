"""The data of a training: the one place that asks the pipeline for batches."""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class TrainingData:
    """Decoded images of both splits, as batches.

    Args:
        train: decoded samples to train on.
        val: decoded samples that are held out.
        config: the `TrainConfig`.
        ignore_class: mask value of pixels that count nowhere, or `None`.
        replicas: number of devices that share each batch.
    """

    train: object
    val: object
    config: object
    ignore_class: int | None
    replicas: int = 1

    @classmethod
    def load(cls, source, split, spec, config, replicas=1):
        """Decode the samples of a split.

        Raises:
            ValueError: if there are fewer held-out samples than devices.
        """
        if len(split["val"]) < replicas:
            raise ValueError(
                f"Expected a held-out image at least for each of {replicas} devices. "
                f"Received: {len(split['val'])}"
            )
        train, val = (
            load_data(select(source.samples, split[name]), spec) for name in ("train", "val")
        )
        return cls(train, val, config, spec.labels.ignore_class, replicas)

    @property
    def steps_per_epoch(self):
        """Steps of an epoch: those in which every image is seen, unless others are set."""
        return self.config.epoch_steps or self.whole_steps

    @property
    def whole_steps(self):
        """Steps in which every image is seen at least once."""
        return steps_per_epoch(len(self.train), self.config.batch_size)

    @property
    def total_steps(self):
        """Steps of the whole training."""
        return self.config.epochs * self.steps_per_epoch

    def training(self, start_step=0):
        """Return the changed batches of the whole training, from a step on."""
        config = self.config
        return training_batches(
            self.train,
            config.batch_size,
            config.seed,
            -(-self.total_steps // self.whole_steps),
            find_augmentation(config.augment),
            self.ignore_class,
            start_step,
        )

    def unchanged(self):
        """Return every image to train on once, as it is."""
        return validation_batches(self.train, self.config.batch_size)

    def validation(self):
        """Return every held-out image once, as it is."""
        # Keras needs a first batch that its devices can share evenly.
        batch_size = min(self.config.batch_size, len(self.val))
        return validation_batches(self.val, batch_size - batch_size % self.replicas)


def make_split(source, config):
    """Return the published split where there is one, else a share of the samples."""
    if source.splits:
        return official_split(source, config.val_share, config.seed)
    shares = {"train": 1 - config.val_share, "val": config.val_share}
    return split_by_share(source.samples, shares, config.seed)
