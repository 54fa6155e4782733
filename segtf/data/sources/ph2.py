"""PH2: dermoscopic images of melanocytic lesions, with lesion masks and diagnoses.

Mendonca et al., "PH2 - A dermoscopic image database for research and benchmarking", EMBC 2013.
"""

import csv

from segtf.data.sample import Sample, Source
from segtf.data.sources.registry import register_source
from segtf.labels import LabelMap

DIAGNOSES = ("common nevus", "atypical nevus", "melanoma")

_LESION_LABELS = LabelMap(("skin", "lesion"), ((0, 0, 0), (240, 90, 40)))
_DIAGNOSIS_LABELS = LabelMap(
    ("skin", *DIAGNOSES), ((0, 0, 0), (70, 170, 70), (240, 180, 40), (210, 50, 60))
)


@register_source("ph2")
def ph2(folder):
    """List PH2 for lesion against skin; the diagnosis is each sample's stratum.

    Args:
        folder: the official tree: ``PH2Dataset``, or the folder that holds it.
    """
    samples = [
        Sample(name, image, mask, stratum=diagnosis, mask_values={0: 0, 1: 1, 255: 1})
        for name, image, mask, diagnosis in _cases(folder)
    ]
    return Source("ph2", tuple(samples), _LESION_LABELS)


@register_source("ph2-diagnosis")
def ph2_diagnosis(folder):
    """List PH2 for four classes: skin, and the lesion by its diagnosis.

    Args:
        folder: the official tree: ``PH2Dataset``, or the folder that holds it.
    """
    samples = []
    for name, image, mask, diagnosis in _cases(folder):
        if diagnosis is None:
            raise ValueError(f"Expected a diagnosis in the table of PH2. Received: none for {name}")
        class_id = 1 + DIAGNOSES.index(diagnosis)
        values = {0: 0, 1: class_id, 255: class_id}
        samples.append(Sample(name, image, mask, stratum=diagnosis, mask_values=values))
    return Source("ph2-diagnosis", tuple(samples), _DIAGNOSIS_LABELS)


def _cases(folder):
    """Yield name, image, mask and diagnosis of each case, in the order of their names."""
    root = folder / "PH2Dataset" if (folder / "PH2Dataset").is_dir() else folder
    images = root / "PH2 Dataset images"
    if not images.is_dir():
        raise ValueError(
            f"Expected the PH2 tree with a folder 'PH2 Dataset images'. Received: {folder}"
        )
    diagnoses = _diagnoses(root)
    for case in sorted(path for path in images.iterdir() if path.is_dir()):
        image = _only_file(case / f"{case.name}_Dermoscopic_Image")
        mask = _only_file(case / f"{case.name}_lesion")
        yield case.name, image, mask, diagnoses.get(case.name)


def _only_file(folder):
    files = sorted(folder.glob("[!.]*")) if folder.is_dir() else []
    if len(files) != 1:
        raise ValueError(f"Expected one file in {folder}. Received: {len(files)}")
    return files[0]


def _diagnoses(root):
    """Case name to diagnosis, from whichever table is there."""
    if (root / "PH2_dataset.txt").is_file():
        return dict(_rows_of_text(root / "PH2_dataset.txt"))
    if (root / "PH2_diagnosis.csv").is_file():
        return dict(_rows_of_csv(root / "PH2_diagnosis.csv"))
    return {}


def _rows_of_text(path):
    """Rows look like ``|| IMD003 || histology || 0 || ...``; the third cell is the diagnosis."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("||")]
        if len(cells) > 2 and cells[0].startswith("IMD") and cells[2].isdigit():
            yield cells[0], DIAGNOSES[int(cells[2])]


def _rows_of_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield row["image_name"], DIAGNOSES[int(row["diagnosis_code"])]
