"""Folders as people and tools leave them: what is read, and what is said of the rest."""

import os
import unicodedata

import numpy as np
import pytest
from PIL import Image

from segtf.data import load_source, official_split, read_class_ids
from segtf.data.check import check_source, report_text

MASK = np.zeros((40, 40), np.uint8)
MASK[10:20, 10:20] = 1
NFC, NFD = (unicodedata.normalize(form, "bläschen") for form in ("NFC", "NFD"))


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def tree(tmp_path):
    """A function that fills a folder: images, masks, and empty files or folders."""

    def fill(images, masks, others=()):
        for name in images:
            save(tmp_path / name, np.zeros((40, 40, 3), np.uint8))
        for name in masks:
            save(tmp_path / name, MASK)
        for name in others:
            path = tmp_path / name
            if name.endswith("/"):
                path.mkdir(parents=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("", encoding="utf-8")
        return tmp_path

    return fill


def assert_read(source, ids):
    """The ids are listed, with the masks as they were drawn, and nothing is a stray."""
    assert sorted(sample.id for sample in source.samples) == sorted(ids)
    assert not source.strays
    for sample in source.samples:
        assert (read_class_ids(sample, source.labels) == 1).sum() == 100


@pytest.mark.parametrize(
    ("images", "masks", "ids"),
    [
        (["Images/a.png"], ["Masks/a.png"], ["a"]),
        (["IMGS/a.JPG"], ["Ground Truth/a.PNG"], ["a"]),
        ([f"images/{NFC}.png"], [f"masks/{NFD}.png"], [NFC]),
        ([f"images/{NFD}.png"], [f"masks/{NFC}_mask.png"], [NFC]),
        (["images/IMG_1.JPG"], ["masks/img_1.png"], ["IMG_1"]),
        (["images/img_1.jpg", "images/img_2.jpg"], ["masks/mask_1.png", "masks/mask_2.png"],
         ["img_1", "img_2"]),
        (["images/a_image.png"], ["masks/a_mask.png"], ["a_image"]),
        (["images/a.jpg"], ["masks/a.jpg.png"], ["a"]),
        (["JPEGImages/a.jpg"], ["SegmentationClass/a.png"], ["a"]),
        (["images/cam1/a.png", "images/cam2/a.png"], ["masks/cam1/a.png", "masks/cam2/a.png"],
         ["cam1/a", "cam2/a"]),
        (["a.jpg", "b.jpg"], ["masks/a.png", "masks/b.png"], ["a", "b"]),
        (["images/a.png"], ["images/masks/a.png"], ["a"]),
        (["my data/images/a.png"], ["my data/masks/a.png"], ["a"]),
        (["benign/b (1).png", "none/c.png"], ["benign/b (1)_mask.png", "none/c_mask.png"],
         ["benign/b (1)", "none/c"]),
        (["1_sat.jpg"], ["1_mask.png"], ["1_sat"]),
        (["Training_Input/I_1.jpg"], ["Training_GroundTruth/I_1_segmentation.png"],
         ["Training_Input/I_1"]),
        (["fold1/images/a.png", "fold2/images/a.png"], ["fold1/masks/a.png", "fold2/masks/a.png"],
         ["fold1/a", "fold2/a"]),
    ],
)  # fmt: skip
def test_layouts_that_are_read(tree, images, masks, ids):
    source = load_source("folder", tree(images, masks))
    assert_read(source, ids)
    assert not source.notices
    assert not source.splits


@pytest.mark.parametrize(
    ("train", "val"),
    [
        (("images/train/{}.png", "masks/train/{}.png"), ("images/val/{}.png", "masks/val/{}.png")),
        (
            ("Images/Training/{}.png", "Labels/train/{}_mask.png"),
            ("Images/Validation/{}.png", "Labels/valid/{}_mask.png"),
        ),
        (("train/images/{}.png", "train/masks/{}.png"), ("dev/images/{}.png", "dev/masks/{}.png")),
        (
            ("train_images/{}.png", "train_masks/{}.png"),
            ("val_images/{}.png", "val_masks/{}.png"),
        ),
        (("train/{}.png", "trainannot/{}.png"), ("val/{}.png", "valannot/{}.png")),
        (("train/{}.png", "train/{}_mask.png"), ("valid/{}.png", "valid/{}_mask.png")),
        (
            ("leftImg8bit/train/b/{}_leftImg8bit.png", "gtFine/train/b/{}_gtFine_labelIds.png"),
            ("leftImg8bit/val/c/{}_leftImg8bit.png", "gtFine/val/c/{}_gtFine_labelIds.png"),
        ),
    ],
)  # fmt: skip
def test_folders_named_like_splits_are_official_splits(tree, train, val):
    pairs = [(parts[0].format(name), parts[1].format(name)) for parts in (train, val)
             for name in ("1_1", "1_2")]  # fmt: skip
    source = load_source("folder", tree(*zip(*pairs, strict=True)))
    assert len(source.samples) == 4
    assert_read(source, [sample.id for sample in source.samples])
    assert {name: len(ids) for name, ids in source.splits.items()} == {"train": 2, "val": 2}
    assert official_split(source) == {name: list(ids) for name, ids in source.splits.items()}


@pytest.mark.parametrize("nested", ["images", "masks"])
def test_only_images_or_only_masks_in_folders_of_splits(tree, nested):
    flat = {"images": "masks", "masks": "images"}[nested]
    names = {nested: [f"{nested}/train/a.png", f"{nested}/val/b.png"]}
    names[flat] = [f"{flat}/a.png", f"{flat}/b.png"]
    source = load_source("folder", tree(names["images"], names["masks"]))
    assert len(source.samples) == 2
    assert set(source.splits) == {"train", "val"}


@pytest.mark.parametrize(
    ("masks", "others", "notice"),
    [
        (["masks/old/a.png"], [], "masks/old is left out"),
        (["masks/_old/a.png"], [], "masks/_old is left out"),
        ([], ["masks/New folder/"], None),
        ([], ["masks/.ipynb_checkpoints/a.png"], None),
        ([], ["masks/lesion/"], None),
        ([], ["images/b.heic", "images/Thumbs.db"], "1 files in images"),
        ([], ["masks/a.json"], "1 files in masks"),
        (["labels/a.png"], [], "labels is left out"),
        (["Images/b.png"], [], "Images is left out"),
        (["images/thumbs/a.png"], [], "images/thumbs is left out"),
        ([], ["labels/a.txt"], None),
        ([], ["train.txt"], "train.txt are not read"),
    ],
)
def test_what_lies_beside_flat_masks_is_left_out_and_said(tree, masks, others, notice):
    folder = tree(["images/a.png"], ["masks/a.png", *masks], others)
    source = load_source("folder", folder)
    assert_read(source, ["a"])
    assert [line for line in source.notices if notice and notice in line] == list(source.notices)
    assert bool(source.notices) == bool(notice)
    assert all(line in report_text(check_source(source)) for line in source.notices)


def test_a_second_folder_of_masks_in_each_split_is_named(tree):
    images = [f"{split}/images/{split}.png" for split in ("train", "val")]
    kinds = ("masks", "labels")
    masks = [f"{split}/{kind}/{split}.png" for split in ("train", "val") for kind in kinds]
    source = load_source("folder", tree(images, masks))
    (notice,) = source.notices
    assert notice.startswith("train/labels, as in 2 folders, is left out")


def test_a_second_folder_of_masks_beside_flat_images_is_named(tree):
    source = load_source("folder", tree(["a.png"], ["masks/a.png", "labels/a.png"]))
    (notice,) = source.notices
    assert notice.startswith("labels is left out")


def test_a_table_of_colours_that_is_given_is_not_said_to_be_left_out(tree):
    folder = tree(["images/a.png"], ["masks/a.png"])
    (folder / "class_dict.csv").write_text("name,r,g,b\nskin,0,0,0\nhair,1,1,1\n")
    assert load_source("folder", folder).notices
    assert not load_source("folder", folder, colors="class_dict.csv").notices


def test_images_of_a_split_without_masks_are_left_out_and_said(tree):
    images = [f"images/{split}/{name}.png" for split in ("train", "val", "test") for name in "ab"]
    masks = [f"masks/{split}/{name}.png" for split in ("train", "val") for name in "ab"]
    source = load_source("folder", tree(images, masks))
    assert len(source.samples) == 4
    assert source.notices == ("images/test is left out: it holds images without masks (2)",)
    assert not source.strays


def test_one_image_without_a_mask_beside_others_is_a_stray(tree):
    source = load_source(
        "folder", tree(["images/train/a.png", "images/train/b.png"], ["masks/train/a.png"])
    )
    assert [path.name for path in source.strays] == ["b.png"]


def test_class_folders_are_read_beside_empty_ones_and_flat_pictures(tree):
    folder = tree(
        ["images/a.png"], ["masks/lesion/a.png", "masks/overview.png"], ["masks/New folder/"]
    )
    source = load_source("folder", folder)
    assert source.labels.names == ("background", "lesion")
    assert (read_class_ids(source.samples[0], source.labels) == 1).sum() == 100
    assert "1 pictures in masks are left out" in source.notices[0]


def test_files_of_cityscapes_that_are_no_masks(tree):
    kinds = ("labelIds.png", "instanceIds.png", "color.png", "labelTrainIds.png")
    masks = [f"gtFine/train/bonn/x_1_gtFine_{kind}" for kind in kinds]
    folder = tree(["leftImg8bit/train/bonn/x_1_leftImg8bit.png"], masks)
    source = load_source("folder", folder)
    assert source.samples[0].mask.name == "x_1_gtFine_labelIds.png"
    assert "3 files beside the masks" in source.notices[0]
    other = load_source("folder", folder, mask_ending="_labelTrainIds")
    assert other.samples[0].mask.name == "x_1_gtFine_labelTrainIds.png"
    numbered = load_source("folder", folder, divisor=1000)
    assert numbered.samples[0].mask.path.name == "x_1_gtFine_instanceIds.png"
    assert not read_class_ids(numbered.samples[0], numbered.labels).any()


def test_the_lists_of_voc_are_splits_and_its_other_images_no_strays(tree):
    folder = tree(
        [f"JPEGImages/{name}.jpg" for name in "abcd"],
        [f"SegmentationClass/{name}.png" for name in "abc"],
        ["Annotations/a.xml"],
    )
    for name, lines in (("train", "a\n"), ("val", "b\nc\nz\n"), ("trainval", "a\nb\nc\n")):
        path = folder / "ImageSets" / "Segmentation" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lines)
    source = load_source("folder", folder)
    assert source.splits == {"train": ("a",), "val": ("b", "c")}
    assert not source.strays
    assert [line.split(" (")[0] for line in source.notices] == [
        "ImageSets/Segmentation names images that have no mask",
        "1 images that have no mask and are in no list are left out",
    ]
    (folder / "ImageSets" / "Segmentation" / "val.txt").write_text("b\nc\nd\n")
    assert [path.name for path in load_source("folder", folder).strays] == ["d.jpg"]


