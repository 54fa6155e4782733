"""segtf train."""

import contextlib
from pathlib import Path

import click
from click.core import ParameterSource

from segtf.cli.options import (
    NumberOrAuto,
    Size,
    augment_option,
    data_options,
    open_source,
    train_config,
)
from segtf.cli.recipes import recipe_option
from segtf.cli.say import say
from segtf.cli.start import start_tensorflow

_BEYOND = ("epochs", "learning_rate")


@click.command()
@click.argument("run", type=click.Path())
@recipe_option
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with RUN from its last saved state; with --epochs beyond its end.",
)
@click.option(
    "--accept-changed-data",
    is_flag=True,
    help="Go on although images or masks have changed since RUN began.",
)
@click.option(
    "--find-learning-rate",
    is_flag=True,
    help="Train no run, but find a learning rate for it: RUN-learning-rate.png and .csv.",
)
@data_options(required=True)
@click.option("--skip-broken", is_flag=True, help="Leave out samples that cannot be used.")
@click.option(
    "--task",
    default="auto",
    show_default=True,
    help="What the model answers: semantic, one class a pixel; multilabel, of each class whether "
    "it is there. auto is what the data is for.",
)
@click.option(
    "--model",
    default="unet-efficientnet-lite0",
    show_default=True,
    help="See `segtf models`. This one begins with weights of ImageNet, unet from nothing.",
)
@click.option(
    "--model-setting",
    "model_settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Setting of that model, such as base_filters=16.",
)
@click.option("--size", type=Size(), default="256", show_default=True)
@click.option("--resize", default="stretch", show_default=True, help="stretch, letterbox or crop.")
@click.option("--epochs", default=40, show_default=True)
@click.option(
    "--minutes",
    default=0.0,
    help="Time for the training, in place of --epochs: as many as fit are planned.",
)
@click.option("--epoch-steps", default=0, help="Steps of an epoch; by default every image once.")
@click.option(
    "--batch",
    type=NumberOrAuto(click.INT),
    default=8,
    show_default=True,
    help="Images per step, on all devices; auto for the most that fit into the memory.",
)
@click.option("--optimizer", default="adamw", show_default=True, help="adamw or sgd.")
@click.option(
    "--learning-rate",
    type=float,
    help="Highest; by default 0.004 for pretrained encoders, 0.002 for others (sgd: 0.05).",
)
@click.option("--schedule", default="cosine", show_default=True, help="cosine or polynomial.")
@click.option("--weight-decay", default=1e-4, show_default=True)
@click.option("--clip-norm", default=0.0, help="Largest norm of the gradients; 0 for no limit.")
@click.option("--accumulate", default=1, show_default=True, help="Steps that make an update.")
@click.option(
    "--average-weights",
    type=NumberOrAuto(click.FLOAT),
    default=0.0,
    help="Momentum of their average, such as 0.99; auto averages over a twentieth of the training.",
)
@click.option(
    "--batch-norm",
    default="auto",
    show_default=True,
    help="Its statistics when validated: moving averages, measured anew, or auto.",
)
@click.option(
    "--encoder-weights",
    default="auto",
    show_default=True,
    help="imagenet, a weight file, or none for random ones; auto is imagenet for "
    "EfficientNet-Lite0 and none for other encoders.",
)
@click.option("--init-from", type=click.Path(), help="Run or .keras file to start from.")
@click.option(
    "--half-size-epochs",
    default=0,
    help="Epochs at half of the size before those at the whole, in RUN/half-size.",
)
@click.option(
    "--freeze",
    multiple=True,
    help="Layers to keep, by how their names begin, such as encoder.",
)
@click.option(
    "--encoder-factor",
    type=float,
    help="Learning rate of the encoder, as a fraction of that of the other layers; by default "
    "0.25 where it begins with weights and no learning rate is given, else 1.",
)
@click.option("--freeze-epochs", default=0, help="First epochs in which the encoder is kept.")
@click.option(
    "--class-weights",
    default="none",
    show_default=True,
    help="Of the cross-entropy: none, median-frequency or root-frequency (milder).",
)
@click.option(
    "--monitor",
    default="val_mean_dice",
    show_default=True,
    help="What makes an epoch the best: val_mean_dice, val_mean_iou (both over all pixels of the "
    "held-out images), val_pixel_accuracy, val_loss.",
)
@click.option("--patience", default=0, help="Epochs without a better one to stop after; 0: never.")
@augment_option
@click.option(
    "--folds",
    default=0,
    help="Number of trainings, each of which holds out another part, for an ensemble; 0: one.",
)
@click.option("--val-share", default=0.2, show_default=True, help="Share that is held out.")
@click.option("--seed", default=0, show_default=True)
@click.option("--deterministic", is_flag=True, help="The same weights bit by bit in each run.")
@click.option(
    "--precision",
    default="float32",
    show_default=True,
    help="auto (looks at the device), float32, mixed_float16, mixed_bfloat16.",
)
@click.option("--save-minutes", default=3.0, show_default=True, help="Between saved states.")
@click.pass_context
def train(
    context,
    run,
    resume,
    accept_changed_data,
    find_learning_rate,
    data_name,
    data_dir,
    classes,
    data_settings,
    folds,
    **settings,
):
    """Train a model on labelled images and write the run folder RUN.

    Ctrl-C saves the state; `segtf train --resume RUN` goes on from there, and from the last
    saved state after anything else that ended a training. It refuses data that has changed
    since, and a run that another process trains. `segtf train --resume RUN --epochs 60` gives a
    run that is finished more epochs, 60 in all: the learning rate rises once more, to a quarter
    of what it was or to --learning-rate, and falls to 0.
    """
    from segtf.runs import Run

    if resume:
        beyond = _refuse_settings(context)
        Run.open(run)
    else:
        _require_resume(accept_changed_data)
        Run.require_new(run)
        config = train_config(_time_or_epochs(context, settings))
    # On CPUs where TensorFlow leaves oneDNN off, training is about twice as fast with it.
    start_tensorflow(onednn=True)
    from segtf.evaluation.evaluate import evaluate
    from segtf.training.folds import train_folds
    from segtf.training.train import resume as resume_run
    from segtf.training.train import train as train_run

    if resume:
        resume_run(run, on_message=say, accept_changed_data=accept_changed_data, **beyond)
    else:
        source = open_source(data_name, data_dir, classes, data_settings)
        if find_learning_rate:
            _find_learning_rate(run, source, config)
            return
        if folds:
            train_folds(run, source, config, folds, on_message=say)
        else:
            train_run(run, source, config, on_message=say)
    with _telling_that_the_model_is_safe(run):
        evaluation = evaluate(run)
        summary = evaluation.summary()
    click.echo(
        f"{summary['images']} held-out images at their own resolution: "
        + ", ".join(
            f"{name} {'-' if summary[key] is None else format(summary[key], '.4f')}"
            for key, name in evaluation.titles.items()
        )
    )
    if Run(run).has_folds:
        say(f"{run}: a run for each fold, best.keras (the mean of them), report/")
    else:
        say(f"{run}: best.keras, history.csv, report/")


