"""What earlier versions wrote is read by this one, and gives the masks that it gave then."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import segtf
from segtf.evaluation.evaluate import evaluate
from segtf.exporting import export_info
from segtf.runs import Run
from segtf.spec import FORMAT_VERSION
from segtf.training.train import resume

ARCHIVES = sorted(Path(__file__).parent.glob("v*.zip"))
PATHS = {
    "run": "run",
    "keras": "run/best.keras",
    "saved_model": "exports",
    "tflite": "exports/model.tflite",
    "tflite-int8": "exports/model-int8.tflite",
    "onnx": "exports/model.onnx",
}
MOST_OTHER_PIXELS = {"tflite-int8": 0.005}
"""Share of the pixels; int8 rounds at every step, and not every kernel rounds alike."""
ROUNDING = 0.001


@pytest.fixture(scope="module", params=ARCHIVES, ids=lambda archive: archive.stem)
def written(request, tmp_path_factory):
    """The content of an archive, where the run finds its data."""
    folder = tmp_path_factory.mktemp(request.param.stem)
    shutil.unpack_archive(request.param, folder)
    path = folder / "run" / "config.json"
    config = json.loads(path.read_text())
    assert config["data"]["folder"] == "data"  # no path of the machine that it was made on
    config["data"]["folder"] = str(folder / "data")
    path.write_text(json.dumps(config))
    return folder


@pytest.mark.calls_model
@pytest.mark.parametrize("kind", PATHS)
def test_each_model_answers_as_it_did(written, kind):
    if kind == "onnx":
        pytest.importorskip("onnxruntime")
    predict = segtf.load(written / PATHS[kind])
    assert predict.spec.labels.names == ("skin", "lesion")
    masks = written / "masks" / ("run" if kind == "keras" else kind)
    images = sorted((written / "data" / "images").iterdir())
    assert len(images) == 8
    for image in images:
        expected = np.asarray(Image.open(masks / f"{image.stem}.png"))
        received = predict(image).mask
        assert received.shape == expected.shape
        assert np.mean(received != expected) <= MOST_OTHER_PIXELS.get(kind, ROUNDING)


@pytest.mark.parametrize("kind", ["saved_model", "tflite", "tflite-int8"])
def test_exports_tell_where_they_come_from(written, kind):
    _, details = export_info(written / PATHS[kind])
    assert details["provenance"]["parameters"] == 1813


def test_the_run_is_evaluated_and_goes_on_to_its_end(written, tmp_path):
    """On a copy: it says the same however the tests are ordered."""
    shutil.copytree(written / "run", tmp_path / "run")
    run = Run.open(tmp_path / "run")
    assert len(run.history()) == 59
    assert evaluate(run.path, outlines=False).summary()["mean_dice"] > 0.85
    resume(run.path, on_message=lambda line: None, verbose=0)
    assert len(run.history()) == 60


def test_this_format_version_has_its_artefacts():
    assert f"v{FORMAT_VERSION}" in [archive.stem for archive in ARCHIVES]
