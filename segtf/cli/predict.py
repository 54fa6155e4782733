"""segtf predict."""

from functools import partial
from pathlib import Path

import click

from segtf.cli.images import find_images, write_answers, write_masks
from segtf.cli.options import load_settings, model_options
from segtf.cli.say import say
from segtf.cli.start import start_tensorflow
from segtf.files import require_writable


@click.command()
@click.argument("model", metavar="RUN_OR_FILE", type=click.Path())
@click.argument("images", metavar="[IMAGE]...", nargs=-1, type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder for what is written.")
@click.option(
    "--list",
    "lists",
    multiple=True,
    type=click.Path(),
    help="Text file of images, one a line; @FILE in the place of an IMAGE is the same.",
)
@click.option("--ids-only", is_flag=True, help="Write the masks alone: no overlays, no page.")
@click.option("--palette", is_flag=True, help="Give the masks the colours of their classes.")
@click.option("--probabilities", is_flag=True, help="Draw the probability of each class, too.")
@click.option("--cutout", is_flag=True, help="Cut the objects out, on transparent background.")
@model_options
@click.pass_context
def predict(context, model, images, out, lists, ids_only, palette, probabilities, cutout, **given):
    """Write the mask of each image as OUT/<image stem>.png, a picture of class ids, and show it.

    A model of classes that overlap has a mask of 0 and 1 for each, OUT/CLASS/<image stem>.png.

    \b
    OUT/predictions.html        all images with their masks, in one file
    OUT/predictions.jpg         the same as a contact sheet
    OUT/overlays/NAME.jpg       each mask over its image
    OUT/probabilities/CLASS/    with --probabilities: PNG files, 0 to 255 for 0 to 1
    OUT/cutouts/NAME.png        with --cutout: RGBA

    An IMAGE is a file, a folder of pictures, a pattern in quotes, such as 'scans/*.png', or a list
    of these, @FILE, whose paths count from here or else from its own folder. What cannot be read
    is named, and the others go on; the exit status is 1 then. Files take the place of earlier ones
    of segtf alone.
    """
    from segtf.mask_files import plan_masks

    require_writable(out)
    paths = find_images(images, out, lists)
    planned = plan_masks(paths, out)
    start_tensorflow()
    from segtf.inference.load import load
    from segtf.inference.show import Show

    predictor = load(model, **load_settings(**given))
    labels = predictor.spec.labels
    show = Show(paths, Path(out), predictor.spec, not ids_only, probabilities, cutout)
    write = partial(write_masks, labels=labels) if palette else write_masks
    try:
        write_answers(context, _answers(predictor, paths, show), len(paths), planned, write)
    finally:
        if page := show.finish(model):
            say(f"{page}: all of them to look at")


def _answers(predictor, paths, show):
    from segtf.data.decode import ImageError, read_single

    for path in paths:
        try:
            image = read_single(path, predictor.spec.channels)
            prediction = predictor(image)
        except ImageError as error:
            show.fail(path, error)
            yield path, error, None, None
            continue
        show.add(path, image, prediction)
        shares = zip(prediction.names, prediction.coverage, strict=True)
        said = ", ".join(f"{name} {share:.1%}" for name, share in shares)
        mask = prediction.mask if prediction.mask.ndim == 2 else prediction.masks
        yield path, None, mask, said
