"""segtf.train: the main way from a data set to a run folder."""

import keras

from segtf.data import (
    AUGMENTATIONS,
    inspect_source,
    load_data,
    official_split,
    select,
    split_by_share,
    training_batches,
    validation_batches,
)
from segtf.data.pipeline import steps_per_epoch
from segtf.losses import CrossentropyDice
from segtf.metrics import ConfusionMatrix
from segtf.models import build_model
from segtf.runs import Run
from segtf.spec import ModelSpec
from segtf.training.batch_norm import fit_momentum
from segtf.training.callbacks import HistoryWriter, SaveBest
from segtf.training.config import TrainConfig
from segtf.viz import plot_history

MONITOR = "val_mean_dice"


def train(path, source, config=None, skip_broken=False, on_message=print, verbose="auto"):
    """Train a model on a data set and write a run folder.

    Args:
        path: the new run folder.
        source: a `segtf.data.Source`; see `segtf.data.load_source`.
        config: a `TrainConfig`; its defaults if not given.
        skip_broken: whether samples that cannot be used are left out, and counted in a message,
            rather than refused.
        on_message: called with each line about data and model.
        verbose: of `keras.Model.fit`: 0 silent, 1 progress bar, 2 one line per epoch.

    Returns:
        The `segtf.runs.Run`.

    Raises:
        ValueError: for an existing run folder, data that cannot be trained on, or unknown
            names; nothing is written then.
    """
    config = config or TrainConfig()
    if config.augment not in AUGMENTATIONS:
        raise ValueError(
            f"Expected augment as one of {tuple(AUGMENTATIONS)}. Received: {config.augment!r}"
        )
    Run.require_new(path)
    source, notices = inspect_source(source, skip_broken)
    for notice in notices:
        on_message(notice)
    spec = ModelSpec(source.labels, config.size, source.channels, config.resize)
    keras.utils.set_random_seed(config.seed)
    model = build_model(
        config.model,
        input_shape=(*spec.size, spec.channels),
        num_classes=spec.labels.num_logits,
        **config.model_settings,
    )
    split = _split(source, config)
    train_data = load_data(select(source.samples, split["train"]), spec)
    val_data = load_data(select(source.samples, split["val"]), spec)
    on_message(
        f"{source.name}: {len(train_data)} images to train on, {len(val_data)} held out; "
        f"classes: {', '.join(spec.labels.names)}"
    )
    on_message(f"{config.model}: {model.count_params():,} parameters at {spec.size} pixels")

    run = Run.create(path, {"data": dict(source.origin), "training": config.to_dict()})
    run.save_spec(spec)
    run.save_split(split)
    _fit(model, run, config, spec.labels, train_data, val_data, verbose)
    plot_history(run.history(), run.report / "curves.png")
    return run


def _split(source, config):
    """The published split where there is one, else a share of the samples."""
    if source.splits:
        return official_split(source, config.val_share, config.seed)
    shares = {"train": 1 - config.val_share, "val": config.val_share}
    return split_by_share(source.samples, shares, config.seed)


def _fit(model, run, config, labels, train_data, val_data, verbose):
    steps = steps_per_epoch(len(train_data), config.batch_size)
    fit_momentum(model, steps)
    model.compile(
        optimizer=_optimizer(config, steps),
        loss=CrossentropyDice(ignore_class=labels.ignore_class),
        metrics=[ConfusionMatrix(labels.num_classes, ignore_class=labels.ignore_class)],
    )
    batches = training_batches(
        train_data,
        config.batch_size,
        config.seed,
        config.epochs,
        AUGMENTATIONS[config.augment],
        labels.ignore_class,
    )
    model.fit(
        batches,
        epochs=config.epochs,
        steps_per_epoch=steps,
        validation_data=validation_batches(val_data, config.batch_size),
        callbacks=[
            HistoryWriter(run),
            SaveBest(run, MONITOR),
            keras.callbacks.TensorBoard(run.logs, write_graph=False),
        ],
        verbose=verbose,
        shuffle=False,  # the batches are in their order already
    )


def _optimizer(config, steps):
    """AdamW after a warm-up of one epoch (at most a tenth of the run), falling by a cosine."""
    total = config.epochs * steps
    warmup = min(steps, total // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 20 if warmup else config.learning_rate,
        decay_steps=max(1, total - warmup),
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    return keras.optimizers.AdamW(schedule, weight_decay=config.weight_decay)
