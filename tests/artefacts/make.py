"""Make the artefacts of this format version: ``python tests/artefacts/make.py``.

What lies here was written by the version that it is named after and is never made again: every
later version has to read it and to give the masks that lie beside it. A change of the format
raises `segtf.spec.FORMAT_VERSION`, and this script then writes another archive.

::

    vN.zip
       data/          drawn images and their masks
       run/           a run that was interrupted and resumes, without its logs and pictures
       exports/       saved_model/1/, model.tflite, model-int8.tflite, model.onnx
       masks/         the answer of each to each image, class ids
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import segtf
from segtf.data import load_source, write_synthetic
from segtf.spec import FORMAT_VERSION
from segtf.training.callbacks import CountSteps
from segtf.training.config import TrainConfig
from segtf.training.train import train

HERE = Path(__file__).parent
FORMATS = ("saved_model", "tflite", "tflite-int8", "onnx")
_NOT_FOR_READING = ("logs", "report")
"""Parts of a run that no version reads; the names of the logs tell the machine's name."""


def main():
    """Write the archive of this format version, which must not be there."""
    archive = HERE / f"v{FORMAT_VERSION}"
    if archive.with_suffix(".zip").exists():
        sys.exit(f"Expected a new format version. Received: {archive.name}.zip, which exists")
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        shutil.make_archive(str(archive), "zip", folder)


def make(folder):
    """Make the data, the run, its exports and what they say."""
    data, run = folder / "data", folder / "run"
    write_synthetic(data, count=8, size=(40, 48))
    config = TrainConfig(
        model="unet",
        model_settings={"base_filters": 4, "depth": 1},
        size=(32, 32),
        epochs=60,
        batch_size=2,
        learning_rate=0.02,
        augment="none",
    )
    train_in_part(run, load_source("synthetic", data), config)
    models = {"run": run}
    for format in FORMATS:
        exported = segtf.export(run, folder / "exports", format, speed=False)
        models[format] = exported.path
    for name, path in models.items():
        write_masks(segtf.load(path), data / "images", folder / "masks" / name)
    make_portable(folder)


def train_in_part(run, source, config):
    """Train a run and interrupt it, as Ctrl-C does, in its last epoch."""
    count = CountSteps.on_train_batch_end

    def count_and_interrupt(self, batch, logs=None):
        count(self, batch, logs)
        if self.session.step == self.session.total_steps - 2:
            os.kill(os.getpid(), signal.SIGINT)

    CountSteps.on_train_batch_end = count_and_interrupt
    try:
        train(run, source, config, verbose=0)
    except KeyboardInterrupt:
        return
    finally:
        CountSteps.on_train_batch_end = count
    raise RuntimeError("Expected a training that was interrupted. Received: one that ended")


def write_masks(predict, images, folder):
    """Write what a model says to each image."""
    folder.mkdir(parents=True)
    for image in sorted(images.iterdir()):
        mask = predict(image).mask
        share = np.mean(mask == 1)
        if not 0.05 < share < 0.95:
            raise ValueError(f"Expected a mask of both classes. Received: {share:.0%} of class 1")
        Image.fromarray(mask).save(folder / f"{image.stem}.png")


def make_portable(folder):
    """Leave out what is only for people, and the paths of this machine."""
    for name in _NOT_FOR_READING:
        shutil.rmtree(folder / "run" / name, ignore_errors=True)
    for path in (folder / "exports").rglob("*parity*"):
        path.unlink()
    path = folder / "run" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["data"]["folder"] = "data"
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
