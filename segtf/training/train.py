"""segtf.train and segtf.resume: the main way from a data set to a run folder."""

import time
from dataclasses import replace

from segtf.data.changes import record_contents
from segtf.data.contents import read_contents
from segtf.data.sample import require_source
from segtf.models.keras_file import read_keras_file
from segtf.runs import Run
from segtf.tasks.choice import task_of
from segtf.training.arrangement import arrange_callbacks
from segtf.training.checkpoint import StopRequests, explaining_full_disk
from segtf.training.config import TrainConfig
from segtf.training.half_size import begin_at_half_size
from segtf.training.precision import prepare_gpus
from segtf.training.preparation import inspected, plan_to_the_minutes, prepare, set_up
from segtf.training.recipe import recipe_text
from segtf.training.reopening import (
    beyond_the_end,
    load_again,
    read_settings,
    read_split,
    require_same_classes,
    require_same_data,
)
from segtf.training.session import Session
from segtf.training.starting_weights import resolve_encoder_weights
from segtf.training.state import read_progress
from segtf.training.summary import require_room
from segtf.viz import plot_history


def train(path, source, config=None, on_message=print, verbose="auto", strategy=None, split=None):
    """Train a model on a data set and write a run folder.

    Ctrl-C, SIGTERM and SIGHUP save the state before they end the training; from whatever ended
    it, `resume` goes on.

    Args:
        path: the new run folder.
        source: a `segtf.data.Source`; see `segtf.data.load_source`.
        config: a `TrainConfig`; its defaults if not given.
        on_message: called with each line about data, model and device.
        verbose: 0 silent, 1 a line kept up to date, 2 one line per epoch; ``auto`` is 1 on a
            terminal and else 2.
        strategy: a `tf.distribute.Strategy` of this machine; by default a `MirroredStrategy`
            where there are several GPUs.
        split: lists of sample ids to train on and to hold out, by ``train`` and ``val``; by
            default the official split, or a share of the samples.

    Returns:
        The `segtf.runs.Run`.

    Raises:
        ValueError: for an existing run folder, data that cannot be trained on, or unknown
            names; nothing is written then. Later, `TrainingDiverged` (a `ValueError`) if the
            loss is no longer finite.
        OSError: if the disk is full; what was saved before is still there.
    """
    require_source(source)
    began = time.perf_counter()
    config = config or TrainConfig()
    Run.require_new(path)
    has_own_split = split is not None
    work, source, split = set_up(source, config, on_message, strategy, split)
    if config.minutes:
        plan_to_the_minutes(work, began, on_message)
    check = task_of(work.spec).check
    work.config = config = check(work.data, source.labels, work.config, on_message)
    require_room(path, work.model, config.optimizer)
    contents = read_contents(source)
    settings = {
        "data": dict(source.origin),
        "data_fingerprint": contents.fingerprint,
        "training": config.to_dict(),
    }
    recipe = None  # no option names a split that was given
    if not has_own_split:
        recipe = recipe_text(config, source.origin, Run(path).recipe_file)
    run = Run.create(path, settings, work.spec, split, record_contents(contents, split), recipe)
    with run.lock():
        if config.half_size_epochs:
            how = {"on_message": on_message, "verbose": verbose, "strategy": strategy}
            _begin_at_half_size(work, run, source, split, how)
        return _run(work, run, on_message, verbose)


def resume(
    path,
    source=None,
    on_message=print,
    verbose="auto",
    strategy=None,
    accept_changed_data=False,
    epochs=None,
    learning_rate=None,
):
    """Go on with a training that was killed, stopped or ran out of disk, from its last state.

    A run that is finished stays as it is, unless it is to have more `epochs`: then the learning
    rate rises once more within an epoch, to `learning_rate`, and falls to 0 again at their end.
    That is on record in the run, from which it goes on if it is stopped.

    Args:
        path: the run folder.
        source: the `segtf.data.Source` that it was begun with; by default it is listed again.
        on_message: called with each line about data, model and device.
        verbose: 0 silent, 1 a line kept up to date, 2 one line per epoch; ``auto`` is 1 on a
            terminal and else 2.
        strategy: a `tf.distribute.Strategy` of this machine; by default a `MirroredStrategy`
            where there are several GPUs.
        accept_changed_data: whether to go on although files that are trained on or held out
            were changed, or moved from one split to the other, since the run began.
        epochs: number of all epochs, those before included, to which a run that is finished goes
            on; `None` for those of the run.
        learning_rate: the highest of the epochs beyond the end; by default a quarter of that which
            the run began with.

    Returns:
        The `segtf.runs.Run`.

    Raises:
        ValueError: for a folder that is no run, a run that another process trains or whose saved
            state was lost, data that has changed, and more epochs for a run that is not finished.
            Later, `TrainingDiverged`.
        OSError: if the disk is full; what was saved before is still there.
    """
    run = Run.open(path)
    with run.lock():
        if run.has_folds:
            from segtf.training.folds import resume_folds  # which trains its folds by this module

            _require_one_training(run, epochs)
            return resume_folds(run, source, on_message, verbose, strategy, accept_changed_data)
        if learning_rate is not None and epochs is None:
            raise ValueError(
                f"Expected epochs with a learning rate. Received: {learning_rate} without them"
            )
        beyond = None if epochs is None else (epochs, learning_rate)
        return _resume(run, source, on_message, verbose, strategy, accept_changed_data, beyond)


