"""segtf export."""

from pathlib import Path

import click

from segtf.cli.options import load_settings, model_options
from segtf.cli.start import start_tensorflow

FORMATS = ("saved_model", "tflite", "litert", "tflite-float16", "tflite-dynamic", "tflite-int8")


@click.command()
@click.argument("model", metavar="RUN_OR_FILE", type=click.Path())
@click.option("--format", "format_", type=click.Choice(FORMATS), required=True)
@click.option("--out", required=True, type=click.Path(), help="Folder for the exported model.")
@click.option(
    "--images",
    type=click.Path(),
    help="Folder of images to calibrate int8 on; by default those the run was trained on.",
)
@model_options
def export(model, format_, out, images, labels, resize, size):
    """Export a model for TensorFlow Serving (OUT/1/) or for devices (OUT/model.tflite)."""
    start_tensorflow()
    from segtf.exporting.export import export as export_model

    calibration = None if images is None else _image_files(Path(images))
    settings = load_settings(labels, resize, size)
    exported = export_model(model, out, format=format_, calibration=calibration, **settings)
    difference = ""
    if exported.max_difference is not None:
        difference = f", largest logit difference {exported.max_difference:.2g}"
    click.echo(
        f"{exported.path}: {exported.size_in_bytes / 1e6:.2f} MB, "
        f"{exported.agreement:.3%} of the pixels as in Keras{difference}"
    )


def _image_files(folder):
    from segtf.data.sources.folder import IMAGE_SUFFIXES

    files = folder.iterdir() if folder.is_dir() else ()
    images = sorted(file for file in files if file.suffix.lower() in IMAGE_SUFFIXES)
    if not images:
        raise ValueError(f"Expected a folder of images. Received: {folder}")
    return images
