"""YOLO: a text file for each image, with a polygon a line in shares of width and height."""

import math

from segtf.class_lists import read_class_list
from segtf.data.shapes import Rings
from segtf.data.sources.drawn import DrawnImage, drawn_source
from segtf.data.sources.notices import Notices
from segtf.data.sources.picture_files import tree_files, visible_folders
from segtf.data.sources.registry import register_source
from segtf.text_files import plain, read_lines

_LABELS = "labels"
_LISTS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml", "classes.txt")
_NUMBERS_OF_BOX, _LEAST_NUMBERS = 4, 6
_SLACK = 1.0


@register_source("yolo")
def yolo(folder, file=None, classes=None):
    """List the images of a set for YOLO segmentation, as Ultralytics and Roboflow lay it out.

    An image ``images/train/a.jpg`` or ``train/images/a.jpg`` belongs to ``labels/train/a.txt`` or
    ``train/labels/a.txt``. Each line is the number of a class, from 0 on, and the points of a
    polygon; lines of four numbers are boxes, drawn as rectangles. Lines that come later lie over
    earlier ones. What no polygon covers is background, class 0: the classes of the file count from
    1 on. An image without a text file shows background alone, as YOLO has it. Folders named train,
    val or test are official splits.

    Args:
        folder: holds the images, the labels and ``data.yaml``.
        file: name of the YAML file of the class names; by default ``data.yaml``,
            ``dataset.yaml`` or ``classes.txt``, or the only YAML file in the folder.
        classes: path of a list of class names in the order of their numbers, in its place.

    Raises:
        ValueError: if there are no images or class names, or a line is of another form.
    """
    notices = Notices()
    path = classes or _list_of_names(folder, file)
    names = read_class_list(_find(folder, path)).names
    images, unread = [], set(_text_files(folder))
    without = 0
    for image in tree_files(folder):
        text = label_file(image, folder)
        if text is None:
            continue
        name = plain(image.relative_to(folder).as_posix())
        drawn = DrawnImage(name, image, text if text.is_file() else image, None)
        if text.is_file():
            unread.discard(text)
            drawn.objects = _objects(text, names, notices)
        else:
            without += 1
        images.append(drawn)
    strays = {path: "has no image" for path in unread}
    listed = dict.fromkeys(names)
    if without == len(images):
        raise ValueError(
            "Expected text files of YOLO beside the images: images/a.jpg with labels/a.txt. "
            f"Received: none in {folder}"
        )
    return drawn_source("yolo", folder, images, listed, notices, strays=strays)


def label_file(image, folder):
    """Return where the labels of an image belong; `None` if it lies in no folder of images."""
    parts = list(image.relative_to(folder).parts)
    places = [place for place, part in enumerate(parts[:-1]) if part.casefold() == "images"]
    if not places:
        return None
    parts[places[-1]] = _LABELS
    return folder.joinpath(*parts).with_suffix(".txt")


def has_labels(folder):
    """Whether there is a text file of labels below a folder."""
    return next(iter(_text_files(folder)), None) is not None


def _text_files(folder):
    """The text files in folders named labels, here and one folder below."""
    for place in (folder, *visible_folders(folder)):
        if (place / _LABELS).is_dir():
            yield from sorted((place / _LABELS).rglob("*.txt"))


def _list_of_names(folder, name):
    if name:
        return name
    found = [folder / name for name in _LISTS if (folder / name).is_file()][:1]
    found = found or sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))
    if len(found) != 1:
        raise ValueError(
            "Expected data.yaml with the names of the classes, its name as the option file, or a "
            f"list of names with --classes. Received: {len(found)} YAML files in {folder}"
        )
    return found[0]


def _find(folder, path):
    inside = folder / str(path)
    return inside if inside.is_file() else path


def _objects(path, names, notices):
    """Label and shapes of each line."""
    objects = []
    for line, text in read_lines(path):
        label, numbers = _numbers(text, path, line)
        if not 0 <= label < len(names):
            raise ValueError(
                f"Expected numbers of classes from 0 to {len(names) - 1}. "
                f"Received: {path}, line {line}: {label}"
            )
        if len(numbers) == _NUMBERS_OF_BOX:
            notices.add("boxes without an outline, drawn as rectangles", path.name)
            x, y, width, height = numbers
            left, right, top, bottom = x - width / 2, x + width / 2, y - height / 2, y + height / 2
            numbers = [left, top, right, top, right, bottom, left, bottom]
        elif len(numbers) < _LEAST_NUMBERS or len(numbers) % 2:
            notices.add("objects left out (of fewer than three points)", path.name)
            continue
        if max(numbers) > 1 + _SLACK or min(numbers) < -_SLACK:
            raise ValueError(
                "Expected points as shares of width and height, 0 to 1. "
                f"Received: {path}, line {line}: {text[:60]}"
            )
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if _covers_nothing(points):
            notices.add("objects left out (that cover nothing)", path.name)
            continue
        objects.append((names[label], (Rings((tuple(numbers),), are_shares=True),)))
    return objects


def _numbers(text, path, line):
    try:
        label, *numbers = map(float, text.split())
        if not all(map(math.isfinite, (label, *numbers))) or label != int(label):
            raise ValueError
    except ValueError:
        raise ValueError(
            "Expected lines with the number of a class and the points of a polygon. "
            f"Received: {path}, line {line}: {text[:60]}"
        ) from None
    return int(label), numbers


def _covers_nothing(points):
    """Whether all points are on one level line, or beside the image."""
    x, y = zip(*points, strict=True)
    return any(
        min(values) >= 1 or max(values) <= 0 or max(values) == min(values) for values in (x, y)
    )
