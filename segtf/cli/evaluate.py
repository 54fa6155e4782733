"""segtf evaluate."""

import click

from segtf.cli.options import data_options, load_settings, model_options, open_source
from segtf.cli.start import start_tensorflow


@click.command()
@click.argument("model", metavar="RUN_OR_FILE", type=click.Path())
@data_options(required=False)
@click.option("--split", help="train, val, all, or a split of the data set.")
@click.option("--out", type=click.Path(), help="Folder for the report; by default RUN/report.")
@model_options
def evaluate(model, data_name, data_dir, classes, data_settings, split, out, labels, resize, size):
    """Measure a model on labelled images, at their original resolution."""
    start_tensorflow()
    from segtf.evaluation.evaluate import evaluate as evaluate_model

    is_given = data_name is not None or data_dir is not None
    source = open_source(data_name, data_dir, classes, data_settings) if is_given else None
    settings = load_settings(labels, resize, size)
    evaluation = evaluate_model(model, source, split, out, **settings)
    summary = evaluation.summary()
    click.echo(f"{summary['images']} images, split {summary['split']}")
    click.echo(f"mean Dice {summary['mean_dice']:.4f}  mean IoU {summary['mean_iou']:.4f}")
    for name, figures in summary["per_class"].items():
        shown = "  ".join(
            f"{figure} {'absent' if value is None else format(value, '.4f')}"
            for figure, value in figures.items()
        )
        click.echo(f"  {name:<20} {shown}")
    if evaluation.folder is not None:
        click.echo(f"{evaluation.folder}: metrics.json, images.csv, overlays.png")
