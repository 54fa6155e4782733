"""Lists of classes as label tools and editors write them."""

import json

import pytest

from segtf.labels import LabelMap, background_first

THREE = ("background", "car", "person")


def read(folder, content, name="classes.txt"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return LabelMap.from_file(path)


@pytest.mark.parametrize(
    "content",
    [
        "background\r\ncar\r\nperson\r\n",
        "\ufeffbackground\ncar\nperson",
        "__ignore__\n_background_\ncar\nperson\n",
        "_background_\ncar\nperson\n__ignore__\n",
        "# my classes\n\nbackground\n// moving\ncar\n; people\nperson\n",
        "background  # nothing\ncar\nperson  # of any age\n",
        "\u200bback\u00adground\u200b\n\u00a0car\n\tperson\t\n",
        "background\ncar\nperson\n".encode("utf-16"),
        "0: background\n1: car\n2: person\n",
        "0 background\n1 car\n2 person\n255 ignore\n",
        "2,person\n0,background\n1,car\n",
        "background\t0\ncar\t1\nperson\t2\n",
        "id;name\n0;background\n1;car\n2;person\n",
        "Pixel Value, Class\n0, background\n1, car\n2, person\n",
        "category,trainId\nbackground,0\ncar,1\nperson,2\n",
        "Nr;Bezeichnung\n0;background\n1;car\n2;person\n",
        "my classes\n0 background\n1 car\n2 person\n",
        "id,name,kind\n0,background,none\n2,person,thing\n1,car,thing\n",
        "name,kind\nbackground,none\ncar,thing\nperson,thing\n",
        '"id","name"\n"0","background"\n"1","car"\n"2","person"\n',
        "0,background\n1,car\n2,person\n255,border\n",
        'name,rgb\nbackground,"(0, 0, 0)"\ncar,"[1 2 3]"\nperson,"4,5,6"\n',
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncar:1,2,3::\nperson:4,5,6::\n",
        '0 0 0 0 0 0 0 "background"\n1 255 0 0 1 1 1 "car"\n2 0 1 0 1 1 1 "person"\n',
        "id,name,r,g,b\n0,background,0,0,0\n1,car,1,2,3\n2,person,4,5,6\n",
        '["background", "car", "person"]',
        '{"background": 0, "car": 1, "person": 2}',
        json.dumps({"names": {"0": "background", "1": "car", "2": "person"}}),
        json.dumps([{"name": name, "color": "#000000"} for name in THREE]),
        '"background",\n"car",\n"person",\n',
        "- background\n- car\n- person\n",
    ],
)
def test_names_in_order(tmp_path, content):
    assert read(tmp_path, content).names == THREE


@pytest.mark.parametrize(
    "content",
    [
        "path: ../x\nnc: 3\nnames: ['background', \"car\", person]\n",
        "names:\n  0: background\n  1: car\n  2: person\nnc: 3\n",
        "names:\n- background\n- car # fast\n- person\n",
        "- background\n- car\n- person\n",
    ],
)
def test_yaml(tmp_path, content):
    assert read(tmp_path, content, "data.yaml").names == THREE


@pytest.mark.parametrize(
    "names",
    [
        ("2 wheeler", "4 wheeler"),
        ("0", "1", "2"),
        ("class 0", "class 1"),
        ("Ward #3", "Ward #4"),
        ("Sky", "Void"),
        ("car  of  two", "tree, tall"),
    ],
)
def test_names_that_look_odd_stay_names(tmp_path, names):
    assert read(tmp_path, "\n".join(names)).names == names


def test_colors_come_along(tmp_path):
    labels = read(tmp_path, "sky:0,0,255::\nroad:9,9,9::\n")
    assert labels.colors == ((0, 0, 255), (9, 9, 9))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("car\nroad\n\ncar \n", r"classes\.txt, line 4: 'car', as in line 1"),
        ("bl\u00e4\nx\nbla\u0308\n", "line 3"),
        ("0 background\n2 car\n", "so 1 next.*line 2"),
        ("1 car\n2 person\n", "so 0 next.*line 1"),
        ("0: background\n255: person\n", "line 2: 255 for 'person'"),
        ("_background_\n__ignore__\ncar\n", "line 2.*takes no id"),
        ("name\nbackground\ncar\n", "line 1.*heading"),
        ("background:0,0,0::\ncar\n", "line 1"),
        ("background,0,0,0\ncar,1,2,3\nroad,4,5\n", "line 3"),
        ("item {\n id: 1\n}\n", "line 1"),
        ('["background",\n"car"\n', "no JSON"),
        ('{"a": {"b": 1}}', "line 1: 'a'"),
        ("[" * 100_000, "no JSON"),
        (b"background\ncar\x81\n", "line 2"),
        (b"\x89PNG\0\0", "zero bytes"),
        ("", "classes.txt, which has none"),
        ("id,name\n0,background\n1,car,red\n", "line 3.*of 3 cells under 2 headings"),
        ("id,name,size\n0,background,3\n1,car,x\n2,person\n", "line 4.*of 2 cells"),
        ("name,trainid,size\nbackground,0,9\ncar,1,9\n", "line 1.*several columns of numbers"),
        (f"id,name\n0,{'x' * 200_000}\n", "line 2"),
        ("car\n", r"classes\.txt"),
        ("255 0 0 car\n", r"classes\.txt"),
    ],
)
def test_what_is_not_understood_is_named_by_line(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, content)


def test_yaml_of_another_form_is_refused(tmp_path):
    with pytest.raises(ValueError, match="line 2"):
        read(tmp_path, "names:\n  - id: 0\n    name: car\n", "data.yml")
    with pytest.raises(ValueError, match="has none"):
        read(tmp_path, "nc: 3\n", "data.yml")


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (("cat", "_background_"), ("_background_", "cat")),
        (("cat", "unlabeled"), ("unlabeled", "cat")),
        (("void", "BG"), ("BG", "void")),
        (("Katze", "Hintergrund"), ("Hintergrund", "Katze")),
        (("cat", "background class"), ("background class", "cat")),
        (("unlabeled", "cat"), ("unlabeled", "cat")),
        (("skin", "lesion"), ("skin", "lesion")),
        (("membrane", "cell"), ("membrane", "cell")),
        ((), ()),
    ],
)
def test_the_background_goes_first(names, ordered):
    assert background_first(names) == ordered


def test_a_class_that_is_called_background_is_it_before_one_that_is_black():
    assert LabelMap(("car", "road", "background")).background == 2
