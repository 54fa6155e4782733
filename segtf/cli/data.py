"""segtf data."""

from pathlib import Path

import click

from segtf.cli.options import COUNT, SEED, Size, augment_option, data_options, open_source
from segtf.cli.say import say
from segtf.cli.start import start_tensorflow
from segtf.files import require_writable_file
from segtf.ranges import MOST_SAMPLES, MOST_VARIANTS
from segtf.task_settings import SETTINGS


@click.group()
def data():
    """Make, check and look at data sets."""


@data.command()
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option("--count", type=COUNT, default=60, show_default=True, help="Number of images.")
@click.option("--size", type=Size(), default="192x256", show_default=True)
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option(
    "--kind",
    type=click.Choice(("lesions", "shapes")),
    default="lesions",
    show_default=True,
    help="Skin lesions; or discs, rings and bars that overlap.",
)
def synth(folder, count, size, seed, kind):
    """Draw a set of images with masks into DIR: dermoscopy-like, or of shapes that overlap."""
    from segtf.data.synthetic import write_synthetic

    write_synthetic(folder, count=count, size=size, seed=seed, kind=kind)
    click.echo(f"{folder}: {count} images, masks and classes.txt")


def _source_options(command):
    """Add the options that name a data set, and its folder as an argument."""
    command = click.argument("folder", metavar="[DIR]", required=False, type=click.Path())(command)
    return data_options(required=True)(command)


@data.command()
@_source_options
@click.option("--split", type=click.Path(), help="Saved split, such as RUN/split.json.")
@click.option("--html", type=click.Path(), help="File to write the report to, with thumbnails.")
@click.option(
    "--shown",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Findings of a kind spelled out.",
)
@click.pass_context
def check(context, data_name, data_dir, classes, data_settings, folder, split, html, shown):
    """Look at every file of a data set: exit status 0 if training on it is safe, 1 if not.

    DIR is a folder of images and masks; or name a data set with --data.
    """
    from segtf.data import load_split
    from segtf.data.check import check_source, report_text, write_html

    if html:
        require_writable_file(html)
    source = _open(data_name, data_dir, classes, folder, data_settings)
    if html:
        _keep_data(html, source)
    split = load_split(split) if split else None
    with click.progressbar(length=len(source.samples), label="looking", width=20) as bar:
        report = check_source(source, split, on_sample=lambda: bar.update(1))
    click.echo(report_text(report, shown))
    if html:
        write_html(report, html)
        click.echo(f"{html}: the same with thumbnails")
    context.exit(0 if report.is_safe else 1)


@data.command()
@_source_options
@click.option("--out", type=click.Path(), default="samples.png", show_default=True)
@click.option(
    "--count",
    type=click.IntRange(1, MOST_SAMPLES),
    default=8,
    show_default=True,
    help="Number of samples.",
)
@augment_option
@click.option(
    "--variants",
    type=click.IntRange(0, MOST_VARIANTS),
    default=2,
    show_default=True,
    help="Augmented pictures of each.",
)
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option("--skip-broken", is_flag=True, help="Leave out samples that cannot be read.")
@click.option(
    "--task",
    type=click.Choice(tuple(SETTINGS)),
    default="semantic",
    show_default=True,
    help="Whether a pixel has one class, or several that overlap.",
)
def show(
    data_name,
    data_dir,
    classes,
    data_settings,
    folder,
    out,
    count,
    augment,
    variants,
    seed,
    skip_broken,
    task,
):
    """Draw samples with their masks, before and after augmentation, on one sheet."""
    require_writable_file(out)
    start_tensorflow()
    from segtf.data import find_augmentation, inspect_source
    from segtf.data.augment import choose_augmentation
    from segtf.data.check import draw_samples

    if augment != "auto":
        find_augmentation(augment)
    source = _open(data_name, data_dir, classes, folder, data_settings)
    _keep_data(out, source)
    source, notices = inspect_source(source, skip_broken)
    for notice in notices:
        say(notice)
    if augment == "auto":
        augment, why = choose_augmentation(source)
        say(f"augmentation {augment}, {why}")
    changes = None if augment == "none" else find_augmentation(augment)
    draw_samples(source, out, count, changes, variants, seed, task == "multilabel")
    say(f"{out}: {min(count, len(source.samples))} of {len(source.samples)} samples")


def _keep_data(path, source):
    from segtf.mask_files import keep_apart

    files = [file for sample in source.samples for file in (sample.image, sample.mask)]
    keep_apart(path, [file for file in files if isinstance(file, str | Path)])


def _open(data_name, data_dir, classes, folder, settings):
    if folder and data_dir:
        raise ValueError(f"Expected DIR or --data-dir, not both. Received: {folder} and {data_dir}")
    return open_source(data_name, folder or data_dir, classes, settings)
