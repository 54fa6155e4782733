"""Tables of pairs as spreadsheets and people write them."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from segtf.data import load_source

HEADING = "image,mask\n"


@pytest.fixture
def folder(tmp_path):
    for part in "xy":
        for name in ("a", "b", "c d", unicodedata.normalize("NFD", "blä")):
            (tmp_path / part).mkdir(exist_ok=True)
            Image.fromarray(np.eye(40, dtype=np.uint8)).save(tmp_path / part / f"{name}.png")
    return tmp_path


def read(folder, content):
    content = content if isinstance(content, bytes) else content.encode()
    (folder / "pairs.csv").write_bytes(content)
    return load_source("folder", folder, pairs="pairs.csv")


@pytest.mark.parametrize(
    "content",
    [
        "image;mask\r\nx/a.png;y/a.png\r\n",
        "\ufeffimage,mask\r\nx/a.png,y/a.png\r\n",
        "image\tmask\nx/a.png\ty/a.png\n".encode("utf-16"),
        "image|mask\nx/a.png|y/a.png",
        "sep=;\nimage;mask\nx/a.png;y/a.png\n",
        "image,mask\rx/a.png,y/a.png\r",
        "Image , Mask\n x/a.png , y/a.png \n",
        "# written by hand\n\nimage,mask\n\nx/a.png,y/a.png\n,\n",
        "#mask,image\ny/a.png,x/a.png\n",
        "image_path,mask_path\nx/a.png,y/a.png\n",
        "x/a.png,y/a.png\n",
        "x/a.png y/a.png\n",
        '"image","mask"\n"x/a.png","y/a.png"\n',
        HEADING + "x\\a.png,y\\a.png\n",
        HEADING + "X/A.PNG,Y/A.PNG\n",
        HEADING + "C:\\data\\x\\a.png,C:\\data\\y\\a.png\n",
        HEADING + "/home/me/x/a.png,/home/me/y/a.png\n",
    ],
)
def test_any_table_of_one_pair(folder, content):
    source = read(folder, content)
    (sample,) = source.samples
    assert (sample.id, sample.image, sample.mask) == (
        "x/a",
        folder / "x" / "a.png",
        folder / "y" / "a.png",
    )
    assert bool(source.notices) == (b"me/" in _bytes(content) or b"C:" in _bytes(content))


def _bytes(content):
    return content if isinstance(content, bytes) else content.encode()


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_names_with_umlauts(folder, encoding):
    source = read(folder, (HEADING + "x/blä.png,y/blä.png\n").encode(encoding))
    assert source.samples[0].id == "x/blä"
    assert source.samples[0].image.is_file()


def test_absolute_paths_of_here_stay_as_they_are(folder):
    source = read(folder, f"{HEADING}{folder}/x/a.png,{folder}/y/a.png\n")
    assert source.samples[0].image == folder / "x" / "a.png"
    assert not source.notices


def test_splits_have_one_name_and_lines_without_one_are_counted(folder):
    lines = "x/a.png,y/a.png,Training\nx/b.png,y/b.png, VALID \nx/c d.png,y/c d.png,\n"
    source = read(folder, "image,mask,split\n" + lines)
    assert source.splits == {"train": ("x/a",), "val": ("x/b",)}
    assert source.notices == ("1 lines of pairs.csv are in no split",)


def test_files_that_are_not_there_are_named_by_line(folder):
    source = read(folder, HEADING + "x/a.png,y/a.png\nx/none.png,y/b.png\nx/b.png,y/none.png\n")
    assert [sample.id for sample in source.samples] == ["x/a"]
    assert {f"{path.parent.name}/{path.name}": why for path, why in source.strays.items()} == {
        "x/none.png": "is in line 3 of pairs.csv and not there",
        "y/none.png": "is in line 4 of pairs.csv and not there",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADING + "x/a.png,\n", "line 2"),
        (HEADING + "x/a.png,y/a.png\nx/a.png,y/b.png\n", "lines 2 and 3"),
        (HEADING + "x/a.png,y/a.png,z,z\n", "line 2, with 4"),
        (HEADING + '"x/a.png,y/a.png\nx/b.png,y/b.png\n', r"line 2 .unexpected end"),
        (HEADING + "x/a.png," + "y" * 200_000 + "\n", r"pairs\.csv, line 2 .field larger"),
        (HEADING + "x/a.png," + "y" * 2_000 + "\n", "line 2: x/a.png"),
        ("image,mask,mask\nx/a.png,y/a.png,y/b.png\n", "headings differ"),
        ("photo,truth\nx/a.png,y/a.png\n", "columns image and mask"),
        (HEADING, "empty"),
        ("", "empty"),
        (b"image,mask\nx/a\0.png,y/a.png\n", "zero bytes"),
        (HEADING + "x/none.png,y/none.png\n", "line 2: x/none.png"),
    ],
)
def test_what_is_not_understood_is_named_in_a_line(folder, content, message):
    with pytest.raises(ValueError, match=message) as caught:
        read(folder, content)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700
