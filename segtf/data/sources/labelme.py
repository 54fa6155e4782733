"""LabelMe: a JSON file for each image, with polygons, rectangles, circles and masks."""

import math
from pathlib import PurePosixPath

from segtf.data.shapes import Bitmap, ellipse, rectangle
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
from segtf.data.sources.picture_files import tree_files
from segtf.data.sources.registry import register_source
from segtf.text_files import plain

_NO_AREA = ("point", "points", "line", "linestrip")


@register_source("labelme")
def labelme(folder, classes=None):
    """List the images that LabelMe's JSON files name.

    Polygons, rectangles, circles and masks are read; lines and points cover nothing. Shapes that
    come later in a file lie over earlier ones. Shapes of one label and one ``group_id`` are one
    object. What no shape covers is background; ``__ignore__`` counts nowhere.

    Args:
        folder: holds the JSON files, with the images beside them or anywhere below, by the name
            that ``imagePath`` says.
        classes: path of a list of class names in id order, such as LabelMe's ``labels.txt``, which
            is found by itself; without one the labels are sorted.

    Raises:
        ValueError: if there is no such file, or one is damaged.
    """
    notices, strays, images = Notices(), {}, []
    pictures = tree_files(folder)
    by_name = {}
    for path in pictures:
        by_name.setdefault(plain(path.name).casefold(), []).append(path)
    used = set()
    for file in label_files(folder):
        content = read_json(file, "a JSON file of LabelMe")
        if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
            notices.add("JSON files that are none of LabelMe", file.name)
            continue
        image = _image(content.get("imagePath"), file, by_name)
        if image is None or image in used:
            strays[file] = "names an image of another file" if image else "names no image here"
            continue
        used.add(image)
        size = stated_size(content.get("imageWidth"), content.get("imageHeight"))
        if size is None:
            strays[file] = "lacks imageWidth and imageHeight"
            continue
        name = plain(image.relative_to(folder).as_posix())
        objects = _objects(content["shapes"], size, notices, file.name)
        images.append(DrawnImage(name, image, file, size, objects))
    strays |= {path: "has no JSON file of LabelMe" for path in pictures if path not in used}
    return drawn_source("labelme", folder, images, {}, notices, classes, strays)


def label_files(folder):
    """Return the JSON files in a folder and its subfolders, sorted."""
    return sorted(path for path in folder.rglob("*.json") if not path.name.startswith("."))


def is_labelme(path):
    """Whether a file begins like one of LabelMe."""
    head = head_of(path)
    return head.startswith("{") and '"shapes":[' in head


def _image(text, file, by_name):
    """The picture that a file names, wherever it lies now; else the one of the file's own name."""
    if not isinstance(text, str):
        text = ""
    name = PurePosixPath(text.replace("\\", "/")).name
    found = by_name.get(plain(name).casefold(), []) if name else []
    if not found:
        found = [
            path
            for paths in by_name.values()
            for path in paths
            if path.stem.casefold() == file.stem.casefold()
        ]
    # Several folders may have a picture of that name: the nearest counts.
    near = [path for path in found if path.parent == file.parent]
    alike = [path for path in found if path.parent.name == file.parent.name]
    return next(iter([*near, *alike, *found]), None)


def _objects(shapes, size, notices, of):
    """Label and shapes of each object; those of a group together, where its first one lies."""
    objects = {}
    for place, shape in enumerate(objects_in(shapes)):
        label = label_of(shape.get("label"))
        if label is None:
            notices.add("objects left out (without a label)", of)
            continue
        drawn = _shape(shape, size, notices, of)
        group = shape.get("group_id")
        is_group = isinstance(group, int | str) and not isinstance(group, bool)
        key = (label, "group", group) if is_group else (label, "place", place)
        if drawn:
            objects.setdefault(key, []).extend(drawn)
    return [(label, shapes) for (label, _, _), shapes in objects.items()]


def _shape(shape, size, notices, of):
    kind, points = shape.get("shape_type") or "polygon", flat_points(shape.get("points"))
    if kind in _NO_AREA:
        notices.add("objects left out (lines and points, which cover nothing)", of)
        return ()
    if kind in ("polygon", "oriented_rectangle"):
        return outline(points, size, notices, of)
    if isinstance(points, list) and len(points) == 4 and all(map(is_coordinate, points)):
        x, y, other_x, other_y = points
        if kind == "rectangle":
            corners = (min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y))
            return outline(rectangle(*corners), size, notices, of)
        if kind == "circle":
            radius = math.hypot(other_x - x, other_y - y)
            return outline(ellipse(x, y, radius, radius), size, notices, of)
        if kind == "mask" and isinstance(shape.get("mask"), str):
            return (Bitmap(shape["mask"], round(min(x, other_x)), round(min(y, other_y))),)
    notices.add(f"objects left out (of the kind {kind!r:.30}, or without its points)", of)
    return ()
