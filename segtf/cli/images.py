"""Images that a command is given, and the masks that it writes of them."""

import glob
from pathlib import Path

import click

from segtf.cli.progress import Progress
from segtf.cli.say import say


def find_images(arguments, out=None, lists=()):
    """Return the image files that arguments name.

    Args:
        arguments: paths of files, of folders (all pictures in them, those of subfolders left
            out), patterns such as ``scans/*.png``, of which ``**`` also means subfolders, or
            ``@FILE``, a text file of these, one a line.
        out: folder for the masks, which may not be one of these folders, or `None`.
        lists: paths of further files of the kind of ``@FILE``.

    Returns:
        A list of paths: the arguments in their order, what each names sorted. A file that is
        missing is among them, if there are others.

    Raises:
        ValueError: if an argument names nothing.
    """
    from segtf.data.sources.picture_files import image_files

    paths, missing = [], []
    named = [name for argument in arguments for name in _of_list(argument)]
    named += [name for path in lists for name in _read_list(path)]
    if not named:
        raise ValueError("Expected at least one IMAGE. Received: none")
    for argument in named:
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


def _of_list(argument):
    """The names that an argument stands for: itself, or the lines of the list that it names."""
    is_list = str(argument).startswith("@") and not Path(argument).exists()
    return _read_list(str(argument)[1:]) if is_list else [argument]


def _read_list(path):
    """Names of a text file, those that are not found from here as seen from the list."""
    from segtf.text_files import read_text

    names = [line.strip() for line in read_text(path).splitlines()]
    names = [name for name in names if name and not name.startswith("#")]
    if not names:
        raise ValueError(f"Expected a list of images, one a line. Received: {path}, of none")
    beside = Path(path).parent
    return [name if _names_something(name) else str(beside / name) for name in names]


def _names_something(name):
    return Path(name).exists() or any(glob.iglob(name, recursive=True))  # noqa: PTH207


def write_answers(context, answers, count, planned, write=None):
    """Write masks as they come, print a line for each, and end the command.

    What has no mask is said on standard error, the others go on; the exit status is 1 then. On a
    terminal a line tells how far it is.

    Args:
        context: `click.Context` of the command.
        answers: iterable of image path, error or `None`, mask (or class name to mask), and what is
            said about it.
        count: number of images.
        planned: dict from image to mask path, or `None` to write nothing.
        write: function of mask and path that returns what was written; by default `write_masks`.
    """
    write, failed = write or write_masks, 0
    with Progress(count) as progress:
        for image, error, mask, said in answers:
            progress.clear()
            if error is not None:
                failed += 1
                say(f"{image}: {error}", err=True)
            else:
                target = image if planned is None else planned[image]
                if planned is not None:
                    target = write(mask, target)
                say(f"{target}: {said}")
            progress.advance()
    if failed:
        click.echo(f"segtf: {failed} of {count} images have no mask", err=True)
        context.exit(1)


def write_masks(mask, path, labels=None):
    """Write the mask of an image, or a mask for each class, and return what to call that.

    Args:
        mask: uint8 array `(H, W)`, or class name to one of them.
        path: of the planned file.
        labels: a `LabelMap` whose colours the files are to show.
    """
    from segtf.class_masks import write_class_masks
    from segtf.mask_files import write_mask

    if not isinstance(mask, dict):
        write_mask(mask, path, labels)
        return path
    write_class_masks(mask, path, labels)
    return path.parent / "*" / path.name
