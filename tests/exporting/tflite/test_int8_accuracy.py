"""What full int8 costs a trained network: at most 0.7 points of IoU, at a quarter of the size."""

import pytest

import segtf
from segtf.data import load_source, write_synthetic
from segtf.training.config import TrainConfig
from segtf.training.train import train

pytestmark = pytest.mark.slow

MODELS = [
    "unet-small",
    "segnet-small",
    "segnet-bilinear",
    "unet-efficientnet-lite0",
    "lite",
    "lite-scratch",
    "unet-mobilenetv3-small",
    "unet-efficientnetv2-b0",
]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "synthetic"
    return load_source("synthetic", write_synthetic(folder, count=60, size=(64, 64)))


@pytest.mark.parametrize("model", MODELS)
def test_int8_is_almost_as_good(source, tmp_path, model):
    """SegNet's unpooling goes by which of four values is largest, where int8 makes ties.

    Images are of the model's size: what deciding at that size costs larger ones is no matter of
    int8.
    """
    settings = {"base_filters": 16} if model == "segnet-bilinear" else {}
    config = TrainConfig(model=model, model_settings=settings, size=(64, 64), epochs=14)
    run = train(tmp_path / "run", source, config, on_message=lambda line: None, verbose=0)
    export = segtf.export(run, tmp_path, "tflite-int8", max_iou_drop=0.7)
    trained, exported = export.report.rows
    assert trained.mean_iou > 0.5
    assert exported.iou_drop <= 0.7
    assert exported.size_in_bytes < 0.3 * trained.size_in_bytes
