"""What a training that goes on asks of its run and its data first."""

import contextlib
import json
from dataclasses import replace

from segtf.data import load_source, match_classes
from segtf.data.changes import find_changes, record_contents
from segtf.data.contents import read_contents
from segtf.runs import Run
from segtf.training.config import TrainConfig
from segtf.training.session import Session

RESTART_SHARE = 0.25
"""Of the learning rate that a training began with, that with which it goes on beyond its end."""


def read_settings(run, settings):
    """Return the `TrainConfig` of a run.

    Raises:
        ValueError: naming the file, for settings that are damaged or not known.
    """
    try:
        return TrainConfig.from_dict(settings["training"])
    except (ValueError, TypeError) as error:
        raise ValueError(f"{error} (in {run.path / 'config.json'})") from None


def is_finished(run):
    """Whether all of a training is done, to the curves that are drawn at its end."""
    history = run.history()
    session = Session(run, read_settings(run, run.config()), steps_per_epoch=1, history=history)
    return bool(history) and session.is_finished and (run.report / "curves.png").is_file()


def beyond_the_end(run, config, progress, epochs, learning_rate=None):
    """Return the settings with which a training goes on beyond its end.

    Args:
        run: the `Run`.
        config: its `TrainConfig`.
        progress: its `Progress`, or `None` before the first state was saved.
        epochs: number of all epochs, those before included. That of `config` changes nothing: so
            a call that was killed can be made again as it was.
        learning_rate: the highest of those to come; by default `RESTART_SHARE` of the first.

    Returns:
        A `TrainConfig` with one more of its `restarts`.

    Raises:
        ValueError: if the training is not at its end, or `epochs` are no more than it has.
    """
    if epochs == config.epochs and learning_rate in (None, config.last_start[1]):
        return config
    history = progress.history if progress else []
    if not Session(run, config, steps_per_epoch=1, history=history).is_finished:
        raise ValueError(
            "Expected a training at its end, to go on beyond it: `segtf train --resume "
            f"{run.path}` goes on to it first. Received: {len(history)} of {config.epochs} epochs"
        )
    if epochs <= config.epochs:
        raise ValueError(
            f"Expected more epochs than the {config.epochs} that {run.path} was planned with. "
            f"Received: {epochs}"
        )
    rate = RESTART_SHARE * config.learning_rate if learning_rate is None else learning_rate
    return replace(config, epochs=epochs, restarts=(*config.restarts, (len(history), rate)))


def complete(run, train, resume, on_message, to_go_on):
    """Bring a run that is a part of another one to its end, from wherever it is.

    Args:
        run: the `Run`, which there may not be yet.
        train: function of its path that trains it anew.
        resume: function of its path that goes on with it.
        on_message: called with `to_go_on` if it is interrupted.
        to_go_on: what the user has to do to go on with the whole.
    """
    try:
        if not Run.is_run(run.path):
            train(run.path)
        elif not is_finished(run):
            resume(run.path)
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):  # the terminal may be gone
            on_message(to_go_on)
        raise


def read_split(run):
    """Return the saved assignment of a run, with ``train`` and ``val``.

    Raises:
        ValueError: naming the file, if it is damaged.
    """
    split = run.split()
    missing = {"train", "val"} - {name for name, ids in split.items() if ids}
    if missing:
        raise ValueError(
            "Expected samples to train on and samples that are held out. "
            f"Received: {run.path / 'split.json'}, without {' and '.join(sorted(missing))}"
        )
    return split


def load_again(run, settings):
    """List the data of a run again.

    Raises:
        ValueError: if it is not there, or the settings do not say what it is.
    """
    try:
        return load_source(**settings["data"])
    except TypeError as error:
        raise ValueError(
            "Expected the name, folder and settings of a data set. Received: "
            f"{json.dumps(settings['data'])} in {run.path / 'config.json'} ({error})"
        ) from None


def require_same_data(run, source, split, accept, on_message):
    """Compare the data with what it was when the run began.

    Args:
        run: the `Run`.
        source: the inspected `Source`.
        split: the run's saved assignment.
        accept: whether to go on with changed data; the run takes note of it then.
        on_message: called with a line about each change that does no harm or was accepted.

    Raises:
        ValueError: saying what has changed.
    """
    contents = read_contents(source)
    before = run.data()
    if before is None:
        changes, harmless = _changes_as_a_whole(run, contents), []
    else:
        changes, harmless = find_changes(before, contents, split, source.splits)
    for line in harmless:
        on_message(f"{source.name}: {line}")
    if not changes:
        return
    text = "; ".join(changes)
    if not accept:
        raise ValueError(
            "Expected the data that the run began with; to go on with what there is now: "
            f"--accept-changed-data (accept_changed_data=True). Received: {source.name}, {text}"
        )
    on_message(f"{source.name} has changed, as accepted: {text}")
    run.save_data(record_contents(contents, split), accepted=changes)


def require_same_classes(now, before):
    """Refuse other classes than the run began with, and the same in another order.

    Args:
        now: `LabelMap` of the data.
        before: `LabelMap` of the run.

    Raises:
        ValueError: naming both lists.
    """
    places = match_classes(now, before)
    if places != tuple(range(before.num_classes)):
        raise ValueError(
            "Expected the classes that the run began with, in their order, by which its masks "
            f"are read: {', '.join(before.names)}. Received: {', '.join(now.names)}"
        )


def _changes_as_a_whole(run, contents):
    """What a run that has no digest of each sample can say."""
    expected = run.config().get("data_fingerprint")
    if expected in (None, contents.fingerprint):
        return []
    return ["whose files or class names differ (the run keeps no digest of each sample)"]
