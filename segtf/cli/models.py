"""segtf models."""

import click

from segtf.cli.options import Size
from segtf.cli.start import start_tensorflow


@click.command()
@click.option("--size", type=Size(), default="256", show_default=True)
def models(size):
    """Show the architectures: parameters, multiply-adds of one image, size."""
    start_tensorflow()
    from segtf.models import describe_models

    click.echo(
        f"{'model':<24}{'parameters':>12}{'GMAC':>8}{'MB':>8}  {size[0]}x{size[1]}x3 to 1 class"
    )
    for cost in describe_models(size):
        click.echo(
            f"{cost.name:<24}{cost.parameters:>12,}{cost.multiply_adds / 1e9:>8.2f}"
            f"{cost.megabytes:>8.1f}  {cost.description}"
        )
