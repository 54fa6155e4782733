"""Published sets, from small trees of their layouts."""

import csv
import json

import numpy as np
import openpyxl
import pytest
from PIL import Image

from segtf.data import load_source, read_class_ids, source_names


def save(path, pixels=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((4, 6, 3), np.uint8) if pixels is None else np.asarray(pixels)
    Image.fromarray(pixels).save(path)


def ids_in(source, index=0):
    return read_class_ids(source.samples[index], source.labels).tolist()


HALF = np.uint8([[0, 0, 0, 1, 1, 1]] * 4)


@pytest.fixture
def ph2_tree(tmp_path):
    for name in ("IMD001", "IMD002", "IMD003"):
        case = tmp_path / "PH2Dataset" / "PH2 Dataset images" / name
        save(case / f"{name}_Dermoscopic_Image" / f"{name}.bmp")
        save(case / f"{name}_lesion" / f"{name}_lesion.bmp", HALF * 255)
    return tmp_path


DIAGNOSES = ["common nevus", "atypical nevus", "melanoma"]
SHEET = [
    ["PH2 Dataset", None, None, None, None],
    ["Image Name", "Histological Diagnosis", "Common Nevus", "Atypical\nNevus", "Melanoma"],
    ["IMD001", None, "X", None, None],
    ["IMD002", None, None, "X", None],
    ["IMD003", "Melanoma", None, None, "X"],
]


def text_table(root):
    lines = ["||   Name || Histological Diagnosis || Clinical Diagnosis ||"]
    lines += [f"|| IMD00{code + 1} ||      || {code} || 0 ||" for code in range(3)]
    (root / "PH2_dataset.txt").write_text("\n".join(lines))


def plain_table(root):
    lines = ["image_name,diagnosis_code,diagnosis"]
    lines += [f"IMD00{code + 1},{code},{name}" for code, name in enumerate(DIAGNOSES)]
    (root / "PH2_diagnosis.csv").write_text("\n".join(lines))


def exported_sheet(root):
    with (root / "PH2_dataset.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows(SHEET)


def workbook(root):
    book = openpyxl.Workbook()
    for row in SHEET:
        book.active.append(row)
    book.save(root / "PH2_dataset.xlsx")


@pytest.mark.parametrize("write", [text_table, plain_table, exported_sheet, workbook])
def test_ph2_reads_its_diagnoses_from_any_table(ph2_tree, write):
    write(ph2_tree / "PH2Dataset")
    source = load_source("ph2", ph2_tree)
    assert [sample.stratum for sample in source.samples] == DIAGNOSES
    assert ids_in(source) == HALF.tolist()
    by_diagnosis = load_source("ph2-diagnosis", ph2_tree / "PH2Dataset")
    assert ids_in(by_diagnosis, 2) == (HALF * 3).tolist()


def test_ph2_cases_without_files_are_strays(ph2_tree):
    next(ph2_tree.rglob("IMD002_lesion.bmp")).unlink()
    source = load_source("ph2", ph2_tree)
    assert [sample.id for sample in source.samples] == ["IMD001", "IMD003"]
    assert list(source.strays.values()) == ["holds 1 images and 0 lesion masks"]


def test_camvid_reads_the_lists_that_are_there(tmp_path):
    rows = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for split, frame in (("train", "0001TP_006690"), ("val", "0016E5_07959")):
        save(tmp_path / split / f"{frame}.png")
        save(tmp_path / f"{split}annot" / f"{frame}.png", rows)
        line = f"/SegNet/CamVid/{split}/{frame}.png /SegNet/CamVid/{split}annot/{frame}.png;\n"
        (tmp_path / f"{split}.txt").write_text(line)
    source = load_source("camvid", tmp_path)
    assert source.splits == {"train": ("0001TP_006690",), "val": ("0016E5_07959",)}
    assert [sample.group for sample in source.samples] == ["0001TP", "0016E5"]
    assert source.labels.num_classes == 11
    assert ids_in(source) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 255]]


