"""The samples of export/mobile: with nothing but their own packages, they say what segtf says."""

import json
import os
import struct
import subprocess
import sys
import venv
import zlib
from pathlib import Path

import numpy as np
import pytest
from clients.picture import Spec
from export_examples import blocks
from PIL import Image

import segtf

MOBILE = Path(__file__).parents[2] / "export" / "mobile"
VECTORS = MOBILE / "vectors"
RULES = ("stretch", "letterbox", "crop")

# What ai-edge-litert brings along itself may be imported, and nothing else beyond the three.
# Pillow is one without AVIF, as some distributions have it.
BLOCKED = """
import runpy, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("segtf", "tensorflow", "keras", "scipy", "matplotlib", "cv2",
                                  "click", "mediapipe", "onnxruntime", "absl", "h5py"):
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
from PIL import Image
Image.init()
Image.OPEN.pop("AVIF", None)
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


@pytest.mark.parametrize("rule", RULES)
def test_vectors_are_what_segtf_makes_of_their_images(rule):
    folder = VECTORS / rule
    predict = segtf.load(folder / "model.tflite")
    canvas, mask = pixels(folder / "canvas.png"), pixels(folder / "mask.png")
    np.testing.assert_array_equal(np.squeeze(predict.canvas(folder / "image.png")), canvas)
    assert np.mean(predict(folder / "image.png").mask == mask) > 0.999
    assert predict.spec.resize == rule


@pytest.mark.parametrize("rule", RULES)
def test_vectors_are_what_the_page_says_written_with_pillow(rule):
    folder = VECTORS / rule
    spec = json.loads((folder / "vector.json").read_text())
    mode = "L" if spec["channels"] == 1 else "RGB"
    upright = Image.open(folder / "image.png")
    if spec["orientation"] == 6:
        upright = upright.transpose(Image.Transpose.ROTATE_270)
    source, target = boxes(rule, upright.size, spec["size"][::-1])
    canvas = Image.new(mode, spec["size"][::-1])
    part = upright.convert(mode).crop(source)
    size = target[2] - target[0], target[3] - target[1]
    canvas.paste(part.resize(size, Image.Resampling.BILINEAR), target[:2])
    difference = np.abs(np.asarray(canvas, int) - pixels(folder / "canvas.png"))
    assert difference.max() <= 1  # Pillow rounds after each axis
    if rule != "crop":  # which enlarges: what reads two pixels on each axis finds something else
        plain = part.transform(
            size,
            Image.Transform.AFFINE,
            (part.width / size[0], 0, 0, 0, part.height / size[1], 0),
            Image.Resampling.BILINEAR,
        )
        canvas.paste(plain, target[:2])
        assert np.abs(np.asarray(canvas, int) - pixels(folder / "canvas.png")).mean() > 10

    logits = np.fromfile(folder / "logits.f32", "<f4").reshape(spec["logits"])
    part_size = source[2] - source[0], source[3] - source[1]
    planes = [
        Image.fromarray(plane).crop(target).resize(part_size, Image.Resampling.BILINEAR)
        for plane in np.moveaxis(logits, -1, 0)
    ]
    binary = len(planes) == 1
    ids = planes[0] >= np.float32(spec["least_logit"]) if binary else np.argmax(planes, axis=0)
    mask = Image.new("L", upright.size, 255)
    mask.paste(Image.fromarray(ids.astype(np.uint8)), source[:2])
    assert np.mean(np.asarray(mask) == pixels(folder / "mask.png")) > 0.999


@pytest.mark.parametrize("rule", RULES)
def test_clients_of_the_check_make_the_vectors(rule):
    folder = VECTORS / rule
    spec = Spec.of_tflite(folder / "model.tflite")
    image = spec.read(folder / "image.png")
    wanted = np.atleast_3d(pixels(folder / "canvas.png"))
    assert np.abs(spec.canvas(image) - wanted).max() <= 1
    shape = json.loads((folder / "vector.json").read_text())["logits"]
    logits = np.fromfile(folder / "logits.f32", "<f4").reshape(shape)
    mask = spec.mask(logits, image.height, image.width)
    assert np.mean(mask == pixels(folder / "mask.png")) > 0.999


@pytest.mark.parametrize("rule", RULES)
def test_the_script_makes_the_masks_of_the_vectors(tmp_path, rule):
    folder = VECTORS / rule
    done = segment(folder / "model.tflite", [folder / "image.png"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert np.mean(pixels(tmp_path / "image.png") == pixels(folder / "mask.png")) > 0.999


def pixels(path):
    return np.asarray(Image.open(path)).astype(int)


def boxes(rule, image, canvas):
    """Corners of the used part of an image, and of where it lands; sizes are width and height."""

    def middle(outer, proportions):
        scale = min(o / p for o, p in zip(outer, proportions, strict=True))
        size = [min(o, int(p * scale + 0.5)) for o, p in zip(outer, proportions, strict=True)]
        left, top = ((o - s) // 2 for o, s in zip(outer, size, strict=True))
        return left, top, left + size[0], top + size[1]

    whole_image, whole_canvas = (0, 0, *image), (0, 0, *canvas)
    if rule == "letterbox":
        return whole_image, middle(canvas, image)
    return (middle(image, canvas), whole_canvas) if rule == "crop" else (whole_image, whole_canvas)


def test_what_cannot_be_read_is_one_line_and_the_others_go_on(tmp_path):
    good = VECTORS / "stretch" / "image.png"
    files = [tmp_path / name for name in ("deep.png", "bomb.png", "damaged.png", "absent.png")]
    Image.fromarray(np.full((9, 9), 40_000, np.uint16)).save(files[0])
    header = b"IHDR" + struct.pack(">II5B", 40_000, 40_000, 8, 2, 0, 0, 0)
    content = good.read_bytes()  # of which the first 33 bytes end with the header
    files[1].write_bytes(
        content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]
    )
    files[2].write_bytes(content[:2000])
    done = segment(VECTORS / "stretch" / "model.tflite", [*files, good], tmp_path / "masks")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if not line.startswith("INFO: ")]
    reasons = ("more than 8 bits in a channel", "40000 x 40000", "truncated", "is not there")
    for line, file, reason in zip(lines, files, reasons, strict=True):
        assert line.startswith("segment.py: Expected an image ") and str(file) in line
        assert reason in line
    assert [path.name for path in (tmp_path / "masks").iterdir()] == ["image.png"]


def test_nothing_is_overwritten(tmp_path):
    model, photo = VECTORS / "stretch" / "model.tflite", tmp_path / "photo.png"
    photo.write_bytes((VECTORS / "stretch" / "image.png").read_bytes())
    before = photo.read_bytes()
    done = segment(model, [photo], tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("segment.py: Expected new files to write. Received: ")
    assert photo.read_bytes() == before
    done = segment(model, [photo, tmp_path / "other" / "photo.jpg"], tmp_path / "masks")
    assert "names of their own" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "masks").exists()


def test_a_model_of_other_channels_than_pictures_have_is_refused(tmp_path, photos):
    content = (VECTORS / "stretch" / "model.tflite").read_bytes()
    model = tmp_path / "infrared.tflite"
    model.write_bytes(content.replace(b'"channels": 3', b'"channels": 4'))
    done = segment(model, photos, tmp_path / "masks")
    assert "Expected a model of grey (1) or colour (3)" in done.stderr
    assert done.stderr.count("\n") == 1


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
