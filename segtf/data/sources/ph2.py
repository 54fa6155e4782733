"""PH2: dermoscopic images of melanocytic lesions, with lesion masks and diagnoses.

Mendonca et al., "PH2 - A dermoscopic image database for research and benchmarking", EMBC 2013.
"""

from segtf.data.sample import Sample, Source
from segtf.data.sources.ph2_tables import DIAGNOSES, read_diagnoses
from segtf.data.sources.picture_files import image_files
from segtf.data.sources.registry import register_source
from segtf.labels import LabelMap

_LESION_LABELS = LabelMap(("skin", "lesion"), ((0, 0, 0), (240, 90, 40)), things=(1,))
_DIAGNOSIS_LABELS = LabelMap(
    ("skin", *DIAGNOSES),
    ((0, 0, 0), (70, 170, 70), (240, 180, 40), (210, 50, 60)),
    background=0,
    things=(1, 2, 3),
)


@register_source("ph2")
def ph2(folder):
    """List PH2 for lesion against skin; the diagnosis is each sample's stratum.

    Args:
        folder: the official tree: ``PH2Dataset``, or the folder that holds it. The table may be
            ``PH2_dataset.txt``, ``.xlsx`` or ``.csv``, or a plain ``PH2_diagnosis.csv``.
    """
    cases, strays = _cases(folder)
    samples = [
        Sample(name, image, mask, stratum=diagnosis, mask_values={0: 0, 1: 1, 255: 1})
        for name, image, mask, diagnosis in cases
    ]
    return Source("ph2", tuple(samples), _LESION_LABELS, strays=strays, augment="medical")


@register_source("ph2-diagnosis")
def ph2_diagnosis(folder):
    """List PH2 for four classes: skin, and the lesion by its diagnosis.

    Args:
        folder: the official tree, as for `ph2`.
    """
    cases, strays = _cases(folder)
    samples = []
    for name, image, mask, diagnosis in cases:
        if diagnosis is None:
            raise ValueError(f"Expected a diagnosis in the table of PH2. Received: none for {name}")
        class_id = 1 + DIAGNOSES.index(diagnosis)
        values = {0: 0, 1: class_id, 255: class_id}
        samples.append(Sample(name, image, mask, stratum=diagnosis, mask_values=values))
    return Source(
        "ph2-diagnosis", tuple(samples), _DIAGNOSIS_LABELS, strays=strays, augment="medical"
    )


def _cases(folder):
    """Name, image, mask and diagnosis of each case, and the folders that are none."""
    root = folder / "PH2Dataset" if (folder / "PH2Dataset").is_dir() else folder
    images = root / "PH2 Dataset images"
    if not images.is_dir():
        raise ValueError(
            f"Expected the PH2 tree with a folder 'PH2 Dataset images'. Received: {folder}"
        )
    diagnoses = read_diagnoses(root)
    cases, strays = [], {}
    for case in sorted(path for path in images.iterdir() if path.is_dir()):
        photos = _pictures(case / f"{case.name}_Dermoscopic_Image")
        masks = _pictures(case / f"{case.name}_lesion")
        if len(photos) == len(masks) == 1:
            cases.append((case.name, photos[0], masks[0], diagnoses.get(case.name)))
        else:
            strays[case] = f"holds {len(photos)} images and {len(masks)} lesion masks"
    return cases, strays


def _pictures(folder):
    return image_files(folder) if folder.is_dir() else []