def _require_one_training(run, epochs):
    if epochs is not None:
        raise ValueError(
            "Expected a run of one training, to go on beyond its end: an ensemble is of folds as "
            f"they were planned. Received: {run.path} of folds, and {epochs} epochs"
        )


def _resume(run, source, on_message, verbose, strategy, accept_changed_data, beyond=None):
    run.require_writable()
    settings = run.config()
    if not {"training", "data"} <= set(settings):
        raise ValueError(f"Expected a run of `segtf train`. Received: {run.path}")
    _require_state(run)
    spec, split = run.spec(), read_split(run)
    config = resolve_encoder_weights(read_settings(run, settings), spec.channels)
    progress = read_progress(run.state_file) if run.has_state else None
    begun = config
    if beyond:
        config = beyond_the_end(run, config, progress, *beyond)
    prepare_gpus()
    if source is None:
        source = load_again(run, settings)
    source = inspected(source, config, on_message)
    require_same_data(run, source, split, accept_changed_data, on_message)
    require_same_classes(source.labels, spec.labels)
    if progress:
        config = replace(config, encoder_weights=None, init_from=None)
    work = prepare(source, split, spec, config, strategy, on_message, "as the run began")
    require_room(run.path, work.model, config.optimizer)
    if config.half_size_epochs and not progress:
        how = {"on_message": on_message, "verbose": verbose, "strategy": strategy}
        _begin_at_half_size(work, run, source, split, how, accept_changed_data)
    if config.restarts != begun.restarts:
        first_epoch, rate = config.last_start
        run.save_continuation({"epochs": config.epochs, "restarts": config.restarts})
        on_message(
            f"going on beyond epoch {first_epoch}, to {config.epochs}: the learning rate rises to "
            f"{rate:g} once more, and falls to 0"
        )
    return _run(work, run, on_message, verbose)


def _begin_at_half_size(work, run, source, split, how, accept_changed_data=False):
    def begin(path, config):
        train(path, source, config, split=split, **how)

    def go_on(path):
        resume(path, source, accept_changed_data=accept_changed_data, **how)

    begin_at_half_size(work, run, begin, go_on, how["on_message"])


def _require_state(run):
    """Refuse a run whose saved state was lost: it would begin anew.

    A run that was killed before its first state was saved has one epoch on record at most.
    """
    epochs = len(run.history())
    if epochs > 1 and not run.has_state:
        raise ValueError(
            "Expected a run with its saved state, without which nothing can go on. "
            f"Received: {run.path} of {epochs} epochs without {run.state_file.name}"
        )


def _run(work, run, on_message, verbose):
    """Train from where the run stands to its end, and write what belongs to the end."""
    session = Session(run, work.config, work.data.steps_per_epoch)
    if run.has_state:
        session.go_on_from(read_progress(run.state_file))
        on_message(f"going on after step {session.step} of {session.total_steps}")
    requests = StopRequests(on_message)
    with explaining_full_disk(run), requests.listening():
        if not session.is_finished:
            with work.strategy.scope():
                _fit(work, session, arrange_callbacks(work, session, requests, verbose))
        _finish(work, session, on_message)
    if requests.received:  # when there was nothing left to save
        requests.say(describe_end(run))
        raise KeyboardInterrupt
    return run


def describe_end(run):
    """What a finished training has left, for those who stop before it is measured."""
    return (
        f"The training is finished, its model is {run.best_model}. "
        f"To measure it: segtf evaluate {run.path}"
    )


def _fit(work, session, callbacks):
    """Finish the epoch that was under way, then train the others."""
    first_epoch, taken = divmod(session.step, session.steps_per_epoch)
    if taken:
        _fit_epochs(work, session, callbacks, first_epoch, first_epoch + 1)
        first_epoch += 1
    if not session.is_finished:
        _fit_epochs(work, session, callbacks, first_epoch, work.config.epochs)


def _fit_epochs(work, session, callbacks, first_epoch, end_epoch):
    work.model.fit(
        work.data.training(session.step),
        initial_epoch=first_epoch,
        epochs=end_epoch,
        steps_per_epoch=session.steps_per_epoch - session.step % session.steps_per_epoch,
        validation_data=work.data.validation(),
        callbacks=callbacks,
        verbose=0,
        shuffle=False,  # the batches are in their order already
    )


def _finish(work, session, on_message):
    """Settle what is chosen after a training, such as a threshold, and draw the curves."""
    run, spec = session.run, work.spec
    settled = task_of(spec).settle(
        lambda: read_keras_file(run.require_model()), work.data.validation(), spec, on_message
    )
    if settled != spec:
        run.save_spec(settled)
    plot_history(run.history(), run.report / "curves.png", work.config.monitor)
