"""What only a GPU can prove of training, as a table; rows that need one say so without it.

    python benchmarks/gpu_check.py

Exits with status 1 if a row failed.
"""

import contextlib
import io
import sys
import tempfile
import time
import traceback
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import xla

from segtf.data import load_source, write_synthetic
from segtf.models import model_names
from segtf.training.config import TrainConfig
from segtf.training.precision import prepare_gpus, resolve_precision
from segtf.training.train import train

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


class NeedsGpu(Exception):
    pass


def main():
    gpus = prepare_gpus()
    work = Path(tempfile.mkdtemp(prefix="gpu-check-"))
    size = 256 if gpus else 64
    folder = write_synthetic(work / "data", count=48 if gpus else 16, size=(size, size))
    check = Check(work, load_source("synthetic", folder), gpus, size)
    rows = [
        ("devices", check.devices),
        ("memory growth", check.memory_growth),
        ("precision auto", check.precision),
        *((f"train {name}", lambda name=name: check.train(name)) for name in PRECISIONS),
        *((f"XLA {name}", lambda name=name: check.xla(name)) for name in PRECISIONS),
        ("every model with XLA", check.every_model),
        ("deterministic", check.deterministic),
        ("several GPUs", check.several),
    ]
    failed = False
    for name, row in rows:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                result = "ok", row()
        except NeedsGpu as error:
            result = "skipped", f"needs {error}"
        except Exception as error:
            traceback.print_exc()
            failed = True
            result = "FAILED", f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        print(f"{name:<24}{result[0]:<9}{result[1]}", flush=True)
    sys.exit(int(failed))


class Check:
    """Each method is a row: it returns what to show, or raises."""

    def __init__(self, work, source, gpus, size):
        self.work, self.source, self.gpus = work, source, gpus
        self.settings = {"model": "unet", "size": (size, size), "batch_size": 8}
        self.settings["epochs"] = 3 if gpus else 2
        if not gpus:
            self.settings["model_settings"] = {"base_filters": 4, "depth": 2}
        self.runs = 0

    def devices(self):
        if not self.gpus:
            raise NeedsGpu("a GPU: TensorFlow sees none")
        details = [tf.config.experimental.get_device_details(gpu) for gpu in self.gpus]
        return ", ".join(f"{gpu.get('device_name')}" for gpu in details)

    def memory_growth(self):
        if not self.gpus:
            raise NeedsGpu("a GPU")
        if not all(map(tf.config.experimental.get_memory_growth, self.gpus)):
            raise RuntimeError("TensorFlow takes all memory at once")
        return "on"

    def precision(self):
        return ": ".join(resolve_precision("auto"))

    def train(self, precision):
        if not self.gpus and precision == "mixed_float16":
            raise NeedsGpu("a GPU: float16 is many times slower on a CPU")
        if self.gpus:
            tf.config.experimental.reset_memory_stats("GPU:0")
        began = time.perf_counter()
        run = self._run(precision=precision)
        seconds = time.perf_counter() - began
        rows = run.history()
        if not all(np.isfinite(row["loss"]) for row in rows):
            raise RuntimeError("the loss is not finite")
        images = self.settings["batch_size"] * -(-len(run.split()["train"]) // 8)
        text = f"last epoch {images / rows[-1]['seconds']:.1f} images/s, {seconds:.0f} s in all"
        if self.gpus:
            peak = tf.config.experimental.get_memory_info("GPU:0")["peak"]
            text += f", {peak / 1e9:.2f} GB at most"
        return f"{text}, Dice {rows[-1]['val_mean_dice']:.3f}"

    def xla(self, precision):
        """What Keras chooses on a GPU, and what it would be without."""
        if not self.gpus and precision != "float32":
            raise NeedsGpu("a GPU")
        size = 256 if self.gpus else 32
        settings = self.settings.get("model_settings", {})
        return str(xla.compare("unet", precision, size, batch=8, rounds=3, steps=5, **settings))

    def every_model(self):
        """One step of each at a small size, as Keras compiles it there."""
        if not self.gpus:
            raise NeedsGpu("a GPU")
        for name in model_names():
            self._run(model=name, size=(64, 64), epochs=1, augment="none")
        return f"{len(model_names())} trained"

    def deterministic(self):
        runs = [self._run(deterministic=True) for _ in range(2)]
        weights = [
            keras.models.load_model(run.best_model, compile=False).get_weights() for run in runs
        ]
        if not all(map(np.array_equal, *weights)):
            raise RuntimeError("two runs differ")
        return "two runs give the same weights, bit by bit"

    def several(self):
        if len(self.gpus) < 2:
            raise NeedsGpu(f"two GPUs: there are {len(self.gpus)}")
        losses = [
            self._run(strategy=strategy, augment="none").history()[-1]["loss"]
            for strategy in (tf.distribute.OneDeviceStrategy("GPU:0"), None)
        ]
        np.testing.assert_allclose(*losses, rtol=1e-2)
        return f"loss {losses[0]:.4f} on one, {losses[1]:.4f} on {len(self.gpus)}"

    def _run(self, strategy=None, **settings):
        self.runs += 1
        config = TrainConfig(**{**self.settings, **settings})
        path = self.work / f"run{self.runs}"
        return train(
            path, self.source, config, on_message=lambda line: None, verbose=0, strategy=strategy
        )


if __name__ == "__main__":
    main()
