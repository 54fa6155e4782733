"""CVAT for images: one XML file with polygons, boxes, ellipses and masks of all images."""

import math
from xml.parsers import expat

from segtf.data.coco_outlines import OutlineError
from segtf.data.shapes import Runs, ellipse, rectangle, require_inside
from segtf.data.sources.drawn import DrawnImage, color_of, drawn_source, label_of, outline
from segtf.data.sources.find_file import FileFinder
from segtf.data.sources.json_files import head_of, stated_size
from segtf.data.sources.notices import Notices
from segtf.data.sources.registry import register_source
from segtf.text_files import read_text

_SHAPES = ("polygon", "box", "ellipse", "mask")
_NO_AREA = ("polyline", "points", "cuboid", "skeleton", "tag")
_DEEPEST = 30
_SUBFOLDERS = ("", "images", "data")
_LABEL_PARTS = ("name", "color")


@register_source("cvat")
def cvat(folder, file=None, classes=None):
    """List the images of an export of CVAT ("CVAT for images 1.1").

    Polygons, boxes, ellipses and masks are read, each an object of its own. Those of higher
    ``z_order`` lie over others, and of equal ones the later ones in the file. Classes are those of
    the project, in its order and colours; what no shape covers is background. An image without
    shapes shows background alone. Images of subsets named train, val or test are official splits.

    Args:
        folder: holds the XML file, and the images beside it or in ``images/``.
        file: name of the XML file; by default ``annotations.xml``, or the only one of CVAT.
        classes: path of a list of class names in id order, in place of the project's.

    Raises:
        ValueError: if the file is missing or damaged, or is of CVAT for videos, or declares
            entities or document types, which those of CVAT do not.
    """
    path = _annotation_file(folder, file)
    document, notices = _Document(path), Notices()
    finder, images = FileFinder(folder), []
    for entry, shapes in document.images:
        name = entry.get("name", "")
        size = stated_size(_number(entry.get("width")), _number(entry.get("height")))
        if not name or size is None:
            notices.add("images left out (without name, width and height)", name or "one")
            continue
        objects = [
            (label, drawn)
            for _, label, drawn in sorted(
                (_object(tag, values, size, notices, name) for tag, values in shapes),
                key=lambda layer: layer[0],
            )
            if drawn
        ]
        subset = entry.get("subset", "")
        sample = f"{subset}/{name}" if subset and not name.startswith(f"{subset}/") else name
        image = _find(finder, subset, name) or folder / "images" / name
        images.append(DrawnImage(sample, image, path, size, objects))
    return drawn_source("cvat", folder, images, document.labels, notices, classes)


def is_cvat(path):
    """Whether a file begins like an export of CVAT, for images or videos."""
    head = head_of(path)
    return "<annotations>" in head and any(tag in head for tag in ("<image", "<track", "<meta>"))


def _annotation_file(folder, name):
    if name:
        found = [folder / str(name)] if (folder / str(name)).is_file() else []
    else:
        found = [folder / "annotations.xml"]
        if not found[0].is_file():
            found = [path for path in sorted(folder.glob("*.xml")) if is_cvat(path)]
    if len(found) != 1:
        raise ValueError(
            "Expected one XML file of CVAT for images 1.1: annotations.xml, or its name as the "
            f"option file. Received: {len(found)} in {folder}"
        )
    return found[0]


def _find(finder, subset, name):
    """The image of a name, in the folders that CVAT puts images into."""
    for place in _SUBFOLDERS:
        for part in ((subset,) if subset else ()) + ("",):
            found = finder.find("/".join(filter(None, (place, part, name))))
            if found:
                return found
    return None


