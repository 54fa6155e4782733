"""segtf predict."""

import click

from segtf.cli.images import find_images, write_answers
from segtf.cli.options import load_settings, model_options
from segtf.cli.start import start_tensorflow
from segtf.files import require_writable


@click.command()
@click.argument("model", metavar="RUN_OR_FILE", type=click.Path())
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder for the masks.")
@model_options
@click.pass_context
def predict(context, model, images, out, labels, resize, size, outputs):
    """Write the mask of each image as OUT/<image stem>.png, a picture of class ids.

    An IMAGE is a file, a folder of pictures, or a pattern in quotes, such as 'scans/*.png'. What
    cannot be read is named, and the others go on; the exit status is 1 then. Masks take the place
    of earlier masks alone.
    """
    from segtf.mask_files import plan_masks

    require_writable(out)
    paths = find_images(images, out)
    planned = plan_masks(paths, out)
    start_tensorflow()
    from segtf.inference.load import load

    predictor = load(model, **load_settings(labels, resize, size, outputs))
    write_answers(context, _answers(predictor, paths), planned)


def _answers(predictor, paths):
    from segtf.data.decode import ImageError

    for path in paths:
        try:
            prediction = predictor(path)
        except ImageError as error:
            yield path, error, None, None
            continue
        names = predictor.spec.labels.names
        shares = zip(names, prediction.coverage, strict=True)
        said = ", ".join(f"{name} {share:.1%}" for name, share in shares)
        yield path, None, prediction.mask, said
