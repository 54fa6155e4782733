"""segtf evaluate."""

import click

from segtf.cli.held_out import divide, lines_of_unknown_split, split_options
from segtf.cli.options import data_options, load_settings, model_options, open_source
from segtf.cli.progress import is_terminal
from segtf.cli.say import say
from segtf.cli.start import start_tensorflow
from segtf.files import require_writable


@click.command()
@click.argument("model", metavar="RUN_OR_FILE", type=click.Path())
@data_options(required=False)
@split_options
@click.option(
    "--out",
    type=click.Path(),
    help="Folder for the report; by default RUN/report, or RUN/report-NAME for other images.",
)
@click.option(
    "--outlines/--no-outlines",
    default=None,
    help="Measure outlines (boundary F, Hausdorff 95); by default for binary tasks.",
)
@model_options
def evaluate(
    model,
    data_name,
    data_dir,
    classes,
    data_settings,
    split,
    val_share,
    seed,
    out,
    outlines,
    labels,
    resize,
    size,
    outputs,
):
    """Measure a model on labelled images, at their original resolution."""
    if out is not None:
        require_writable(out)
    start_tensorflow()
    from segtf.evaluation.evaluate import evaluate as evaluate_model

    is_given = data_name is not None or data_dir is not None
    source = open_source(data_name, data_dir, classes, data_settings) if is_given else None
    source, split = divide(source, split, val_share, seed)
    for line in lines_of_unknown_split(model, source, split):
        say(line)
    settings = load_settings(labels, resize, size, outputs)
    evaluation = evaluate_model(
        model, source, split, out, outlines=outlines, on_image=_show_progress, **settings
    )
    for line in _figures(evaluation):
        click.echo(line)
    if evaluation.folder is not None:
        click.echo(f"{evaluation.folder / 'report.html'}: the worst cases first")
        click.echo(f"{evaluation.folder}: metrics.json, images.csv, classes.csv, overlays.png")


def _show_progress(done, total):
    """Count on one line of a terminal; say nothing into a file."""
    if is_terminal():
        click.echo(f"\r{done}/{total} images", err=True, nl=done == total)


def _figures(evaluation):
    """The lines that a person reads first."""
    summary = evaluation.summary()
    yield f"{summary['images']} images of {summary['data']}, split {summary['split']}"
    ends = summary["confidence_intervals"]
    if "images_ignored" in summary:
        yield f"{summary['images_ignored']} of them count nowhere: every pixel is ignored"
    for key, name in evaluation.titles.items():
        line = f"{name} {_shown(summary[key])}"
        if key == "pixel_accuracy":
            yield line
        elif "absent" in ends:
            yield f"{line}  ({ends['level']:.0%}: -, {ends['absent']})"
        else:
            low, high = ends[key]
            yield f"{line}  ({ends['level']:.0%}: {low:.4f} to {high:.4f})"
    if "threshold" in summary:
        threshold = summary["threshold"]
        yield (
            f"ROC area {_shown(summary['roc_auc'])}, threshold {threshold['used']:.3g} (best for "
            f"Dice over all pixels: {_shown(threshold['best'], 3)})"
        )
    if "outlines" in summary:
        outlines = summary["outlines"]
        yield (
            f"boundary F {_shown(outlines['boundary_f'])}, Hausdorff 95 "
            f"{_shown(outlines['hausdorff_95'], 1)} px, surface distance "
            f"{_shown(outlines['surface_distance'], 1)} px"
        )
        if outlines["images_hidden"]:
            yield (
                f"{outlines['images_hidden']} images with outlines, or distances, that ignored "
                "pixels hide: these count nowhere"
            )
    yield "each class over all pixels:"
    yield f"  {'class':<20}{'Dice':>8}{'IoU':>8}{'precision':>11}{'recall':>8}"
    for name, figures in summary["per_class"].items():
        yield (
            f"  {name:<20}{_shown(figures['dice']):>8}{_shown(figures['iou']):>8}"
            f"{_shown(figures['precision']):>11}{_shown(figures['recall']):>8}"
        )


def _shown(value, digits=4):
    return "-" if value is None else f"{value:.{digits}f}"
