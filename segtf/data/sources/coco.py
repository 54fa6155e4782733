"""COCO: everyday scenes with outlined objects of up to 80 categories.

Lin et al., "Microsoft COCO: common objects in context", ECCV 2014.
"""

import json
from collections import defaultdict

from segtf.data.masks import CocoMask
from segtf.data.sample import Sample, Source
from segtf.data.sources.registry import register_source
from segtf.labels import IGNORE_CLASS, LabelMap


@register_source("coco")
def coco(folder, categories=None, annotations=None, images=None):
    """List the images, each category a class; pixels of crowd regions count nowhere.

    Smaller objects lie over larger ones, and objects over crowd regions. Reading the masks
    needs pycocotools (``segtf[coco]``).

    Args:
        folder: holds the images and the annotation file.
        categories: names of the categories that become classes, as a list or separated by
            commas, class 1 first; all of the file by default. Pixels of others are background.
        annotations: path of the annotation file in the folder; by default
            ``annotations/instances.json`` or the only ``annotations/instances_*.json``.
        images: name of the folder of images; by default ``images``, or the one that the
            annotation file is named after (``instances_train2017.json``: ``train2017``).

    Raises:
        ValueError: if the annotation file is missing, or a category is not in it.
    """
    path = _annotation_file(folder, annotations)
    content = json.loads(path.read_text(encoding="utf-8"))
    class_ids, names = _classes(content["categories"], categories)
    image_folder = folder / (images or _image_folder(folder, path))
    objects = defaultdict(list)
    for annotation in content["annotations"]:
        if annotation["category_id"] in class_ids:
            objects[annotation["image_id"]].append(annotation)
    samples = tuple(
        Sample(
            image["file_name"].rsplit(".", 1)[0],
            image_folder / image["file_name"],
            CocoMask(
                path,
                (image["height"], image["width"]),
                _layers(objects[image["id"]], class_ids),
            ),
        )
        for image in sorted(content["images"], key=lambda image: image["file_name"])
    )
    return Source("coco", samples, LabelMap(("background", *names)))


def _annotation_file(folder, name):
    if name:
        found = [folder / name] if (folder / name).is_file() else []
    else:
        found = [folder / "annotations" / "instances.json"]
        if not found[0].is_file():
            found = sorted((folder / "annotations").glob("instances_*.json"))
    if len(found) != 1:
        raise ValueError(
            "Expected one annotation file: annotations/instances.json, or its path as the "
            f"option annotations. Received: {len(found)} in {folder}"
        )
    return found[0]


def _image_folder(folder, path):
    named = path.stem.removeprefix("instances_")
    return named if (folder / named).is_dir() else "images"


def _classes(listed, wanted):
    """COCO id to class id, and the names of the classes after the background."""
    ids = {category["name"]: category["id"] for category in listed}
    names = wanted.split(",") if isinstance(wanted, str) else wanted
    names = [name.strip() for name in names] if names else list(ids)
    unknown = [name for name in names if name not in ids]
    if unknown:
        raise ValueError(f"Expected categories out of {sorted(ids)}. Received: {unknown}")
    return {ids[name]: class_id for class_id, name in enumerate(names, 1)}, names


def _layers(objects, class_ids):
    """Crowd regions first, then objects from the largest to the smallest."""
    ordered = sorted(objects, key=lambda item: (-item["iscrowd"], -item["area"]))
    return tuple(
        (
            IGNORE_CLASS if item["iscrowd"] else class_ids[item["category_id"]],
            _frozen(item["segmentation"]),
        )
        for item in ordered
    )


def _frozen(segmentation):
    """Polygons as tuples; run lengths as a tuple, or as text where they are compressed."""
    if isinstance(segmentation, list):
        return tuple(tuple(polygon) for polygon in segmentation)
    counts = segmentation["counts"]
    return counts if isinstance(counts, str) else tuple(counts)
