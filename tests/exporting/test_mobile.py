"""The script of export/mobile: with nothing but its three packages, it says what segtf says."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from export_examples import LABELS, blocks, small_model
from PIL import Image

import segtf

MOBILE = Path(__file__).parents[2] / "export" / "mobile"

# What ai-edge-litert brings along itself may be imported, and nothing else beyond the three.
BLOCKED = """
import runpy, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("segtf", "tensorflow", "keras", "scipy", "matplotlib", "cv2",
                                  "click", "mediapipe", "onnxruntime", "absl", "h5py"):
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(blocks(50, 41)).save(folder / "a.png")
    Image.fromarray(blocks(61, 90, seed=1)).save(folder / "b.jpg", exif=exif)
    return [folder / "a.png", folder / "b.jpg"]


def segment(model, photos, out, *options):
    command = [sys.executable, "-c", BLOCKED, MOBILE / "segment.py", model, *photos, "--out", out]
    return subprocess.run(
        list(map(str, [*command, *options])), capture_output=True, text=True, check=False
    )


def agreement(model, photos, out):
    predict = segtf.load(model)
    same = [
        (np.asarray(Image.open(out / f"{photo.stem}.png")) == predict(photo).mask).ravel()
        for photo in photos
    ]
    return np.concatenate(same).mean()


@pytest.mark.parametrize("format", ["tflite", "tflite-int8"])
def test_masks_are_those_of_segtf(tflite_exports, photos, tmp_path, format):
    model = tflite_exports[format].path
    done = segment(model, photos, tmp_path, "--overlay")
    assert done.returncode == 0, done.stderr
    assert "a.png: skin " in done.stdout
    # Pillow and TensorFlow round a grey level differently here and there.
    assert agreement(model, photos, tmp_path) > 0.99
    with Image.open(tmp_path / "b-overlay.jpg") as picture:
        assert picture.size == (61, 90)


@pytest.mark.parametrize("resize", ["stretch", "crop"])
def test_other_resize_rules_and_several_classes(photos, tmp_path, resize):
    model = segtf.export(
        small_model(logits=3), tmp_path, "tflite", labels=LABELS[3], resize=resize, speed=False
    ).path
    done = segment(model, photos, tmp_path)
    assert done.returncode == 0, done.stderr
    assert agreement(model, photos, tmp_path) > 0.99


def test_a_mistake_is_one_line(tmp_path, photos):
    (tmp_path / "none.tflite").write_text("no model at all")
    done = segment(tmp_path / "none.tflite", photos, tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("segment.py: Expected a .tflite file. Received: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_in_an_environment_with_nothing_else(tflite_exports, photos, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    constraints = Path(__file__).parents[2] / "constraints.txt"
    install = [python, "-m", "pip", "install", "-q", "-c", constraints, "-r"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([*install, MOBILE / "requirements.txt"], check=True, env=environment)
    model = tflite_exports["tflite-int8"].path
    command = [python, MOBILE / "segment.py", model, *photos, "--out", tmp_path / "masks"]
    subprocess.run(command, check=True, env=environment)
    assert agreement(model, photos, tmp_path / "masks") > 0.99
