"""A COCO annotation file, with everything that it may lack or hold twice."""

import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from segtf.data.coco_outlines import OutlineError, area, read_outline
from segtf.data.decode import ImageError, image_size
from segtf.data.sources.find_file import FileFinder
from segtf.data.sources.json_files import is_number, read_json
from segtf.data.sources.notices import Notices
from segtf.labels import IGNORE_CLASS

_UNKNOWN_SIZE = (0, 0)


@dataclass(frozen=True)
class CocoImage:
    """An image of the file.

    Args:
        id: name of the sample.
        path: the image file.
        size: height and width; 0, 0 if neither the annotation nor the image file tells.
    """

    id: str
    path: Path
    size: tuple[int, int]


@dataclass(frozen=True)
class CocoFile:
    """What an annotation file says, its entries checked.

    Args:
        path: the file.
        categories: id to name.
        stuff: names of the categories that the file says are stuff (``isthing`` of 0, as panoptic
            files have it); all others are things.
        images: key of each image to its `CocoImage`; several keys may share one.
        annotations: the entries of annotations, not yet checked.
        notices: what was left out or mended.
    """

    path: Path
    categories: dict
    stuff: frozenset
    images: dict
    annotations: list
    notices: Notices = field(default_factory=Notices)

    @classmethod
    def read(cls, path, image_folder):
        """Read an annotation file.

        Args:
            path: the file.
            image_folder: the folder that the names of images are relative to.

        Raises:
            ValueError: if it is no JSON, or lacks images, annotations or categories.
        """
        content = _read_object(path)
        notices = Notices()
        categories = _categories(content["categories"], path, notices)
        images = _images(content["images"], image_folder, notices)
        if not images:
            raise ValueError(f"Expected images with id and file_name. Received: none in {path}")
        stuff = _stuff(content["categories"], categories)
        return cls(path, categories, stuff, images, content["annotations"], notices)

    def images_with_objects(self, class_ids):
        """Return each `CocoImage` with its objects, for `segtf.data.masks.CocoMask`.

        Args:
            class_ids: key of a category to class id; objects of others are left out.
        """
        objects = defaultdict(list)
        for item in self.annotations:
            try:
                image, layer = self._object(item, class_ids)
            except OutlineError as error:
                self.notices.add(f"annotations left out ({error})", self._name(item))
                continue
            if layer is not None:
                objects[image].append(layer)
        # Crowd regions first, then objects from the largest to the smallest.
        for layers in objects.values():
            layers.sort(key=lambda layer: (-layer[0], -layer[1]))
        ordered = sorted(dict.fromkeys(self.images.values()), key=lambda image: str(image.path))
        return [
            (image, tuple((class_id, outline) for _, _, class_id, outline in objects[image]))
            for image in ordered
        ]

    def _object(self, item, class_ids):
        """The image of an annotation, and its layer (crowd, area, class id, outline)."""
        if not isinstance(item, dict):
            raise OutlineError("is no object")
        image = self.images.get(_key(item.get("image_id")))
        if image is None:
            raise OutlineError("refers to an image that is not in the file")
        category = _key(item.get("category_id"))
        if category not in self.categories:
            raise OutlineError("refers to a category that is not in the file")
        if category not in class_ids:
            return image, None
        crowd = item.get("iscrowd") or 0
        if crowd not in (0, 1):
            raise OutlineError("has an iscrowd that is neither 0 nor 1")
        if image.size == _UNKNOWN_SIZE:
            # Nothing can be drawn; reading the mask says so.
            return image, None
        outline, dropped = read_outline(item.get("segmentation"), image.size)
        if dropped:
            reason = "annotations without some of their outlines (of fewer than three points)"
            self.notices.add(reason, self._name(item))
        covered = item.get("area")
        if not (is_number(covered) and covered >= 0):
            covered = area(outline)
        class_id = IGNORE_CLASS if crowd else class_ids[category]
        return image, (int(crowd), covered, class_id, outline)

    def _name(self, item):
        if not isinstance(item, dict):
            return f"{item!r:.40}"
        image = self.images.get(_key(item.get("image_id")))
        of = f" of {image.path.name}" if image else f" of image {item.get('image_id')!r:.40}"
        return f"annotation {item.get('id')!r:.40}{of}"