def with_lists(folder, **lists):
    path = folder / "ImageSets" / "Segmentation"
    path.mkdir(parents=True)
    for name, lines in lists.items():
        (path / f"{name}.txt").write_text(lines)
    return folder


def test_what_is_in_no_list_of_voc_is_said(tree):
    images = [f"JPEGImages/{name}.jpg" for name in "abc"]
    folder = tree(images, [f"SegmentationClass/{name}.png" for name in "abc"])
    source = load_source("folder", with_lists(folder, train="a\na\n", val="b\n"))
    assert source.splits == {"train": ("a",), "val": ("b",)}
    assert source.notices == (
        "1 images with masks are in no list of ImageSets/Segmentation: c, ...",
    )


def test_lists_that_share_an_image_are_not_trained_on(tree):
    images = [f"JPEGImages/{name}.jpg" for name in "abc"]
    folder = tree(images, [f"SegmentationClass/{name}.png" for name in "abc"])
    source = load_source("folder", with_lists(folder, train="a\nb\n", val="b\nc\n"))
    with pytest.raises(ValueError, match="1 in both train and val, such as b"):
        official_split(source)


def test_an_export_of_cvat(tree):
    folder = tree(["JPEGImages/a.jpg"], [], ["ImageSets/Segmentation/default.txt"])
    colors = np.zeros((40, 40, 3), np.uint8)
    colors[MASK == 1] = (48, 112, 32)
    save(folder / "SegmentationClass" / "a.png", colors)
    table = "\ufeff# label:color_rgb:parts:actions\r\ncat:48,112,32::\r\nbackground:0,0,0::\r\n"
    (folder / "labelmap.txt").write_text(table)
    source = load_source("folder", folder)
    assert source.labels.names == ("background", "cat")
    assert source.notices == ("background is class 0, as the background of two classes",)
    assert_read(source, ["a"])