@pytest.mark.parametrize(
    "line",
    [
        "\ufefftrain\\a_1.png\ttrainannot\\a_1.png\r\n".encode(),
        "train/a_1.png trainannot/a_1.png\r\n".encode("utf-16"),
        b"# frames\n\ntrain/a_1.png,trainannot/a_1.png\n",
        b"/data/Train/A_1.png /data/trainannot/a_1.png",
    ],
)
def test_camvid_reads_lists_of_any_encoding_and_system(tmp_path, line):
    save(tmp_path / "train" / "a_1.png")
    save(tmp_path / "trainannot" / "a_1.png", np.zeros((4, 6), np.uint8))
    (tmp_path / "Training.txt").write_bytes(line)
    source = load_source("camvid", tmp_path)
    assert [sample.image.is_file() for sample in source.samples] == [True]
    assert [sample.mask.is_file() for sample in source.samples] == [True]
    assert list(source.splits) == ["train"]


def test_a_line_of_camvid_that_is_no_pair_is_named(tmp_path):
    (tmp_path / "train.txt").write_text("train/a.png b.png\ntrain/my frame.png x/a.png\n")
    with pytest.raises(ValueError, match=r"train\.txt, line 2"):
        load_source("camvid", tmp_path)


def test_tables_of_published_sets_in_any_encoding(ph2_tree, tmp_path):
    text = "|| IMD001 || f\u00fcr || 1 ||\r\n|| IMD002 ||  || 7 ||\r\n"
    (ph2_tree / "PH2Dataset" / "PH2_dataset.txt").write_bytes(text.encode("cp1252"))
    with pytest.raises(ValueError, match=r"PH2_dataset\.txt, line 2: 7"):
        load_source("ph2", ph2_tree)
    save(tmp_path / "n" / "images" / "a.png")
    save(tmp_path / "n" / "labels" / "a.png", HALF)
    (tmp_path / "n" / "index.csv").write_bytes("Name;Kind\r\n a;fluo\r\n".encode("utf-16"))
    assert load_source("nuclei", tmp_path / "n").samples[0].stratum == "fluo"
    (tmp_path / "n" / "index.csv").write_text("name,size\na,3\n")
    with pytest.raises(ValueError, match="columns name, kind"):
        load_source("nuclei", tmp_path / "n")


def test_capital_folders_of_published_sets(tmp_path):
    for name, image, mask in (("human", "Images", "MASKS"), ("membrane", "Image", "Label")):
        save(tmp_path / name / image / "01.png", HALF)
        save(tmp_path / name / mask / "01.png", HALF * 255)
        assert ids_in(load_source(name, tmp_path / name)) == HALF.tolist()


def test_mads_groups_the_frames_of_a_sequence(tmp_path):
    names = [
        "HipHop_HipHop1_C0_00180",
        "HipHop_HipHop1_C1_00225",
        "HipHop_HipHop2_C0_00180",
        "Sports_Badminton_C2_00030",
        "Taichi_Taichi_S1_C0_00045",
    ]
    tree = tmp_path / "segmentation_full_body_mads_dataset_1192_img"
    for name in names:
        save(tree / "images" / f"{name}.png")
        save(tree / "masks" / f"{name}.png", HALF * 255)
    for folder in (tmp_path, tree):
        source = load_source("mads", folder)
        assert [sample.id for sample in source.samples] == names
        groups = [sample.group for sample in source.samples]
        assert groups[0] == groups[1] == "HipHop_HipHop1"
        assert len(set(groups)) == 4
        assert source.labels.names == ("background", "person")
        assert ids_in(source) == HALF.tolist()


