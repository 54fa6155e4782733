"""segtf export."""

import click

from segtf.cli.options import load_settings, model_options

FORMATS = ("saved_model", "tflite", "litert", "tflite-float16", "tflite-dynamic", "tflite-int8")


@click.command()
@click.argument("model", metavar="RUN_OR_FILE", type=click.Path())
@click.option("--format", "format_", type=click.Choice(FORMATS), required=True)
@click.option("--out", required=True, type=click.Path(), help="Folder for the exported model.")
@model_options
def export(model, format_, out, labels, resize, size):
    """Export a model for TensorFlow Serving (OUT/1/) or for devices (OUT/model.tflite)."""
    from segtf.exporting.export import export as export_model

    exported = export_model(model, out, format=format_, **load_settings(labels, resize, size))
    difference = ""
    if exported.max_difference is not None:
        difference = f", largest logit difference {exported.max_difference:.2g}"
    click.echo(
        f"{exported.path}: {exported.size_in_bytes / 1e6:.2f} MB, "
        f"{exported.agreement:.3%} of the pixels as in Keras{difference}"
    )
