"""From a data set and settings to a compiled model and its batches."""

import math
import time
from dataclasses import dataclass, replace

import keras
import tensorflow as tf

from segtf.data import fit_augmentation, inspect_source
from segtf.models import build_model
from segtf.models.registry import smallest_side
from segtf.ranges import image_size
from segtf.spec import ModelSpec
from segtf.tasks.choice import task_of
from segtf.training.batch_norm import fit_momentum
from segtf.training.batch_size import find_batch_size
from segtf.training.batches import TrainingData, make_split
from segtf.training.config import AUTO_TASK, TrainConfig
from segtf.training.encoder import find_trained_layers
from segtf.training.fused_batch_norm import fuse_batch_norm
from segtf.training.half_size import half_size
from segtf.training.planning import describe_plan, measure_speed, plan
from segtf.training.precision import (
    default_strategy,
    dtype_policy,
    prepare_gpus,
    resolve_precision,
)
from segtf.training.replicas import (
    answer_empty_shares,
    of_whole_batch,
    synchronize_batch_norm,
)
from segtf.training.schedule import make_optimizer
from segtf.training.starting_weights import (
    freeze,
    init_from,
    model_settings,
    resolve_encoder_weights,
    say_encoder_weights,
)
from segtf.training.summary import (
    describe_bytes,
    describe_devices,
    estimate_memory,
    require_memory,
)


@dataclass
class Work:
    """A compiled model, its data and how to train the one on the other."""

    model: keras.Model
    data: TrainingData
    spec: ModelSpec
    config: TrainConfig
    strategy: tf.distribute.Strategy


def set_up(source, config, on_message, strategy=None, split=None):
    """Bring together what a training of a new model needs, and say what it is.

    Args:
        source: the `Source`.
        config: the `TrainConfig`.
        on_message: called with each line about data, model and device.
        strategy: a `tf.distribute.Strategy` of this machine; by default a `MirroredStrategy`
            where there are several GPUs.
        split: lists of sample ids to train on and to hold out, by ``train`` and ``val``; by
            default the official split, or a share of the samples.

    Returns:
        The `Work`; the inspected source; its split.
    """
    config, line = fit_augmentation(config, source)
    on_message(line)
    least = smallest_side(config.model, **config.model_settings)
    image_size(f"the size of {config.model}", config.size, least)
    if config.half_size_epochs:
        image_size(f"half of the size of {config.model}", half_size(config.size), least)
    prepare_gpus()
    policy, reason = resolve_precision(config.precision)
    config = replace(config, precision=policy)
    config = resolve_encoder_weights(config, source.channels)
    say_encoder_weights(config, on_message)
    source = inspected(source, config, on_message)
    config = with_task_of(source, config)
    spec = ModelSpec(source.labels, config.size, source.channels, config.resize, task=config.task)
    split = split or make_split(source, config)
    strategy = strategy or default_strategy()
    if config.batch_size == "auto":
        count, replicas = len(split["train"]), strategy.num_replicas_in_sync
        found = find_batch_size(config, spec, count, replicas, on_message)
        config = replace(config, batch_size=found)
    work = prepare(source, split, spec, config, strategy, on_message, reason)
    return work, source, split


def inspected(source, config, on_message):
    """Return a source whose files have been looked at, and say what was found."""
    source, notices = inspect_source(source, config.skip_broken)
    for notice in notices:
        on_message(notice)
    return source


def with_task_of(source, config):
    """Return the `TrainConfig` with a task: that of the `Source` where it is ``auto``."""
    return replace(config, task=source.task) if config.task == AUTO_TASK else config


def prepare(source, split, spec, config, strategy, on_message, reason):
    """Decode the data, build and compile the model, and say what they are.

    Args:
        source: the inspected `Source`.
        split: lists of sample ids by ``train`` and ``val``.
        spec: the `ModelSpec`.
        config: the `TrainConfig`, in which nothing is ``auto`` any more.
        strategy: a `tf.distribute.Strategy`, or `None` for that of this machine.
        on_message: called with each line about data, model and device.
        reason: why the precision is what it is.

    Returns:
        The `Work`.

    Raises:
        ValueError: for settings that do not go together, or more memory than is left.
    """
    strategy = strategy or default_strategy()
    replicas = strategy.num_replicas_in_sync
    if config.batch_size % replicas:
        raise ValueError(
            f"Expected a batch_size that is a multiple of {replicas} devices. "
            f"Received: {config.batch_size}"
        )
    if replicas > 1 and config.accumulate > 1:
        raise ValueError(
            "Expected accumulate=1 on several devices, which Keras cannot combine. "
            f"Received: {config.accumulate} on {replicas} devices"
        )
    keras.utils.set_random_seed(config.seed)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    with strategy.scope():
        with dtype_policy(config.precision):
            model = build_model(
                config.model,
                input_shape=(*spec.size, spec.channels),
                heads=task_of(spec).heads(spec),
                **model_settings(config),
            )
        fuse_batch_norm(model)
        if config.init_from:
            fresh = init_from(model, config.init_from)
            kept = f"all but {', '.join(fresh)}" if fresh else "all layers"
            on_message(f"weights of {config.init_from}: {kept}")
        freeze(model, config.freeze)
        if config.freeze_epochs:
            find_trained_layers(model)
    memory = estimate_memory(model, config.batch_size // replicas, config.optimizer)
    require_memory(memory)
    data = TrainingData.load(source, split, spec, config, replicas)
    with strategy.scope():
        _compile(model, data, spec, config, on_message)
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    on_message(
        f"{source.name}: {len(data.train)} images to train on, {len(data.val)} held out; "
        f"classes: {', '.join(spec.labels.names)}"
    )
    on_message(
        f"{config.model}: {model.count_params():,} parameters, {trained:,} of them trained, "
        f"at {spec.size} pixels"
    )
    on_message(
        f"{describe_devices(strategy)}: {config.precision} ({reason}); "
        f"a step of {config.batch_size} images takes about {describe_bytes(memory)}"
    )
    return Work(model, data, spec, config, strategy)


def plan_to_the_minutes(work, began, on_message):
    """Fix the epochs that fit into the time, which shows only when the model is trained.

    Args:
        work: the `Work`, whose settings are changed.
        began: reading of `time.perf_counter` from which the minutes count.
        on_message: called with a line that says what was planned.
    """
    with work.strategy.scope():
        speed = measure_speed(work.model, work.data)
        left = 60 * work.config.minutes - (time.perf_counter() - began)
        work.config = plan(work.config, work.data.whole_steps, speed, left)
        work.data = work.data.of_epochs(work.config.epochs, work.config.epoch_steps)
        # The schedule is made for the number of steps.
        _compile(work.model, work.data, work.spec, work.config, on_message=str)
    on_message(describe_plan(work.config, work.data.steps_per_epoch, speed))


def _compile(model, data, spec, config, on_message):
    fit_momentum(model, data.steps_per_epoch)
    loss, metric = task_of(spec).objective(data, spec.labels, config, on_message)
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        synchronize_batch_norm(model)
        answer_empty_shares(model)
        loss = of_whole_batch(loss)
    optimizer = make_optimizer(config, data.steps_per_epoch)
    metrics = metric if isinstance(metric, dict) else [metric]
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
    optimizer.build(model.trainable_variables)