def test_human_and_membrane_are_binary(tmp_path):
    for name, image, mask in (("human", "images", "masks"), ("membrane", "image", "label")):
        save(tmp_path / name / image / "01.png", HALF)
        save(tmp_path / name / mask / "01.png", HALF * 255)
        source = load_source(name, tmp_path / name)
        assert ids_in(source) == HALF.tolist()
        assert source.channels == (1 if name == "membrane" else 3)


def test_nuclei_as_numbers_and_as_published(tmp_path):
    save(tmp_path / "numbered" / "images" / "a.png")
    save(tmp_path / "numbered" / "labels" / "a.png", HALF.astype(np.uint16) * 300)
    (tmp_path / "numbered" / "index.csv").write_text("name,kind\na,fluo\n")
    case = tmp_path / "published" / "a"
    save(case / "images" / "a.png")
    save(case / "masks" / "1.png", HALF * 255)
    save(case / "masks" / "2.png", HALF[:, ::-1] * 255)
    numbered = load_source("nuclei", tmp_path / "numbered")
    assert ids_in(numbered) == HALF.tolist()
    assert numbered.samples[0].stratum == "fluo"
    assert ids_in(load_source("nuclei", tmp_path / "published")) == [[1] * 6] * 4


def test_pets_borders_count_nowhere(tmp_path):
    save(tmp_path / "images" / "great_pyrenees_12.jpg")
    trimaps = tmp_path / "annotations" / "trimaps"
    save(trimaps / "great_pyrenees_12.png", np.uint8([[1, 1, 3, 2, 2, 2]] * 4))
    (trimaps / "._great_pyrenees_12.png").write_bytes(b"left by an archiver")
    (tmp_path / "annotations" / "trainval.txt").write_text("great_pyrenees_12 1 2 1\n")
    source = load_source("pets", tmp_path)
    assert ids_in(source)[0] == [1, 1, 255, 0, 0, 0]
    assert source.samples[0].stratum == "great_pyrenees"
    assert source.splits == {"train": ("great_pyrenees_12",)}


@pytest.fixture
def coco_tree(tmp_path):
    def square(left, size):
        right = left + size
        return [[left, 0, right, 0, right, size, left, size]]

    def annotation(category, segmentation, area, crowd=0):
        return {
            "image_id": 1,
            "category_id": category,
            "segmentation": segmentation,
            "area": area,
            "iscrowd": crowd,
        }

    save(tmp_path / "images" / "1.jpg", np.zeros((4, 8, 3), np.uint8))
    content = {
        "images": [{"id": 1, "file_name": "1.jpg", "height": 4, "width": 8}],
        "categories": [{"id": 3, "name": "car"}, {"id": 90, "name": "toothbrush"}],
        "annotations": [
            annotation(90, square(0, 2), 4),
            annotation(3, square(0, 4), 16),
            annotation(3, {"size": [4, 8], "counts": [12, 20]}, 20, crowd=1),
        ],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances.json").write_text(json.dumps(content))
    return tmp_path


def test_coco_lays_small_objects_on_large_ones_and_ignores_crowds(coco_tree):
    ids = ids_in(load_source("coco", coco_tree))
    assert ids[0] == [2, 2, 1, 1, 255, 255, 255, 255]
    assert ids[3] == [1, 1, 1, 1, 255, 255, 255, 255]


def test_coco_categories_can_be_chosen(coco_tree):
    for categories in ("toothbrush", ["toothbrush"]):
        source = load_source("coco", coco_tree, categories=categories)
        assert source.labels.names == ("background", "toothbrush")
        assert ids_in(source)[0] == [1, 1, 0, 0, 0, 0, 0, 0]
    with pytest.raises(ValueError, match=r"Received: \['submarine'\]"):
        load_source("coco", coco_tree, categories="car,submarine")


def test_every_name_is_listed_and_unknown_ones_are_refused(tmp_path):
    assert {"camvid", "coco", "folder", "human", "mads", "tfds"} <= set(source_names())
    with pytest.raises(ValueError, match="Expected a data set out of"):
        load_source("moon", tmp_path)
