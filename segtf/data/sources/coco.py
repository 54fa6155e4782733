"""COCO: everyday scenes with outlined objects of up to 80 categories.

Lin et al., "Microsoft COCO: common objects in context", ECCV 2014.
"""

from segtf.data.masks import CocoMask
from segtf.data.sample import Sample, Source
from segtf.data.sources.coco_file import CocoFile
from segtf.data.sources.registry import register_source
from segtf.labels import LabelMap, background_rank
from segtf.nearest import names_to_choose


@register_source("coco")
def coco(folder, categories=None, annotations=None, images=None):
    """List the images, each category a class; pixels of crowd regions count nowhere.

    Smaller objects lie over larger ones, and objects over crowd regions. Reading the masks
    needs pycocotools (``segtf[coco]``).

    What label tools write otherwise than COCO is taken where it is clear: ``iscrowd`` and
    ``area`` may be missing, an outline may be flat or a list of points, the size of an image is
    read from its file, categories of one name are one class. Annotations that cannot be drawn
    are left out, and the source's notices say how many and why. Categories are things, unless the
    file has ``isthing`` of 0 for one, as panoptic files do.

    Args:
        folder: holds the images and the annotation file.
        categories: names of the categories that become classes, as a list or separated by
            commas, class 1 first; all of the file by default. Pixels of others are background.
        annotations: path of the annotation file in the folder; by default
            ``annotations/instances.json`` or the only ``annotations/instances_*.json``.
        images: name of the folder of images; by default ``images``, or the one that the
            annotation file is named after (``instances_train2017.json``: ``train2017``).

    Raises:
        ValueError: if the annotation file is missing or is none, or a category is not in it.
    """
    path = _annotation_file(folder, annotations)
    file = CocoFile.read(path, folder / (images or _image_folder(folder, path)))
    class_ids, names = _classes(file.categories, categories)
    for category in sorted(name for name in file.categories.values() if _is_background(name)):
        file.notices.add("categories that are the background, as class 0", category)
    samples = tuple(
        Sample(image.id, image.path, CocoMask(path, image.size, objects))
        for image, objects in file.images_with_objects(class_ids)
    )
    things = (id_ for id_, name in enumerate(names, 1) if name not in file.stuff)
    labels = LabelMap(("background", *names), background=0, things=tuple(things))
    notices = tuple(file.notices.lines())
    return Source("coco", samples, labels, notices=notices, augment="photo")


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
    """COCO id to class id, and the names of the classes after the background.

    Categories of one name are one class, and those called background are class 0.
    """
    known = [name for name in dict.fromkeys(listed.values()) if not _is_background(name)]
    names = wanted.split(",") if isinstance(wanted, str) else wanted
    names = [str(name).strip() for name in names] if names else known
    names = [name for name in names if not _is_background(name)]
    unknown = [name for name in names if name not in known]
    if unknown:
        shown = names_to_choose(sorted(known), unknown[0])
        raise ValueError(f"Expected categories out of {shown}. Received: {unknown}")
    of_name = {name: class_id for class_id, name in enumerate(names, 1)}
    of_name |= {name: 0 for name in listed.values() if _is_background(name)}
    return {id_: of_name[name] for id_, name in listed.items() if name in of_name}, names


def _is_background(name):
    return background_rank(name) == 2
