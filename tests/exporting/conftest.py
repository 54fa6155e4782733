import pytest
from export_examples import LABELS, blocks, small_model

import segtf


@pytest.fixture(scope="session")
def binary_model():
    return small_model()


@pytest.fixture(scope="session")
def exported(binary_model, tmp_path_factory):
    """A binary model as SavedModel: the `Export`."""
    return segtf.export(binary_model, tmp_path_factory.mktemp("saved"), labels=LABELS[1])


@pytest.fixture(scope="session")
def tflite_exports(binary_model, tmp_path_factory):
    """A binary model in each TFLite format: format to `Export`."""
    directory = tmp_path_factory.mktemp("tflite")
    images = [blocks(24, 32, seed=seed) for seed in range(8)]
    return {
        format: segtf.export(
            binary_model,
            directory,
            format,
            labels=LABELS[1],
            resize="letterbox",
            calibration=images,
        )
        for format in ("tflite", "tflite-float16", "tflite-dynamic", "tflite-int8")
    }
