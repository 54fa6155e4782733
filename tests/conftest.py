"""Fixtures that several parts share: one small data set and one small run per worker."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data():
    """Folder of the real data sets; tests that need one skip where it is absent."""
    folder = Path(os.environ.get("SEGTF_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"real data is not there: SEGTF_DATA={folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def quick_speed():
    """Leave out to start TensorFlow once more for each SavedModel: one test does that by itself."""
    from segtf.comparing.speed import Speed, measure_speed
    from segtf.exporting import parity

    def measure(path, *arguments):
        if path.is_dir():
            return Speed(1.0, 2.0, 5, 1, None)
        return measure_speed(path, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, "measure_speed", measure)
        yield


@pytest.fixture(scope="session")
def synthetic_folder(tmp_path_factory):
    """A folder of 12 small synthetic images and their masks."""
    from segtf.data import write_synthetic

    return write_synthetic(tmp_path_factory.mktemp("data") / "synthetic", count=12, size=(48, 64))


@pytest.fixture(scope="session")
def small_run(tmp_path_factory, synthetic_folder):
    """A run of two epochs on the synthetic set."""
    from segtf.data import load_source
    from segtf.training.config import TrainConfig
    from segtf.training.train import train

    config = TrainConfig(
        model="unet",
        model_settings={"base_filters": 4, "depth": 1},
        size=(32, 32),
        epochs=2,
        batch_size=4,
    )
    path = tmp_path_factory.mktemp("runs") / "small"
    source = load_source("synthetic", synthetic_folder)
    return train(path, source, config, on_message=lambda line: None, verbose=0)
