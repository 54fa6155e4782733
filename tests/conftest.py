"""Fixtures that several parts share: one small data set and one small run per worker."""

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("quick", max_examples=40, deadline=None)
settings.load_profile("quick")


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
def dark_run(synthetic_folder, tmp_path_factory):
    """A run whose model takes what is dark for a lesion: not good, but decided."""
    import keras
    import numpy as np

    from segtf.data import load_source
    from segtf.runs import Run
    from segtf.spec import ModelSpec

    source = load_source("synthetic", synthetic_folder)
    ids = [sample.id for sample in source.samples]
    spec = ModelSpec(source.labels, (32, 48), threshold=0.6)
    run = Run.create(
        tmp_path_factory.mktemp("runs") / "dark",
        {"data": dict(source.origin)},
        spec=spec,
        split={"train": ids[:8], "val": ids[8:]},
    )
    inputs = keras.Input((32, 48, 3))
    darkness = keras.layers.Conv2D(1, 3, padding="same")
    model = keras.Model(inputs, darkness(keras.layers.Rescaling(1 / 255)(inputs)))
    darkness.set_weights([np.full((3, 3, 3, 1), -20 / 27), np.full(1, 10.0)])
    model.save(run.best_model)
    return run.path


@pytest.fixture(scope="session")
def run_exports(dark_run, tmp_path_factory):
    """That run in two TFLite formats: format to `Export`."""
    import segtf

    folder = tmp_path_factory.mktemp("run_exports")
    return {format: segtf.export(dark_run, folder, format) for format in ("tflite", "tflite-int8")}


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


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """A folder of 16 pictures, each class in a subfolder of the masks."""
    from segtf.data import write_synthetic

    folder = tmp_path_factory.mktemp("data") / "shapes"
    return write_synthetic(folder, count=16, size=(48, 64), kind="shapes")


@pytest.fixture(scope="session")
def shapes_run(tmp_path_factory, shapes):
    """A multi-label run of a few epochs, with thresholds that differ."""
    from segtf.data import load_source
    from segtf.task_settings import MultilabelSettings
    from segtf.training.config import TrainConfig
    from segtf.training.train import train

    config = TrainConfig(
        task="multilabel",
        augment="light",
        model="unet",
        model_settings={"base_filters": 8, "depth": 1},
        size=(32, 40),
        epochs=2,
        batch_size=4,
        val_share=0.5,
    )
    path = tmp_path_factory.mktemp("runs") / "shapes"
    source = load_source("folder", shapes)
    run = train(path, source, config, on_message=lambda line: None, verbose=0)
    task = MultilabelSettings((0.4, 0.55, 0.3))
    run.save_spec(dataclasses.replace(run.spec(), task=task))
    return run
