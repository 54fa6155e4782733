"""What all label tools that outline objects have in common: classes, order, what is left out."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from segtf.class_lists import IGNORED_NAMES
from segtf.data.coco_outlines import OutlineError, read_outline
from segtf.data.sample import Sample, Source
from segtf.data.shapes import Rings, ShapeMask
from segtf.data.sources.folder_classes import class_names, given_file
from segtf.data.sources.split_names import splits_of_folders
from segtf.labels import IGNORE_CLASS, LabelMap, background_rank
from segtf.text_files import clean, plain


@dataclass
class DrawnImage:
    """An image and the objects that a tool outlined in it.

    Args:
        name: what its sample is called, with the ending of the file.
        path: the image file.
        file: the file of the tool.
        size: height and width by that file, or `None`.
        objects: label and shapes of each object, in the order in which they are laid over each
            other.
    """

    name: str
    path: Path
    file: Path
    size: tuple[int, int] | None
    objects: list = field(default_factory=list)


def outline(points, size, notices, of):
    """Return the shapes of a polygon, checked, and none of one that cannot be drawn.

    Args:
        points: x, y, x, y, ... in pixels; or a list of these, of one object whose second and
            further ones are holes.
        size: height and width of the image.
        notices: `Notices` to count those left out in.
        of: name of the file or image, for a notice.
    """
    try:
        rings, dropped = read_outline(points, size)
    except OutlineError as error:
        notices.add(f"objects left out (one {error})", of)
        return ()
    if dropped:
        notices.add("objects without some of their outlines (of fewer than three points)", of)
    return (Rings(rings),)


def drawn_source(name, folder, images, listed, notices, classes=None, strays=None):
    """Return the source of images and their outlined objects.

    Args:
        name: name of the source.
        folder: the folder of the set; ``classes.txt`` or ``labels.txt`` in it may give the order.
        images: a list of `DrawnImage`.
        listed: label to colour (or `None`) in the order of the tool's project, or an empty dict
            where it has none.
        notices: `Notices` of what was left out.
        classes: path of a list of classes, which wins.
        strays: files that make no sample, with the reason.

    Raises:
        ValueError: if there is no image, or no class.
    """
    if not images:
        raise ValueError(
            f"Expected images and what {name} wrote of them. Received: none in {folder}"
        )
    given = class_names(folder, given_file(folder, classes, "class names"))
    found = {label for image in images for label, _ in image.objects}
    labels, ids, lines = _number(listed, found, given, name)
    samples = []
    names = _names(images)
    for image, id_ in zip(images, names, strict=True):
        objects = tuple(
            (ids[label], tuple(shapes)) for label, shapes in image.objects if label in ids
        )
        for label in {label for label, _ in image.objects} - set(ids):
            notices.add("labels that are no class, as background", label)
        if not image.objects:
            notices.add("images without objects, all background", image.name)
        samples.append(
            Sample(id_, image.path, ShapeMask(image.file, image.size, objects, image.path))
        )
    return Source(
        plain(folder.name) or name,
        tuple(samples),
        labels,
        splits=splits_of_folders(names),
        strays=strays or {},
        notices=(*lines, *notices.lines()),
    )


def label_of(text):
    """Return the name of a class as it is compared, or `None` for what is no name."""
    if isinstance(text, bool) or not isinstance(text, str | int):
        return None
    return clean(" ".join(str(text).split())) or None


def color_of(text):
    """Return (red, green, blue) of ``#rrggbb``, or `None` for anything else."""
    digits = text.removeprefix("#") if isinstance(text, str) else ""
    try:
        values = bytes.fromhex(digits)
    except ValueError:
        return None
    return tuple(values) if len(values) == 3 else None


def _number(listed, found, given, tool):
    """The `LabelMap`, label to class id, and lines that say so."""
    if given:
        order, colors, why = (
            list(given.names),
            dict(zip(given.names, given.colors, strict=True)),
            "",
        )
    elif listed:
        order, colors, why = list(listed), dict(listed), f"in the order of the {tool} project"
    else:
        order, colors = sorted(found, key=lambda label: (label.casefold(), label)), {}
        why = "in alphabetical order, since no list gives one (see --classes)"
    is_background = {label for label in {*order, *found} if background_rank(label) == 2}
    ignored = {label for label in {*order, *found} if label.casefold() in IGNORED_NAMES}
    names = [label for label in order if label not in is_background | ignored]
    if not names:
        raise ValueError(f"Expected objects with a label. Received: none of a class from {tool}")
    ids = {label: id_ for id_, label in enumerate(names, 1)}
    ids |= dict.fromkeys(is_background, 0) | dict.fromkeys(ignored, IGNORE_CLASS)
    first = next((label for label in order if label in is_background), "background")
    has_colors = all(colors.get(name) for name in names)
    shown = ((0, 0, 0), *(colors[name] for name in names)) if has_colors else ()
    lines = [f"classes {why}: {', '.join((first, *names))}"] if why else []
    lines += [f"pixels of {label} count nowhere" for label in sorted(ignored)]
    # Tools outline objects one by one, so each class is of things.
    things = tuple(range(1, len(names) + 1))
    labels = LabelMap((plain(first), *names), shown, background=0, things=things)
    return labels, ids, lines


def _names(images):
    """Ids of the samples: names without their endings, where these differ."""
    short = [image.name.rsplit(".", 1)[0] for image in images]
    counts = Counter(short)
    return [
        name if counts[name] == 1 else image.name for name, image in zip(short, images, strict=True)
    ]
