"""Augmentation that fits the data."""

import pytest

from segtf.data import AUGMENTATIONS, LabelMap, Source, fit_augmentation, load_source
from segtf.data.augment import choose_augmentation
from segtf.training.config import TrainConfig


def source_of(*names, **parts):
    return Source("mine", (), LabelMap(names), **parts)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("background", "person"), "photo"),
        (("background", "Traffic light", "Road"), "street"),
        (("background", "car"), "photo"),
        (("skin", "lesion"), "medical"),
        (("background", "foreground"), "photo"),
    ],
)
def test_the_names_of_the_classes_tell(names, expected):
    name, why = choose_augmentation(source_of(*names))
    assert name == expected
    assert why.startswith("since ")


def test_what_may_stand_on_its_head_is_known_of_the_presets():
    for name in ("photo", "street", "light"):
        assert not (AUGMENTATIONS[name].flip_vertical or AUGMENTATIONS[name].quarter_turns)


def test_the_source_itself_comes_first_and_what_is_given_before_all():
    source = source_of("background", "dog", augment="medical", origin={"folder": "a b"})
    config, line = fit_augmentation(TrainConfig(), source)
    assert config.augment == "medical"
    assert "medical (turned any way up), as fits mine; `segtf data show 'a b'" in line
    config, line = fit_augmentation(TrainConfig(augment="light"), source)
    assert config.augment == "light"
    assert "light (mirrored, never upside down), as given" in line


@pytest.mark.parametrize("name", ["human", "pets", "coco", "camvid", "ph2", "nuclei", "membrane"])
def test_sets_known_by_name_bring_theirs(name, real_data):
    if not (real_data / name).is_dir():
        pytest.skip("real data is not there")
    upright = {"human": "photo", "pets": "photo", "coco": "photo", "camvid": "street"}
    assert load_source(name, real_data / name).augment == upright.get(name, "medical")
