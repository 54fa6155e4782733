"""ISBI 2012: cell membranes in slices of a fly's nerve cord, by electron microscopy.

Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
connectomics", Frontiers in Neuroanatomy 9, 2015.
"""

from segtf.data.sample import Sample, Source
from segtf.data.sources.pairing import pair_folders
from segtf.data.sources.picture_files import subfolder
from segtf.data.sources.registry import register_source
from segtf.labels import LabelMap

_LABELS = LabelMap(("membrane", "cell"), ((0, 0, 0), (240, 160, 60)), things=(1,))


@register_source("membrane")
def membrane(folder):
    """List the slices: cell interior (1) against membrane (0), grey images.

    Args:
        folder: holds ``image/`` and ``label/``, masks of 0 and 1 or of 0 and 255.
    """
    found = pair_folders(subfolder(folder, "image"), subfolder(folder, "label"))
    samples = tuple(
        Sample(name, image, mask, mask_values={0: 0, 1: 1, 255: 1})
        for name, (image, mask) in found.pairs.items()
    )
    return Source(
        "membrane",
        samples,
        _LABELS,
        channels=1,
        strays=found.strays,
        notices=found.notices,
        augment="medical",
    )