class _Document:
    """The images of a file with their shapes, and the labels of its project.

    Attributes:
        images: a list of the attributes of an image, and the tag and attributes of its shapes.
        labels: label to colour or `None`, in order.
    """

    def __init__(self, path):
        self.images, self.labels = [], {}
        self._path, self._tags, self._text, self._label = path, [], [], {}
        parser = expat.ParserCreate("utf-8")  # whatever encoding the file declares
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = lambda text: self._text.append(text)
        # Entities, which may be of any size, are declared in a document type.
        parser.StartDoctypeDeclHandler = lambda *declaration: self._refuse("a document type")
        try:
            parser.Parse(read_text(path).encode("utf-8"), True)
        except expat.ExpatError as error:
            raise ValueError(
                f"Expected an XML file of CVAT. Received: {path}, damaged ({error})"
            ) from None

    def _start(self, tag, attributes):
        if not self._tags and tag != "annotations":
            self._refuse(f"<{tag[:40]}> as the outermost element")
        if len(self._tags) >= _DEEPEST:
            self._refuse("elements nested too deeply")
        if tag == "track":
            self._refuse("the tracks of a video: export it as CVAT for images 1.1")
        if tag == "image" and len(self._tags) == 1:
            self.images.append((attributes, []))
        elif self.images and self._tags[-1] == "image":
            self.images[-1][1].append((tag, attributes))
        self._tags.append(tag)
        self._text.clear()

    def _end(self, tag):
        self._tags.pop()
        if self._tags[-2:] == ["labels", "label"] and tag in _LABEL_PARTS:
            self._label[tag] = "".join(self._text)
        elif tag == "label" and self._tags[-1] == "labels":
            name = label_of(self._label.pop("name", ""))
            if name:
                self.labels.setdefault(name, color_of(self._label.pop("color", None)))
            self._label.clear()

    def _refuse(self, what):
        raise ValueError(f"Expected an XML file of CVAT for images. Received: {self._path}, {what}")


def _object(tag, values, size, notices, of):
    """Place in the order, label and shapes of an object; no shapes of what cannot be drawn."""
    label, nothing = label_of(values.get("label")), (0, None, ())
    if tag in _NO_AREA or tag not in _SHAPES:
        if tag in _NO_AREA:
            notices.add("objects left out (lines, points, cuboids and tags)", of)
        return nothing
    if label is None:
        notices.add("objects left out (without a label)", of)
        return nothing
    return _number(values.get("z_order")) or 0, label, _shapes(tag, values, size, notices, of)


def _shapes(tag, values, size, notices, of):
    turn = _number(values.get("rotation")) or 0
    if tag == "mask":
        return _runs(values, size, notices, of)
    if tag == "polygon":
        pairs = [pair.split(",") for pair in values.get("points", "").split(";")]
        points = [_number(text) for pair in pairs for text in pair]
        return outline(points, size, notices, of)
    names = ("cx", "cy", "rx", "ry") if tag == "ellipse" else ("xtl", "ytl", "xbr", "ybr")
    numbers = [_number(values.get(name)) for name in names]
    if None in numbers:
        notices.add("objects left out (without their numbers)", of)
        return ()
    draw = ellipse if tag == "ellipse" else rectangle
    return outline(draw(*numbers, turn), size, notices, of)


def _runs(values, size, notices, of):
    """A mask: run lengths along the rows of a box, those outside of the object first."""
    numbers = [_number(text) for text in values.get("rle", "").split(",")]
    box = [_number(values.get(name)) for name in ("left", "top", "width", "height")]
    if not all(isinstance(number, int) and number >= 0 for number in (*numbers, *box)):
        notices.add("objects left out (a mask whose run lengths are no numbers)", of)
        return ()
    try:
        require_inside(box, size)
    except OutlineError as error:
        notices.add(f"objects left out (one {error})", of)
        return ()
    if sum(numbers) != box[2] * box[3]:
        notices.add("objects left out (a mask of another size than its run lengths)", of)
        return ()
    return (Runs(tuple(numbers), tuple(box)),)


def _number(text):
    """A finite number written as text, whole where it is; `None` if it is none."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value