def _find_learning_rate(run, source, config):
    from segtf.files import require_writable_file, write_atomically
    from segtf.training.rate_range import find_learning_rate
    from segtf.viz import plot_rate_range

    plot, table = (Path(f"{Path(run)}-learning-rate{suffix}") for suffix in (".png", ".csv"))
    for path in (plot, table):
        require_writable_file(path)
    found = find_learning_rate(source, config, on_message=say)
    write_atomically(table, found.to_csv())
    plot_rate_range(found.rates, found.losses, found.smoothed, found.suggestion, plot)
    click.echo(f"the loss falls fastest at --learning-rate {found.suggestion:g}")
    say(f"{plot}: the loss over the learning rates; {table.name}: the figures")


def _time_or_epochs(context, settings):
    """Of epochs and minutes, what is given on the command line counts, not what a recipe says."""
    is_given = {
        name: context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        for name in ("epochs", "minutes")
    }
    if all(is_given.values()):
        raise ValueError(
            "Expected --epochs or --minutes, not both. "
            f"Received: {settings['epochs']} and {settings['minutes']:g}"
        )
    return {**settings, "minutes": 0.0} if is_given["epochs"] else settings


def _require_resume(accept_changed_data):
    if accept_changed_data:
        raise ValueError("Expected --accept-changed-data with --resume. Received: no --resume")


@contextlib.contextmanager
def _telling_that_the_model_is_safe(run):
    """What goes wrong after the training costs nothing but the report."""
    safe = f"the training is done, its model is safe in {Path(run) / 'best.keras'}"
    again = f"`segtf evaluate {run}` measures it"
    try:
        yield
    except (ValueError, OSError) as error:
        raise ValueError(f"{safe}, but it could not be measured ({again}): {error}") from error
    except BaseException:
        with contextlib.suppress(OSError):  # the terminal may be gone
            click.echo(f"{safe}; {again}", err=True)
        raise


def _refuse_settings(context):
    """A run goes on with the settings that it began with; returns those for more epochs."""
    given = {
        option.name: option.opts[0]
        for option in context.command.params
        if option.name not in ("run", "resume", "accept_changed_data")
        and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    }
    others = [option for name, option in given.items() if name not in _BEYOND]
    if others or (given and "epochs" not in given):
        raise ValueError(
            "Expected no other options with --resume than --epochs, beyond the end of the run, and "
            "--learning-rate besides: a run keeps its own. "
            f"Received: {', '.join(given.values())}"
        )
    return {name: context.params[name] for name in given}
