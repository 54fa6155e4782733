"""Images that a command is given, and the masks that it writes of them."""

import glob
from pathlib import Path

import click

from segtf.cli.say import say


def find_images(arguments, out=None):
    """Return the image files that arguments name.

    Args:
        arguments: paths of files, of folders (all pictures in them, those of subfolders left
            out), or patterns such as ``scans/*.png``, of which ``**`` also means subfolders.
        out: folder for the masks, which may not be one of these folders, or `None`.

    Returns:
        A list of paths: the arguments in their order, what each names sorted. A file that is
        missing is among them, if there are others.

    Raises:
        ValueError: if an argument names nothing.
    """
    from segtf.data.sources.picture_files import image_files

    paths, missing = [], []
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            found = image_files(path)
            if not found:
                raise ValueError(f"Expected pictures in a folder. Received: {path}, which has none")
            if out is not None and Path(out).is_dir() and path.samefile(out):
                raise ValueError(
                    "Expected another folder for the masks than that of the images. "
                    f"Received: {out}"
                )
        elif path.exists() or not glob.has_magic(str(argument)):
            found = [path]
            missing += [] if path.exists() else [path]
        else:
            # `Path.glob` does not take patterns that begin at the root.
            found = map(Path, sorted(glob.glob(str(argument), recursive=True)))  # noqa: PTH207
            found = [one for one in found if one.is_file()]
            if not found:
                raise ValueError(f"Expected a pattern that files match. Received: {argument}")
        paths += found
    if len(missing) == len(paths):
        raise ValueError(f"Expected an image file. Received: {missing[0]}, which does not exist")
    return paths


def write_answers(context, answers, planned):
    """Write masks as they come, print a line for each, and end the command.

    What has no mask is said on standard error, the others go on; the exit status is 1 then.

    Args:
        context: `click.Context` of the command.
        answers: iterable of image path, error or `None`, mask, and what is said about it.
        planned: dict from image to mask path, or `None` to write nothing.
    """
    from segtf.mask_files import write_mask

    failed = count = 0
    for image, error, mask, said in answers:
        count += 1
        if error is not None:
            failed += 1
            say(f"{image}: {error}", err=True)
            continue
        target = image if planned is None else planned[image]
        if planned is not None:
            write_mask(mask, target)
        say(f"{target}: {said}")
    if failed:
        click.echo(f"segtf: {failed} of {count} images have no mask", err=True)
        context.exit(1)
