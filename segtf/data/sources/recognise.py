"""What a folder looks like: the layout of a known set, or of a tool that outlines objects."""

from typing import NamedTuple

from segtf.data.sources.cvat import is_cvat
from segtf.data.sources.label_studio import is_label_studio
from segtf.data.sources.labelme import is_labelme
from segtf.data.sources.nuclei import is_numbered, run_length_tables
from segtf.data.sources.picture_files import holds_pictures, image_files, visible_folders
from segtf.data.sources.split_names import split_name
from segtf.data.sources.supervisely import is_supervisely
from segtf.data.sources.yolo import has_labels

_LOOKED_AT = 3


class Likeness(NamedTuple):
    """Name of the source that reads a folder, and what the folder looks like."""

    name: str
    what: str

    def line(self):
        """Return a line that says so."""
        how = "a folder of images and masks" if self.name == "folder" else f"--data {self.name}"
        return f"looks like {self.what}: reading it as {how}"


def recognise(folder):
    """Return what a folder looks like, or `None` for one of images and masks of one's own.

    Published sets are recognised by folders and files that others do not have. Of the others, masks
    in a folder beside the images come before files of tools that outline objects.
    """
    return _published(folder) or _masks(folder) or _outlines(folder)


def _published(folder):
    folders = {path.name.casefold(): path for path in visible_folders(folder)}
    if "ph2 dataset images" in folders or _has(folders.get("ph2dataset"), "PH2 Dataset images"):
        return Likeness("ph2", "PH2")
    if (folder / "train.txt").is_file() and "trainannot" in folders:
        return Likeness("camvid", "CamVid")
    if "trimaps" in folders or _has(folders.get("annotations"), "trimaps"):
        return Likeness("pets", "Oxford-IIIT Pet")
    if "segmentation_full_body_mads_dataset_1192_img" in folders:
        return Likeness("mads", "Segmentation Full Body MADS")
    if run_length_tables(folder) or is_numbered(folder) or _is_nuclei_tree(folders.values()):
        return Likeness("nuclei", "the Data Science Bowl 2018")
    return None


def _masks(folder):
    """Layouts of masks that are read by name of folder; these are said as well."""
    folders = {path.name.casefold(): path for path in visible_folders(folder)}
    if "jpegimages" in folders and "segmentationclass" in folders:
        return Likeness("folder", "Pascal VOC")
    if "leftimg8bit" in folders and {"gtfine", "gtcoarse"} & set(folders):
        return Likeness("folder", "Cityscapes")
    return None


def _outlines(folder):
    if any((folder / "annotations").glob("instances*.json")):
        return Likeness("coco", "COCO")
    if is_supervisely(folder):
        return Likeness("supervisely", "a project of Supervisely")
    if any(map(is_cvat, _first(folder.glob("*.xml")))):
        return Likeness("cvat", "CVAT for images")
    if any(map(is_label_studio, _first(folder.glob("*.json")))):
        return Likeness("label-studio", "an export of Label Studio")
    if _has_masks(folder):
        return None
    if any(map(is_labelme, _first(folder.glob("*.json")))) or any(
        any(map(is_labelme, _first(path.glob("*.json")))) for path in visible_folders(folder)
    ):
        return Likeness("labelme", "LabelMe")
    if has_labels(folder):
        return Likeness("yolo", "YOLO segmentation")
    return None


def _has_masks(folder):
    """Whether pictures lie in a folder that is called like one of masks."""
    names = ("masks", "mask", "labels", "label", "annotations", "segmentations")
    places = [folder, *visible_folders(folder)]
    return any(
        path.name.casefold() in names and holds_pictures(path)
        for place in places
        for path in visible_folders(place)
    )


def _is_nuclei_tree(folders):
    """Whether folders are of one image each, with a picture of each object."""
    cases = [path for path in folders if not split_name(path.name)][:_LOOKED_AT]
    return bool(cases) and all(
        _has(path, "images")
        and _has(path, "masks")
        and len(image_files(path / "images")) == 1
        and len(image_files(path / "masks")) > 1
        for path in cases
    )


def _first(paths):
    return sorted(paths)[:_LOOKED_AT]


def _has(folder, name):
    return folder is not None and (folder / name).is_dir()
