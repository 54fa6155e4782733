"""Label Studio: one JSON file of tasks, with polygons, rectangles, ellipses and brush strokes."""

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from segtf.data.shapes import Brush, ellipse, rectangle
from segtf.data.sources.drawn import DrawnImage, drawn_source, label_of, outline
from segtf.data.sources.json_files import (
    flat_points,
    head_of,
    is_coordinate,
    objects_in,
    read_json,
    stated_size,
)
from segtf.data.sources.notices import Notices
from segtf.data.sources.picture_files import IMAGE_SUFFIXES, tree_files
from segtf.data.sources.registry import register_source
from segtf.text_files import plain

_LABEL_KEYS = ("polygonlabels", "brushlabels", "rectanglelabels", "ellipselabels", "labels")
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")


@register_source("label-studio")
def label_studio(folder, file=None, classes=None):
    """List the images of an export of Label Studio (the format called JSON).

    Polygons, rectangles, ellipses and brush strokes are read. Regions that come later lie over
    earlier ones; a region of several labels is an object of each, the last of them on top. Of
    several annotations of an image the last that is not cancelled counts. What no region covers is
    background. Images are looked for in the folder by the name that the task tells, without the
    eight digits that an upload puts before it.

    Args:
        folder: holds the JSON file and the images.
        file: name of the JSON file; by default the only one of Label Studio in the folder.
        classes: path of a list of class names in id order; without one the labels are sorted, since
            the export does not hold the settings of the project.

    Raises:
        ValueError: if there is no such file or several, or it is damaged.
    """
    path = _export_file(folder, file)
    tasks = read_json(path, "the JSON export of Label Studio")
    notices, images, strays = Notices(), [], {}
    finder = _PictureFinder(folder)
    used = {}
    for task in objects_in(tasks):
        image = finder.find(task)
        name = f"task {task.get('id')!r:.20}"
        result = _last_result(task)
        if image is None:
            notices.add("tasks left out (their image is not in the folder)", name)
        elif image in used:
            notices.add("tasks left out (another is of the same image)", image.name)
        elif result is None:
            strays[image] = "is not annotated in Label Studio"
        else:
            used[image] = image
            sample = plain(image.relative_to(folder).as_posix())
            size, objects = _objects(result, notices, image.name)
            images.append(DrawnImage(sample, image, path, size, objects))
    return drawn_source("label-studio", folder, images, {}, notices, classes, strays)


def is_label_studio(path):
    """Whether a file begins like an export of Label Studio."""
    head = head_of(path)
    return head.startswith("[{") and ('"annotations":[' in head or '"completions":[' in head)


def _export_file(folder, name):
    if name:
        found = [folder / str(name)] if (folder / str(name)).is_file() else []
    else:
        found = [path for path in sorted(folder.glob("*.json")) if is_label_studio(path)]
    if len(found) != 1:
        raise ValueError(
            "Expected one JSON export of Label Studio (a list of tasks with annotations; not "
            "JSON-MIN), or its name as the option file. "
            f"Received: {len(found)} in {folder}"
        )
    return found[0]


class _PictureFinder:
    """Finds the picture of a task among those in a folder."""

    def __init__(self, folder):
        self._by_name = {}
        for path in tree_files(folder):
            for name in {path.name, _UPLOADED.sub("", path.name)}:
                self._by_name.setdefault(plain(name).casefold(), path)

    def find(self, task):
        """Return the path of the picture, or `None`."""
        data = task.get("data")
        texts = list(data.values()) if isinstance(data, dict) else []
        for text in [*texts, task.get("file_upload")]:
            name = _file_name(text)
            for key in (name, _UPLOADED.sub("", name)):
                if plain(key).casefold() in self._by_name:
                    return self._by_name[plain(key).casefold()]
        return None


def _file_name(text):
    """The name of a picture in a path or address; empty if there is none."""
    if not isinstance(text, str) or len(text) > 4096:
        return ""
    try:
        parts = urlsplit(text.replace("\\", "/"))
    except ValueError:
        return ""
    for place in (*parse_qs(parts.query).get("d", ()), unquote(parts.path)):
        name = PurePosixPath(place).name
        if PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES:
            return name
    return ""


def _last_result(task):
    """The regions of the last annotation that counts; `None` where there is none."""
    annotations = objects_in(task.get("annotations", task.get("completions")))
    kept = [one for one in annotations if not one.get("was_cancelled")]
    return objects_in(kept[-1].get("result")) if kept else None


def _objects(result, notices, of):
    """Size of the image by the regions, and label and shapes of each object."""
    size, objects = None, []
    for region in result:
        value = region.get("value")
        if not isinstance(value, dict):
            continue
        stated = stated_size(region.get("original_width"), region.get("original_height"))
        labels = [label_of(text) for key in _LABEL_KEYS for text in _texts(value.get(key))]
        labels = [label for label in labels if label]
        if not _has_area(value):
            notices.add("regions left out (no polygon, rectangle, ellipse or brush)", of)
        elif not labels:
            notices.add("regions left out (without a label)", of)
        elif stated is None or (size or stated) != stated:
            notices.add("regions left out (without the size of the image, or of another)", of)
        elif region.get("image_rotation"):
            notices.add("regions left out (of an image that was turned in Label Studio)", of)
        else:
            size = stated
            shapes = _shapes(value, size, notices, of)
            objects += [(label, shapes) for label in labels if shapes]
    return size, objects


def _texts(value):
    return value if isinstance(value, list) else ()


def _has_area(value):
    return any(key in value for key in ("rle", "radiusX", "width")) or "points" in value


def _shapes(value, size, notices, of):
    """The shapes of a region, whose coordinates are hundredths of width and height."""
    height, width = size
    if "rle" in value:
        try:
            return (Brush(bytes(value["rle"])),)
        except (TypeError, ValueError):
            notices.add("objects left out (a brush that is no list of bytes)", of)
            return ()
    if "points" in value:
        return outline(_in_pixels(flat_points(value["points"]), size), size, notices, of)
    turn = value.get("rotation") or 0
    names = (
        ("x", "y", "radiusX", "radiusY") if "radiusX" in value else ("x", "y", "width", "height")
    )
    numbers = [value.get(name) for name in names]
    if not all(map(is_coordinate, (*numbers, turn))):
        notices.add("objects left out (without their numbers)", of)
        return ()
    x, y, across, down = (
        share * side / 100 for share, side in zip(numbers, (width, height) * 2, strict=True)
    )
    if "radiusX" in value:
        return outline(ellipse(x, y, across, down, turn), size, notices, of)
    # A rectangle is turned about its corner, as it is drawn.
    corners = rectangle(x, y, x + across, y + down, turn, about=(x, y))
    return outline(corners, size, notices, of)


def _in_pixels(points, size):
    if not isinstance(points, list) or not all(map(is_coordinate, points)):
        return points
    return [value * size[1 - place % 2] / 100 for place, value in enumerate(points)]
