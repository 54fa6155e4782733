"""TensorFlow Datasets: real builders, made and prepared here without a network."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from segtf.data import check_source, load_source, read_class_ids
from segtf.data.decode import read_image

TRIMAP = np.repeat(np.uint8([[1, 1, 3, 2, 2, 2]]), 40, axis=0).repeat(8, axis=1)[..., None]


def image(index):
    return np.random.default_rng(index).integers(0, 256, (40, 48, 3), dtype=np.uint8)


class Trimaps(tfds.core.GeneratorBasedBuilder):
    """Laid out like `oxford_iiit_pet`, and given its name below."""

    VERSION = tfds.core.Version("4.0.0")

    def _info(self):
        mask = tfds.features.Image(shape=(None, None, 1), use_colormap=True)
        features = {
            "image": tfds.features.Image(),
            "label": tfds.features.ClassLabel(num_classes=2),
            "segmentation_mask": mask,
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(0, 3), "test": self._generate_examples(3, 5)}

    def _generate_examples(self, start, end):
        for index in range(start, end):
            yield index, {"image": image(index), "label": 0, "segmentation_mask": TRIMAP}


class LocalScenes(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "photo": tfds.features.Image(shape=(None, None, 3)),
            "labels_picture": tfds.features.LabeledImage(
                labels=["sky", "ground"], shape=(None, None, 1)
            ),
            "weather": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"validation": self._generate_examples()}

    def _generate_examples(self):
        for index in range(2):
            mask = np.where(TRIMAP == 3, 200, TRIMAP - 1).astype(np.uint8)
            yield index, {"photo": image(index), "labels_picture": mask, "weather": "fair"}


def test_a_builder_by_name_with_its_known_classes(tmp_path, monkeypatch):
    monkeypatch.setattr(Trimaps, "name", "oxford_iiit_pet")
    monkeypatch.setattr(tfds, "builder", lambda name, data_dir: Trimaps(data_dir=data_dir))
    source = load_source("tfds:oxford_iiit_pet", tmp_path)
    assert source.labels.names == ("background", "pet")
    assert {name: len(ids) for name, ids in source.splits.items()} == {"train": 3, "test": 2}
    ids = read_class_ids(source.samples[0], source.labels)
    assert ids[0, ::8].tolist() == [1, 1, 255, 0, 0, 0]
    pixels = sorted(read_image(sample.image).tobytes() for sample in source.samples)
    assert pixels == sorted(image(index).tobytes() for index in range(5))
    assert check_source(source).is_safe


def test_a_local_builder_with_features_of_other_names(tmp_path):
    source = load_source("tfds:local_scenes", tmp_path)
    assert source.labels.names == ("sky", "ground")
    assert list(source.splits) == ["val"]
    ids = read_class_ids(source.samples[0], source.labels)
    assert ids[0, ::8].tolist() == [0, 0, 255, 1, 1, 1]
    again = load_source(**source.origin)
    assert again.samples == source.samples


def test_classes_by_option_and_features_that_are_missing(tmp_path):
    source = load_source("tfds:local_scenes", tmp_path, classes="up,down,aside")
    assert source.labels.names == ("up", "down", "aside")
    with pytest.raises(ValueError, match="an image and a mask feature"):
        load_source("tfds:local_scenes", tmp_path, mask="depth")


def test_the_background_of_two_classes_is_class_0(tmp_path):
    plain = load_source("tfds:local_scenes", tmp_path)
    swapped = load_source("tfds:local_scenes", tmp_path, classes=["tree", "background"])
    assert swapped.labels.names == ("background", "tree")
    assert swapped.notices == ("background is class 0, as the background of two classes",)
    before, after = (read_class_ids(s.samples[0], s.labels)[0, ::8] for s in (plain, swapped))
    assert before.tolist() == [0, 0, 255, 1, 1, 1]
    assert after.tolist() == [1, 1, 255, 0, 0, 0]
    assert load_source(**swapped.origin).labels == swapped.labels
