"""Images of a data set that models are calibrated on and compared on."""

from dataclasses import replace

import numpy as np
from PIL import Image

from segtf.comparing.run_images import calibration_images, for_calibration
from segtf.data import load_source


def test_a_rare_class_is_among_the_calibration_images(tmp_path):
    """It is on the last image of the split alone, which an even choice leaves out."""
    for folder in ("images", "masks"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    for index in range(6):
        image = np.full((16, 16, 3), 40 * index, np.uint8)
        Image.fromarray(image).save(tmp_path / f"data/images/{index}.png")
        mask = np.arange(256, dtype=np.uint8).reshape(16, 16) % (3 if index == 5 else 2)
        Image.fromarray(mask).save(tmp_path / f"data/masks/{index}.png")
    (tmp_path / "data/classes.txt").write_text("road\ntree\ncar\n")
    source = load_source("folder", tmp_path / "data")
    images, classes = calibration_images(source, 2)
    assert [image.stem for image in images] == ["0", "3", "5"]
    assert classes == (0, 1, 2)


def test_int8_without_a_run_is_calibrated_on_one_part_of_a_set_and_compared_on_the_other(
    synthetic_folder,
):
    source = load_source("synthetic", synthetic_folder)
    ids = [sample.id for sample in source.samples]
    for splits, expected in (({}, ids[::2]), ({"train": ids[:3], "test": ids[3:]}, ids[:3])):
        chosen, rest = for_calibration(replace(source, splits=splits))
        assert [sample.id for sample in chosen.samples] == expected
        assert {sample.id for sample in rest.samples} == set(ids) - set(expected)
    chosen, rest = for_calibration(replace(source, samples=source.samples[:1]))
    assert chosen == rest