def _read_object(path):
    content = read_json(path, "a COCO annotation file")
    if not isinstance(content, dict):
        raise ValueError(
            "Expected an annotation file of an object with images, annotations and categories. "
            f"Received: {path}, of a {type(content).__name__}"
        )
    for part in ("images", "annotations", "categories"):
        if not isinstance(content.get(part), list):
            received = type(content[part]).__name__ if part in content else "none"
            raise ValueError(
                f"Expected an annotation file with a list of {part}. Received: {received} in {path}"
            )
    return content


def _stuff(entries, categories):
    """Names of the categories that are not counted object by object."""
    stuff = (_key(entry.get("id")) for entry in entries if entry.get("isthing") in (0, False))
    return frozenset(categories[id_] for id_ in stuff)


def _categories(entries, path, notices):
    """Id to name."""
    categories, ids = {}, {}
    for entry in entries:
        id_, name = (entry.get("id"), entry.get("name")) if isinstance(entry, dict) else (None, "")
        id_, name = _key(id_), " ".join(str(name).split()) if _is_name(name) else ""
        if id_ is None or not name:
            raise ValueError(
                f"Expected categories with an id and a name. Received: {entry!r:.80} in {path}"
            )
        if categories.get(id_, name) != name:
            raise ValueError(
                f"Expected categories of different ids. Received: {categories[id_]} and {name} of "
                f"id {id_} in {path}"
            )
        if ids.setdefault(name, id_) != id_:
            notices.add("categories joined with another of their name", name)
        categories[id_] = name
    if not categories:
        raise ValueError(f"Expected categories. Received: none in {path}")
    return categories


def _images(entries, folder, notices):
    """Key to `CocoImage`; entries of one file share it."""
    files, ambiguous = {}, set()
    for entry in entries:
        key = _key(entry.get("id")) if isinstance(entry, dict) else None
        name = entry.get("file_name") if isinstance(entry, dict) else None
        if key is None or not _is_file_name(name):
            notices.add("images left out (without id or file_name)", f"{entry!r:.80}")
        elif files.setdefault(key, entry)["file_name"] != name:
            ambiguous.add(key)
    for key in ambiguous:
        notices.add("ids left out with their images, of which there are several", repr(key))
        del files[key]
    names = Counter(_stem(name) for name in {entry["file_name"] for entry in files.values()})
    images, by_name, finder = {}, {}, FileFinder(folder)
    for key, entry in files.items():
        name = entry["file_name"]
        if name in by_name:
            notices.add("images listed again under another id, whose objects are joined", name)
        else:
            path = finder.find(name) or folder / name
            id_ = _stem(name) if names[_stem(name)] == 1 else name
            by_name[name] = CocoImage(id_, path, _size(entry, path, notices))
        images[key] = by_name[name]
    return images


def _size(entry, path, notices):
    """Height and width by the entry, or else by the image file."""
    size = (entry.get("height"), entry.get("width"))
    if all(is_number(side) and side > 0 and side == int(side) for side in size):
        return tuple(map(int, size))
    try:
        size = image_size(path)
    except ImageError:
        size = _UNKNOWN_SIZE
    else:
        notices.add("images without width and height, which their files tell", path.name)
    return size


def _key(value):
    """An id as it is compared: whole numbers as such, however they are written; `None` if it is
    none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdigit() and _is_short(text) else text or None
    return value if isinstance(value, int) else None


def _is_short(digits):
    """Whether a number keeps all its digits: 007 is a name."""
    return len(digits) < 20 and str(int(digits)) == digits


def _is_name(value):
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


def _is_file_name(value):
    """Whether a text can be the name of a file."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def _stem(name):
    return name.rsplit(".", 1)[0]