@pytest.mark.parametrize(
    ("images", "masks", "message"),
    [
        (["images/train/a.png", "images/val/a.png"], ["masks/a.png"], "no match among 2 images"),
        (["images/train/a.png"], ["masks/val/a.png"], "no match"),
        (["images/a.png"], ["masks/moon/b.png"], "no match"),
        (["a.png"], ["c_mask.png"], "no match among 1 images"),
        (["x/a.png"], ["y/a.png"], "which holds x, y"),
        ([], ["masks/a.png"], "Expected a folder of images"),
    ],
)
def test_what_cannot_be_matched_is_refused(tree, images, masks, message):
    with pytest.raises(ValueError, match=message):
        load_source("folder", tree(images, masks))


@pytest.mark.parametrize(
    "options",
    [
        {"images": "nowhere"},
        {"masks": "nowhere"},
        {"mask_ending": "_nowhere"},
        {"pairs": "nowhere.csv"},
        {"classes": "nowhere.txt"},
        {"colors": "nowhere.csv"},
        {"pairs": 3},
        {"colors": 3},
        {"mask_ending": 3},
        {"channels": -3},
        {"divisor": "3"},
        {"instances": "3"},
    ],
)
def test_options_that_name_nothing_are_refused_in_a_line(tree, options):
    with pytest.raises(ValueError, match=r"nowhere|3") as caught:
        load_source("folder", tree(["images/a.png"], ["masks/a.png"]), **options)
    assert "\n" not in str(caught.value)


