"""segtf data."""

import click

from segtf.cli.options import Size
from segtf.cli.start import start_tensorflow


@click.group()
def data():
    """Make and look at data sets."""


@data.command()
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option("--count", default=60, show_default=True, help="Number of images.")
@click.option("--size", type=Size(), default="192x256", show_default=True)
@click.option("--seed", default=0, show_default=True)
def synth(folder, count, size, seed):
    """Draw a set of dermoscopy-like images with masks into DIR."""
    start_tensorflow()
    from segtf.data.synthetic import write_synthetic

    write_synthetic(folder, count=count, size=size, seed=seed)
    click.echo(f"{folder}: {count} images, masks and classes.txt")
