import pytest
from export_examples import LABELS, blocks, small_model

import segtf
from segtf.comparing.speed import Speed, measure_speed
from segtf.exporting import parity


@pytest.fixture(scope="session", autouse=True)
def quick_speed():
    """Leave out to start TensorFlow once more for each SavedModel: the command's tests do that."""

    def measure(path, *arguments):
        if path.is_dir():
            return Speed(1.0, 2.0, 5, 1, None)
        return measure_speed(path, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, "measure_speed", measure)
        yield


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