def test_links_that_lead_in_a_circle_end(tree):
    folder = tree(["images/train/a.png"], ["masks/train/a.png"])
    (folder / "images" / "train" / "again").symlink_to(folder / "images")
    assert_read(load_source("folder", folder), ["train/a"])


def test_a_set_of_test_images_alone_is_not_trained_on(tree):
    names = [f"{{}}/test/{name}.png" for name in "abcdef"]
    source = load_source(
        "folder", tree([n.format("images") for n in names], [n.format("masks") for n in names])
    )
    with pytest.raises(ValueError, match="Received: the splits test"):
        official_split(source)


def test_names_that_are_no_utf_8_are_escaped(tree, capsys):
    from segtf.cli import main
    from segtf.data import fingerprint, load_split, save_split

    folder = tree([], [])
    for part, pixels in (("images", np.zeros((40, 40, 3), np.uint8)), ("masks", MASK)):
        for name in (b"bl\xe4", b"stray-of-" + part.encode() + b"\xe4"):
            save(folder / part / "x.png", pixels)
            (folder / part / "x.png").rename(folder / part / os.fsdecode(name + b".png"))
    source = load_source("folder", folder)
    ids = [sample.id for sample in source.samples]
    assert ids == ["bl\\udce4"]
    assert len(fingerprint(source)) == 71
    save_split(folder / "split.json", {"train": ids, "val": []})
    assert load_split(folder / "split.json")["train"] == ids
    with pytest.raises(SystemExit):
        main(["data", "check", str(folder), "--html", str(folder / "check.html")])
    shown = capsys.readouterr().out + (folder / "check.html").read_text(encoding="utf-8")
    assert shown.count("stray-of-images\\udce4.png") >= 2


def test_names_of_files_move_no_cursor_and_make_no_lines(tree, capsys):
    from segtf.cli import main

    folder = tree(["images/a.png", "images/x\x1b[2J\n\u202ey.png"], ["masks/a.png"])
    for command in (["data", "check"], ["data", "show", "--out", str(folder / "sheet.png")]):
        with pytest.raises(SystemExit):
            main([*command, str(folder)])
    output = capsys.readouterr()
    for shown in (output.out, output.err):
        assert r"x\x1b[2J" in shown and r"\u202ey.png" in shown
        assert not {"\x1b", "\u202e"} & set(shown)
    assert len(output.err.splitlines()) == 1


def test_a_pipe_is_called_no_regular_file(tree):
    folder = tree(["images/a.png"], ["masks/a.png"])
    for part in ("images", "masks"):
        os.mkfifo(folder / part / "b.png")
    assert "is no regular file" in report_text(check_source(load_source("folder", folder)))
