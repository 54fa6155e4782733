"""The Kotlin samples of export/mobile, compiled against stubs of Android and LiteRT, and run."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import segtf
from segtf.inference.predictor import Predictor

MOBILE = Path(__file__).parents[2] / "export" / "mobile"
HARNESS = Path(__file__).parent / "kotlin"
RULES = ("stretch", "letterbox", "crop")

needs_compiler = pytest.mark.skipif(
    not (shutil.which("kotlinc") and shutil.which("java")),
    reason="needs kotlinc and java (Debian: apt install kotlin)",
)


class GivesIds:
    """What stands behind a full int8 file: class ids of a canvas."""

    def __init__(self, spec):
        self.spec = spec


@pytest.mark.parametrize("name", ["Preprocessing.kt", "ModelFile.kt"])
def test_what_is_not_about_android_needs_nothing_but_the_language(name):
    imports = re.findall(r"^import (\w+)", (MOBILE / name).read_text(), re.MULTILINE)
    assert set(imports) <= {"kotlin", "java"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The vectors, with canvas and class ids also as raw bytes, once Kotlin has been there."""
    root = tmp_path_factory.mktemp("vectors")
    for rule in RULES:
        folder = shutil.copytree(MOBILE / "vectors" / rule, root / rule)
        spec = json.loads((folder / "vector.json").read_text())
        (folder / "orientation").write_text(str(spec["orientation"]))
        (folder / "canvas.raw").write_bytes(Image.open(folder / "canvas.png").tobytes())
        (folder / "ids.raw").write_bytes(canvas_ids(folder).tobytes())
    sources = [*MOBILE.glob("*.kt"), *HARNESS.rglob("*.kt")]
    program = root / "vectors.jar"
    subprocess.run(["kotlinc", "-include-runtime", "-d", program, *sources], check=True)
    run = ["java", "-cp", program, "VectorsKt", *(root / rule for rule in RULES)]
    said = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert "letterbox on CPU: road, tree, car" in said  # the stubs refuse a GPU
    return root


def canvas_ids(folder):
    spec = json.loads((folder / "vector.json").read_text())
    logits = np.fromfile(folder / "logits.f32", "<f4").reshape(spec["logits"])
    binary = logits.shape[-1] == 1
    ids = logits[..., 0] >= spec["least_logit"] if binary else logits.argmax(-1)
    return ids.astype(np.uint8)


@pytest.mark.slow  # kotlinc takes half a minute
@needs_compiler
@pytest.mark.parametrize("rule", RULES)
def test_kotlin_makes_canvas_and_masks_of_the_vectors(folders, rule):
    folder = folders / rule
    canvas, mask = (np.asarray(Image.open(folder / f"{name}.png")) for name in ("canvas", "mask"))
    made = np.fromfile(folder / "canvas.kotlin", np.uint8).reshape(canvas.shape)
    assert np.abs(made.astype(int) - canvas).max() <= 1
    assert np.mean(made == canvas) > 0.999
    decided = np.fromfile(folder / "mask.kotlin", np.uint8).reshape(mask.shape)
    assert np.mean(decided == mask) > 0.999
    spec = segtf.load(folder / "model.tflite").spec
    outputs = {"class_ids": canvas_ids(folder)}
    expected = Predictor(GivesIds(spec)).prediction(outputs, mask.shape).mask
    from_ids = np.fromfile(folder / "ids-mask.kotlin", np.uint8).reshape(mask.shape)
    assert np.mean(from_ids == expected) > 0.99  # ties of 0 and 1 may fall to either side
