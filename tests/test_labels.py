import pytest

from segtf.labels import LabelMap, Skeleton


def test_a_map_survives_json():
    labels = LabelMap(("sky", "road", "tree"), ignore_class=None)
    assert LabelMap.from_dict(labels.to_dict()) == labels


def test_colours_differ():
    labels = LabelMap(tuple(f"class {index}" for index in range(20)))
    assert len(set(labels.colors)) == 20


def test_which_class_is_background():
    names, black = ("sky", "road", "tree"), ((0, 0, 0), (1, 1, 1), (2, 2, 2))
    assert LabelMap(names[:2], black[1:]).background == 0
    assert LabelMap(names, black).background is None
    assert LabelMap(names, background=2).background == 2
    assert LabelMap((*names, "bg", "void")).background == 3
    assert LabelMap((*names, "void")).background == 3
    assert LabelMap((*names, "void", "unlabelled")).background is None
    assert LabelMap(names[:2], background=None).background is None


def test_only_the_background_is_black_unless_colours_say_otherwise():
    assert LabelMap(("sky", "road", "background")).colors[2] == (0, 0, 0)
    assert (0, 0, 0) not in LabelMap(("sky", "road", "tree")).colors


def test_things_are_neither_stuff_nor_background():
    labels = LabelMap(("background", "sky", "car", "person"), things=(3, 2, 3))
    assert (labels.background, labels.stuff, labels.things) == (0, (1,), (2, 3))
    assert LabelMap.from_dict(labels.to_dict()) == labels
    assert (labels.foreground, LabelMap(("rest", "cell")).foreground) == (None, 1)


@pytest.mark.parametrize(
    ("names", "colors", "background"),
    [
        (["a", "b"], [[1, 1, 1], [0, 0, 0]], 0),
        (["a", "b", "c"], [[0, 0, 0], [1, 1, 1], [2, 2, 2]], 0),
        (["a", "b", "background"], [[0, 0, 0], [1, 1, 1], [2, 2, 2]], 2),
        (["a", "b", "c"], [[1, 1, 1], [0, 0, 0], [2, 2, 2]], None),
        (["a", "b", "c"], [], 0),
    ],
)
def test_maps_that_did_not_say_it_have_the_background_that_was_read_out_of_them(
    names, colors, background
):
    labels = LabelMap.from_dict({"names": names, "colors": colors, "ignore_class": 255})
    assert (labels.background, labels.things) == (background, ())


def test_names_come_from_a_file(tmp_path):
    path = tmp_path / "classes.txt"
    path.write_text("skin\nlesion\n\n", encoding="utf-8")
    assert LabelMap.from_file(path).names == ("skin", "lesion")


@pytest.mark.parametrize(
    "arguments",
    [
        {"names": ("only",)},
        {"names": ("a", "a")},
        {"names": ("a", "a ")},
        {"names": ("a", "")},
        {"names": ("a", " \n")},
        {"names": ("a", "b\nc")},
        {"names": ("a", "b\u2028c")},
        {"names": ("a", "b"), "colors": ((0, 0, 0),)},
        {"names": ("a", "b"), "ignore_class": 1},
        {"names": ("a", "b"), "ignore_class": 300},
        {"names": ("a", "b"), "background": 2},
        {"names": ("a", "b"), "background": "a"},
        {"names": ("a", "b"), "background": True},
        {"names": ("a", "b"), "things": (2,)},
        {"names": ("a", "b"), "things": ("b",)},
        {"names": ("a", "b"), "background": 1, "things": (1,)},
        {"names": tuple(f"{index}" for index in range(257))},
    ],
)
def test_what_cannot_be_is_refused(arguments):
    with pytest.raises(ValueError, match="Received: "):
        LabelMap(**arguments)


def test_names_that_were_written_before_are_read_on_one_line():
    before = {"names": ["a", "b\r\nc", "", "b c", "class_2"]}
    assert LabelMap.from_dict(before).names == ("a", "b c", "class_2", "b c 3", "class_2 4")
    assert LabelMap.from_dict({"names": [" sky", "road"]}).names == ("sky", "road")
    with pytest.raises(ValueError, match="differ"):
        LabelMap.from_dict({"names": ["a", "a"]})


@pytest.mark.parametrize(
    ("joints", "bones", "pairs", "message"),
    [
        ((), (), (), "joints that differ"),
        (("nose", "nose"), (), (), "joints that differ"),
        (("nose", "ear"), (("nose", "tail"),), (), r"out of nose, ear\. Received: .*tail"),
        (("nose", "ear"), (), (("ear", "ear"),), "two joints"),
        (("a", "b", "c"), (), (("a", "b"), ("b", "c")), "one pair at most"),
    ],
)
def test_skeletons_of_joints_that_are_not_clear_are_refused(joints, bones, pairs, message):
    with pytest.raises(ValueError, match=message):
        Skeleton(joints, bones, pairs)


def test_mirrored_joints_are_each_others():
    skeleton = Skeleton(("l", "nose", "r"), bones=(("l", "nose"),), pairs=(("r", "l"),))
    assert skeleton.mirrored == (2, 1, 0)
