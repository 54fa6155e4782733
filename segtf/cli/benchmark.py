"""segtf benchmark."""

import click

from segtf.cli.options import data_options, load_settings, model_options, open_source
from segtf.cli.start import start_tensorflow
from segtf.files import require_writable
from segtf.resources import usable_cores


@click.command()
@click.argument("models", metavar="RUN_OR_FILE...", nargs=-1, required=True, type=click.Path())
@data_options(required=False)
@click.option("--split", help="train or val of the run, or a split of the data set.")
@click.option(
    "--threads", type=click.IntRange(1, usable_cores()), help="Threads; by default all cores."
)
@click.option(
    "--runs",
    type=click.IntRange(5, 1_000_000),
    default=50,
    show_default=True,
    help="Runs of each model.",
)
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@click.option("--out", type=click.Path(), help="Folder for benchmark.json, .md and .png.")
@model_options
def benchmark(
    models,
    data_name,
    data_dir,
    classes,
    data_settings,
    split,
    threads,
    runs,
    markdown,
    out,
    labels,
    resize,
    size,
    outputs,
):
    """Measure models side by side, the first being what the others are compared with.

    Agreement and IoU on labelled images (by default those that the first run held out), size,
    latency of one image on the CPU and peak memory, each model in a process of its own.
    """
    if out is not None:
        require_writable(out)
    start_tensorflow()
    from segtf.comparing.benchmark import benchmark as measure

    is_given = data_name is not None or data_dir is not None
    source = open_source(data_name, data_dir, classes, data_settings) if is_given else None
    settings = load_settings(labels, resize, size, outputs)
    report = measure(models, source, split, out, threads, runs, **settings)
    for line in report.table(markdown):
        click.echo(line)
    click.echo(f"\n{report.images} images: {report.origin}; {report.details['processor']}")
