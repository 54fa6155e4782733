"""segtf export."""

from pathlib import Path

import click

from segtf.cli.held_out import divide, lines_of_unknown_split, split_options
from segtf.cli.options import Number, data_options, load_settings, model_options, open_source
from segtf.cli.say import say
from segtf.cli.start import start_tensorflow
from segtf.files import require_writable

FORMATS = (
    "saved_model",
    "tflite",
    "litert",
    "tflite-float16",
    "tflite-dynamic",
    "tflite-int8",
    "onnx",
)


class ExportCommand(click.Command):
    """`segtf export`, where ``info`` or ``verify`` in place of a model is a command of its own."""

    def make_context(self, info_name, args, parent=None, **extra):
        """Parse the arguments, those behind ``info`` or ``verify`` as that command does."""
        command = {"info": info, "verify": verify}.get(args[0] if args else None)
        if command is not None:
            name = f"{info_name} {command.name}"
            return command.make_context(name, args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


@click.command()
@click.argument("path", type=click.Path())
def info(path):
    """Show what a model holds: classes, preprocessing, where it comes from.

    PATH is a SavedModel, TFLite or ONNX file that `segtf export` wrote, a run or a .keras file.
    """
    start_tensorflow()
    from segtf.exporting.info import describe_export, export_info

    for line in describe_export(*export_info(path)):
        click.echo(line)


@click.command()
@click.argument("path", type=click.Path())
def verify(path):
    """Compare an export with its checksums: a line for each file missing, changed or extra.

    PATH is a version folder, a folder of exports, or the file of a model. Exit status 1 if there
    is such a line.
    """
    from segtf.checksums import verify_export

    count, lines = verify_export(path)
    for line in lines:
        click.echo(line)
    if not lines:
        say(f"{path}: {count} files are as they were written")
    return int(bool(lines))


@click.command(cls=ExportCommand)
@click.argument("model", metavar="RUN_OR_FILE", type=click.Path())
@click.option("--format", "format_", type=click.Choice(FORMATS), required=True)
@click.option("--out", required=True, type=click.Path(), help="Folder for the exported model.")
@click.option(
    "--images",
    type=click.Path(),
    help="Folder of images to calibrate int8 on; by default those the run was trained on, or, of "
    "a model without a run, some of --data.",
)
@click.option(
    "--dynamic-size",
    is_flag=True,
    help="Take pixels of any height and width (a SavedModel: its signatures for pixels).",
)
@data_options(required=False)
@split_options
@click.option(
    "--max-iou-drop",
    type=Number(0, 100),
    help="Points of mean IoU that the export may lose on labelled images, such as 0.7.",
)
@click.option(
    "--gives",
    type=click.Choice(("logits", "class_ids", "labels")),
    help="What a TFLite file gives: float32 logits, or uint8 class ids (of classes that overlap "
    "labels, 0 and 1), which is the default for int8.",
)
@click.option(
    "--for-resize",
    type=click.Choice(("antialiased", "plain")),
    default="antialiased",
    help="How images are shrunk for a TFLite file: antialiased, as segtf does, or plain, as "
    "MediaPipe and Android do; a file for the latter takes twice the size and halves it itself.",
)
@click.option("--no-speed", is_flag=True, help="Do not measure latency and memory.")
@model_options
def export(
    model,
    format_,
    out,
    images,
    dynamic_size,
    data_name,
    data_dir,
    classes,
    data_settings,
    split,
    val_share,
    seed,
    max_iou_drop,
    gives,
    for_resize,
    no_speed,
    labels,
    resize,
    size,
    outputs,
):
    """Export a model for TensorFlow Serving (OUT/1/) or for devices (OUT/model.tflite).

    It is compared with the Keras model, on the labelled images that the run held out or those of
    --data, and fails if it differs; the report lies beside it. `segtf export info PATH` shows what
    an exported model holds, `segtf export verify PATH` whether its files are as they were written.
    """
    require_writable(out)
    start_tensorflow()
    from segtf.exporting.export import export as export_model
    from segtf.exporting.plain_resize import describe_losses
    from segtf.exporting.tflite.delegates import describe_delegates

    calibration = None if images is None else _image_files(Path(images))
    settings = load_settings(labels, resize, size, outputs)
    is_given = data_name is not None or data_dir is not None
    source = open_source(data_name, data_dir, classes, data_settings) if is_given else None
    source, split = divide(source, split, val_share, seed)
    source = _to_compare_on(source, split)
    for line in lines_of_unknown_split(model, source, split):
        say(line)
    exported = export_model(
        model,
        out,
        format_,
        source=source,
        calibration=calibration,
        dynamic_size=dynamic_size,
        max_iou_drop=max_iou_drop,
        speed=not no_speed,
        gives=gives,
        for_resize=for_resize,
        **settings,
    )
    for line in exported.report.table():
        click.echo(line)
    details = exported.report.details
    if "plain_resize" in details:
        for line in describe_losses(details["plain_resize"]):
            click.echo(line)
    if "delegates" in details:
        for line in describe_delegates(details["delegates"]):
            click.echo(line)
    click.echo(f"{exported.report.images} images: {exported.report.origin}")
    click.echo(exported.path)


def _to_compare_on(source, split):
    """The source with nothing but a split by name, and what is trained on, for calibration."""
    from dataclasses import replace

    if source is None or split in (None, "all"):
        return source
    if split not in source.splits:
        raise ValueError(
            f"Expected a split of {source.name} out of {sorted(source.splits)}. Received: {split!r}"
        )
    kept = {name: ids for name, ids in source.splits.items() if name in (split, "train")}
    ids = {id_ for ids in kept.values() for id_ in ids}
    samples = tuple(sample for sample in source.samples if sample.id in ids)
    return replace(source, samples=samples, splits=kept)


def _image_files(folder):
    from segtf.data.sources.pairing import image_files

    images = image_files(folder) if folder.is_dir() else []
    if not images:
        raise ValueError(f"Expected a folder of images. Received: {folder}")
    return images
