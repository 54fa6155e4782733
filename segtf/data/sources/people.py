"""People in photos and videos: person against background."""

from segtf.data.sample import Sample, Source
from segtf.data.sources.pairing import pair_folders
from segtf.data.sources.picture_files import subfolder
from segtf.data.sources.registry import register_source
from segtf.labels import LabelMap

_LABELS = LabelMap(("background", "person"), ((0, 0, 0), (230, 80, 80)), things=(1,))
_VALUES = {0: 0, 1: 1, 255: 1}


@register_source("human")
def human(folder):
    """List photos of people, each of its own.

    Args:
        folder: holds ``images/`` and ``masks/``, masks of 0 and 1 or of 0 and 255.
    """
    return _people("human", folder, group_of=lambda name: None)


@register_source("mads")
def mads(folder):
    """List the Segmentation Full Body MADS Dataset; the group is the video sequence.

    Frames are named ``HipHop_HipHop1_C0_00180.png``: action, take, camera, frame. The takes of
    one action show the same person at the same place, seen by several cameras, so that the
    action and take make the group.

    Zhang et al., "Martial arts, dancing and sports dataset: a challenging stereo and
    multi-view dataset for 3D human pose estimation", Image and Vision Computing 61, 2017.

    Args:
        folder: the tree as published: ``images/`` and ``masks/`` (or the folder that holds
            them), with the same file names in both.
    """
    inner = folder / "segmentation_full_body_mads_dataset_1192_img"
    return _people("mads", inner if inner.is_dir() else folder, group_of=_take)


def _people(name, folder, group_of):
    found = pair_folders(subfolder(folder, "images"), subfolder(folder, "masks"))
    samples = tuple(
        Sample(id_, image, mask, group=group_of(id_), mask_values=_VALUES)
        for id_, (image, mask) in found.pairs.items()
    )
    return Source(
        name, samples, _LABELS, strays=found.strays, notices=found.notices, augment="photo"
    )


def _take(name):
    """``HipHop_HipHop1_C0_00180`` is of the take ``HipHop_HipHop1``."""
    return name.rsplit("_", 2)[0]
