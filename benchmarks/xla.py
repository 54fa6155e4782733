"""A step of training with XLA and without, on this machine, as a ratio.

Both train the same network on the same batches out of `tf.data`, in turns, so that other work on
the machine meets both; the median over the rounds counts.

    python benchmarks/xla.py [--model unet] [--precision float32] [--size 256] [--batch 8]
        [--rounds 3] [--steps 5]

Keras compiles a training by XLA where it sees one GPU, and nowhere else; segtf leaves that as it
is. On two CPU cores XLA takes longer, as this shows; `make gpu-check` shows the same of a GPU.
"""

import argparse
import os
import statistics
import time
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from segtf.losses import CrossentropyDice
from segtf.metrics import ConfusionMatrix
from segtf.models import build_model
from segtf.training import fuse_batch_norm
from segtf.training.precision import dtype_policy


class Comparison(NamedTuple):
    """Seconds that a step takes, and that the first one took to be compiled."""

    plain: float
    compiled: float
    compilation: float

    def __str__(self):
        return (
            f"{1000 * self.plain:.0f} ms a step without XLA, {1000 * self.compiled:.0f} with it: "
            f"{self.compiled / self.plain:.2f} times the time, after {self.compilation:.0f} s of "
            "compiling"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="unet")
    parser.add_argument("--precision", default="float32")
    for name, default in (("size", 256), ("batch", 8), ("rounds", 3), ("steps", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(compare(**vars(parser.parse_args())))


def compare(model, precision, size, batch, rounds, steps, **settings):
    """Return the `Comparison` of a registered model, whose `settings` are its builder's."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (batch, size, size, 3)).astype("float32")
    masks = rng.integers(0, 2, (batch, size, size)).astype("uint8")
    data = tf.data.Dataset.from_tensors((images, masks)).repeat(steps)
    models = {jit: _compiled(model, precision, size, jit, **settings) for jit in (False, True)}
    compilation = [_seconds(models[jit], data.take(1)) for jit in models][-1]
    seconds = {jit: [] for jit in models}
    for _ in range(rounds):
        for jit, one in models.items():
            seconds[jit].append(_seconds(one, data) / steps)
    return Comparison(*map(statistics.median, seconds.values()), compilation)


def _compiled(name, precision, size, jit_compile, **settings):
    with dtype_policy(precision):
        model = build_model(name, (size, size, 3), num_classes=1, **settings)
    fuse_batch_norm(model)
    optimizer = keras.optimizers.AdamW(1e-3)
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    metric = ConfusionMatrix(num_classes=1)
    model.compile(optimizer, CrossentropyDice(), metrics=[metric], jit_compile=jit_compile)
    return model


def _seconds(model, data):
    began = time.perf_counter()
    model.fit(data, verbose=0, shuffle=False)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
