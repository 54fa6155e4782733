"""segtf predict."""

from pathlib import Path

import click

from segtf.cli.options import load_settings, model_options
from segtf.cli.start import start_tensorflow
from segtf.files import require_writable


@click.command()
@click.argument("model", metavar="RUN_OR_FILE", type=click.Path())
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder for the masks.")
@model_options
def predict(model, images, out, labels, resize, size):
    """Write the mask of each image as OUT/<image stem>.png, a picture of class ids."""
    require_writable(out)
    start_tensorflow()
    from segtf.inference.load import load
    from segtf.inference.masks import write_masks

    predictor = load(model, **load_settings(labels, resize, size))
    for path, prediction in write_masks(predictor, [Path(image) for image in images], Path(out)):
        shares = ", ".join(
            f"{name} {share:.1%}"
            for name, share in zip(predictor.spec.labels.names, prediction.coverage, strict=True)
        )
        click.echo(f"{path}: {shares}")
