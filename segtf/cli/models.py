"""segtf models."""

import click

from segtf.cli.limits import parse_limits
from segtf.cli.options import Size
from segtf.cli.start import start_tensorflow


@click.command()
@click.option("--size", type=Size(), default="256", show_default=True)
@click.option(
    "--fit",
    metavar="LIMITS",
    help="Those within limits, such as ms<10 or MB<=5,GMAC<1, in order: ms is measured here, one "
    "image in TFLite, float32, on all cores.",
)
@click.pass_context
def models(context, size, fit):
    """Show the architectures: parameters, multiply-adds of one image, size."""
    limits = None if fit is None else parse_limits(fit)
    start_tensorflow()
    from segtf.models import describe_models

    if limits is None:
        _show(((cost, None) for cost in describe_models(size)), size)
        return
    from segtf.exporting.tflite.fitting import RATES_APART, find_fitting

    found = find_fitting(limits, size, on_model=lambda name: click.echo(f"{name} ...", err=True))
    is_timed = any(limit.unit == "ms" for limit in limits)
    shown = found.fitting or found.closest[:3]
    if not found.fitting:
        click.echo(f"no model is within {fit}" + ("; the closest are" if shown else ""))
    if shown:
        _show(shown, size, is_timed)
    if is_timed:
        click.echo(_how_timed())
    if found.not_measured:
        click.echo(
            f"{len(found.not_measured)} not measured: they would have to do {RATES_APART} times "
            "more multiply-adds a second than any of these"
        )
    if not found.fitting:
        context.exit(1)


def _show(rows, size, is_timed=False):
    time = f"{'ms':>8}" if is_timed else ""
    click.echo(
        f"{'model':<24}{'parameters':>12}{'GMAC':>8}{'MB':>8}{time}  "
        f"{size[0]}x{size[1]}x3 to 1 class"
    )
    for cost, milliseconds in rows:
        time = f"{milliseconds:>8.1f}" if is_timed else ""
        click.echo(
            f"{cost.name:<24}{cost.parameters:>12,}{cost.multiply_adds / 1e9:>8.2f}"
            f"{cost.megabytes:>8.1f}{time}  {cost.description}"
        )


def _how_timed():
    from segtf.devices import read_cpu_name
    from segtf.resources import usable_cores

    return f"ms: median for one image, TFLite float32, {usable_cores()} threads, {read_cpu_name()}"
