"""Supervisely: a project of data sets, with polygons, rectangles and bitmaps in JSON files."""

from segtf.data.shapes import Bitmap, Rings, rectangle
from segtf.data.sources.drawn import DrawnImage, color_of, drawn_source, label_of, outline
from segtf.data.sources.json_files import (
    flat_points,
    is_coordinate,
    objects_in,
    read_json,
    stated_size,
)
from segtf.data.sources.notices import Notices
from segtf.data.sources.picture_files import image_files, visible_folders
from segtf.data.sources.registry import register_source
from segtf.text_files import plain

_META = "meta.json"
_IMAGES, _ANNOTATIONS = "img", "ann"
_LITTLE = 1e-4


@register_source("supervisely")
def supervisely(folder, classes=None):
    """List the images of a project of Supervisely.

    That is ``meta.json`` and data sets, each with the folders ``img`` and ``ann``.

    Bitmaps, polygons (with holes) and rectangles are read, each an object of its own; later ones in
    a file lie over earlier ones. Classes are those of ``meta.json``, in its order and colours; what
    no object covers is background. Data sets named train, val or test are official splits.

    Whole numbers are pixels, as the tool's own library writes them: a polygon runs through their
    middles and holds these, and a rectangle holds its last ones. Fractions are places within
    pixels.

    Args:
        folder: holds ``meta.json`` and the data sets.
        classes: path of a list of class names in id order, in place of the project's.

    Raises:
        ValueError: if ``meta.json`` or the data sets are missing, or a file is damaged.
    """
    listed = _listed(folder)
    notices, images, strays = Notices(), [], {}
    for dataset in _datasets(folder):
        files = {path.name: path for path in (dataset / _ANNOTATIONS).glob("*.json")}
        for image in image_files(dataset / _IMAGES):
            file = files.pop(f"{image.name}.json", None) or files.pop(f"{image.stem}.json", None)
            if file is None:
                strays[image] = "has no annotation in ann"
                continue
            content = read_json(file, "an annotation file of Supervisely")
            size = _size(content)
            if size is None:
                strays[file] = "lacks the size of the image"
                continue
            place = dataset.relative_to(folder) / image.name
            objects = _objects(content, size, notices, image.name)
            images.append(DrawnImage(plain(place.as_posix()), image, file, size, objects))
        strays |= {file: "has no image in img" for file in files.values()}
    return drawn_source("supervisely", folder, images, listed, notices, classes, strays)


def is_supervisely(folder):
    """Whether a folder is laid out like a project of Supervisely."""
    return (folder / _META).is_file() and bool(_datasets(folder))


def _datasets(folder):
    """The data sets of a project, and those within them."""
    found = []
    for path in (folder, *visible_folders(folder)):
        if (path / _IMAGES).is_dir() and (path / _ANNOTATIONS).is_dir():
            found.append(path)
    return found


def _listed(folder):
    """Label to colour, in the order of the project."""
    path = folder / _META
    if not path.is_file():
        raise ValueError(
            f"Expected {_META} of a project of Supervisely. Received: none in {folder}"
        )
    content = read_json(path, "meta.json of a project of Supervisely")
    entries = objects_in(content.get("classes")) if isinstance(content, dict) else []
    titles = {label_of(entry.get("title")): color_of(entry.get("color")) for entry in entries}
    titles.pop(None, None)
    if not titles:
        raise ValueError(f"Expected classes with a title. Received: none in {path}")
    return titles


def _size(content):
    size = content.get("size") if isinstance(content, dict) else None
    return stated_size(size.get("width"), size.get("height")) if isinstance(size, dict) else None


def _objects(content, size, notices, of):
    """Label and shapes of each object."""
    objects = []
    for item in objects_in(content.get("objects")):
        label = label_of(item.get("classTitle"))
        if label is None:
            notices.add("objects left out (without classTitle)", of)
            continue
        shapes = _shapes(item, size, notices, of)
        if shapes:
            objects.append((label, shapes))
    return objects


def _shapes(item, size, notices, of):
    kind, points = item.get("geometryType"), item.get("points")
    bitmap = item.get("bitmap")
    if isinstance(bitmap, dict) and isinstance(bitmap.get("data"), str):
        origin = bitmap.get("origin")
        if isinstance(origin, list) and len(origin) == 2 and all(map(is_coordinate, origin)):
            return (Bitmap(bitmap["data"], *map(int, origin), is_packed=True),)
    elif isinstance(points, dict) and kind in ("polygon", "rectangle"):
        return _outlined(kind, points, size, notices, of)
    notices.add(f"objects left out (of the kind {kind!r:.30}, or without its points)", of)
    return ()


def _outlined(kind, points, size, notices, of):
    rings = [flat_points(points.get("exterior")), *_interiors(points.get("interior"))]
    numbers = [value for ring in rings if isinstance(ring, list) for value in ring]
    if not all(isinstance(ring, list) for ring in rings) or not all(map(is_coordinate, numbers)):
        notices.add("objects left out (without their points)", of)
        return ()
    are_pixels = all(value == int(value) for value in numbers)
    if kind == "polygon":
        if not are_pixels:
            return outline(rings, size, notices, of)
        return _with_edges(
            outline([[value + 0.5 for value in ring] for ring in rings], size, notices, of)
        )
    if len(rings[0]) != 4:
        notices.add("objects left out (without their points)", of)
        return ()
    x, y, other_x, other_y = rings[0]
    last = 1 if are_pixels else 0
    corners = min(x, other_x), min(y, other_y), max(x, other_x) + last, max(y, other_y) + last
    return outline([rectangle(*corners)], size, notices, of)


def _with_edges(shapes):
    """Polygons with all pixels whose middles lie on their outlines, as the tool draws them."""
    return tuple(
        Rings(tuple(_moved(ring, right, down) for ring in shape.rings))
        for shape in shapes
        for right in (-_LITTLE, _LITTLE)
        for down in (-_LITTLE, _LITTLE)
    )


def _moved(ring, right, down):
    return tuple(value + (down if place % 2 else right) for place, value in enumerate(ring))


def _interiors(value):
    return [flat_points(ring) for ring in value] if isinstance(value, list) else []
