"""segtf compare."""

import click

from segtf.cli.start import start_tensorflow
from segtf.files import require_writable


@click.command()
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True, type=click.Path())
@click.option("--out", type=click.Path(), help="Folder for comparison.html and .csv.")
def compare(runs, out):
    """Show evaluated runs side by side, on the images that all were evaluated on.

    A RUN is a run folder or the folder of a report (`segtf evaluate ... --out`). The first is the
    one that the others are compared with.
    """
    if out is not None:
        require_writable(out)
    start_tensorflow()
    from segtf.evaluation.compare import compare as compare_runs
    from segtf.evaluation.comparison_report import comparison_lines

    for line in comparison_lines(compare_runs(runs, out)):
        click.echo(line)
    if out is not None:
        click.echo(f"{out}: comparison.html, comparison.csv, comparison_images.csv")
