"""Folds: trainings, each of which holds out another part of the data, and their ensemble."""

import contextlib
import functools
import gc
import logging
from dataclasses import replace

import keras
import tensorflow as tf

from segtf.data import fit_augmentation, inspect_source, split_k_folds
from segtf.data.changes import record_contents
from segtf.data.contents import read_contents
from segtf.data.sample import require_source
from segtf.files import replacing
from segtf.models.ensemble import ensemble
from segtf.models.keras_file import read_keras_file
from segtf.ranges import whole_number
from segtf.runs import Run
from segtf.signatures import LOGITS
from segtf.tasks.choice import task_of
from segtf.training.config import TrainConfig
from segtf.training.preparation import with_task_of
from segtf.training.recipe import recipe_text
from segtf.training.reopening import (
    complete,
    load_again,
    read_settings,
    require_same_data,
)
from segtf.training.train import resume, train

MOST_FOLDS = 100
_TOGETHER = ("train", "val")


def train_folds(
    path, source, config=None, folds=5, on_message=print, verbose="auto", strategy=None
):
    """Train a model for each fold of a data set, and put them together to an ensemble.

    Each image is held out once. Samples of one group stay in one fold, each stratum is spread
    evenly. Of a set with official splits, ``train`` and ``val`` are divided anew, others such as
    ``test`` take no part. The folds are normal runs, ``RUN/fold-1`` and so on; ``RUN/best.keras``
    gives the mean of their probabilities. `segtf.resume` goes on from wherever this was stopped.

    Args:
        path: the new run folder.
        source: a `segtf.data.Source`.
        config: the `TrainConfig` of each fold; its `minutes` are those of all folds together.
        folds: number of folds, 2 to 100.
        on_message: called with each line about data, model and device.
        verbose: 0 silent, 1 a line kept up to date, 2 one line per epoch; ``auto`` is 1 on a
            terminal and else 2.
        strategy: a `tf.distribute.Strategy` of this machine; by default a `MirroredStrategy`
            where there are several GPUs.

    Returns:
        The `segtf.runs.Run`.

    Raises:
        ValueError: for an existing run folder, data that cannot be trained on, unknown names, or
            more folds than samples or groups. Later, `TrainingDiverged` (a `ValueError`) if a
            loss is no longer finite.
        OSError: if the disk is full; what was saved before is still there.
    """
    require_source(source)
    folds = whole_number("folds", folds, 2, MOST_FOLDS)
    config = config or TrainConfig()
    Run.require_new(path)
    config, _ = fit_augmentation(config, source)
    source, notices = inspect_source(source, config.skip_broken)
    for notice in notices:
        on_message(notice)
    config = with_task_of(source, config)
    apart = {id_ for name, ids in source.splits.items() if name not in _TOGETHER for id_ in ids}
    samples = [sample for sample in source.samples if sample.id not in apart]
    splits = split_k_folds(samples, folds, config.seed)
    contents = read_contents(source)
    whole = [sample.id for sample in samples]
    settings = {
        "data": dict(source.origin),
        "data_fingerprint": contents.fingerprint,
        "training": config.to_dict(),
    }
    run = Run.create(
        path,
        settings,
        split={"train": whole, "val": whole},
        data=record_contents(contents, {"train": whole}),
        recipe=recipe_text(config, source.origin, Run(path).recipe_file, folds),
        folds=[split["val"] for split in splits],
    )
    with run.lock(), _without_warnings_of_retracing():
        return _train_all(run, source, config, on_message, verbose, strategy)


def resume_folds(run, source, on_message, verbose, strategy, accept_changed_data):
    """Go on with a training of folds, as `segtf.resume` does with a run.

    Args:
        run: the `Run` of folds.
        source: the `segtf.data.Source` that it was begun with, or `None` to list it again.
        on_message: called with each line about data, model and device.
        verbose: 0 silent, 1 a line kept up to date, 2 one line per epoch; ``auto`` is 1 on a
            terminal and else 2.
        strategy: a `tf.distribute.Strategy` of this machine; by default a `MirroredStrategy`
            where there are several GPUs.
        accept_changed_data: whether to go on although files were changed or moved since.

    Returns:
        The `Run`.
    """
    run.require_writable()
    settings = run.config()
    config = read_settings(run, settings)
    source = load_again(run, settings) if source is None else source
    source, _ = inspect_source(source, config.skip_broken)
    source = replace(source, splits={})  # the folds take their place
    whole = {"train": run.split()["train"]}
    require_same_data(run, source, whole, accept_changed_data, on_message)
    with _without_warnings_of_retracing():
        return _train_all(run, source, config, on_message, verbose, strategy, accept_changed_data)


@contextlib.contextmanager
def _without_warnings_of_retracing():
    """TensorFlow takes the steps of several models for one that it has to compile again."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _train_all(run, source, config, on_message, verbose, strategy, accept_changed_data=False):
    source = replace(source, splits={})
    held_out = run.held_out_of_folds()
    config = replace(config, minutes=config.minutes / len(held_out))
    go_on = functools.partial(
        resume,
        source=source,
        on_message=on_message,
        verbose=verbose,
        strategy=strategy,
        accept_changed_data=accept_changed_data,
    )
    to_go_on = f"To go on with all folds: segtf train --resume {run.path}"
    for index, val in enumerate(held_out):
        fold = run.fold(index)
        others = [id_ for ids in held_out[:index] + held_out[index + 1 :] for id_ in ids]
        split = {"train": others, "val": val}
        on_message(f"fold {index + 1} of {len(held_out)}")
        begin = functools.partial(
            train,
            source=source,
            config=config,
            on_message=on_message,
            verbose=verbose,
            strategy=strategy,
            split=split,
        )
        complete(fold, begin, go_on, on_message, to_go_on)
        keras.backend.clear_session()
        gc.collect()
    if not run.best_model.is_file():
        _put_together(run, [run.fold(index) for index in range(len(held_out))])
    return run


def _put_together(run, folds):
    """Write the ensemble and its spec, with the mean of what was settled for each fold."""
    models = [read_keras_file(fold.require_model()) for fold in folds]
    specs = [fold.spec() for fold in folds]
    task = specs[0].task.mean([spec.task for spec in specs])
    run.save_spec(replace(specs[0], task=task))
    with replacing(run.best_model) as beside:
        activation = task_of(specs[0]).texts(specs[0])[LOGITS].activation
        ensemble(models, activation, name=f"{models[0].name}_folds").save(beside)
