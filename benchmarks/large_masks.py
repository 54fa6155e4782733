"""What a mask of 16 megapixels costs: the network, deciding it, and writing it down.

Processor time, the least of several calls, and bytes. Deciding brings logits of 256x256 to
4096x4096 and takes a class for each pixel, in strips, as exported models do; its memory is the most
that was resident, above that before. Each number of classes has a process of its own. The mask that
is written down has smooth areas of six classes.

    python benchmarks/large_masks.py

The table goes to benchmarks/results/large_masks.md.
"""

import io
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from PIL import Image

import segtf
from segtf.devices import read_cpu_name
from segtf.labels import LabelMap
from segtf.spec import ModelSpec
from segtf.tasks.semantic import decode
from segtf.tasks.semantic.answer import channel_names

SIDE, CANVAS, CALLS = 4096, 256, 3
RESULTS = Path(__file__).parent / "results" / "large_masks.md"


def main():
    if len(sys.argv) > 1:
        print(decided(int(sys.argv[1])))
        return
    lines = [
        f"{SIDE}x{SIDE} pixels, {read_cpu_name()}",
        "",
        "| what | s of processor time | MB |",
        "| --- | ---: | ---: |",
    ]
    for classes in (2, 6, 150):
        command = [sys.executable, __file__, str(classes)]
        found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        lines.append(found.splitlines()[-1])
        print(lines[-1], flush=True)
    lines.append(f"| the network, `unet` at {CANVAS}x{CANVAS} | {network():.2f} | - |")
    print(lines[-1], flush=True)
    mask = decode.class_ids(tf.image.resize(logits(6), (SIDE, SIDE), antialias=True), threshold=0.5)
    for name, encode in ENCODERS.items():
        seconds, content = least(encode, mask.numpy())
        lines.append(f"| {name} | {seconds:.2f} | {len(content) / 1e6:.2f} on disk |")
        print(lines[-1], flush=True)
    RESULTS.write_text("\n".join(lines) + "\n")


def network():
    """Processor time of the default size of a U-Net for one image."""
    model = segtf.unet((CANVAS, CANVAS, 3), num_classes=1)
    run = tf.function(lambda pixels: model(pixels, training=False))
    return least(run, tf.zeros((1, CANVAS, CANVAS, 3)))[0]


def logits(classes):
    """Smooth random logits, as those of a network are."""
    channels = len(channel_names(tuple(map(str, range(classes)))))
    coarse = np.random.default_rng(0).normal(size=(24, 24, channels)).astype(np.float32)
    return tf.image.resize(coarse, (CANVAS, CANVAS), method="bicubic")


def decided(classes):
    """A line of the table: what deciding among classes takes."""
    spec = ModelSpec(LabelMap(tuple(map(str, range(classes)))), (CANVAS, CANVAS))
    values = logits(classes)
    run = tf.function(lambda values: decode.answer(values, (SIDE, SIDE), spec))
    run.get_concrete_function(values)
    before = megabytes("VmRSS")
    seconds, _ = least(run, values)
    memory = megabytes("VmHWM") - before
    return f"| deciding among {classes} classes | {seconds:.2f} | {memory:.0f} of memory |"


def megabytes(name):
    """Memory of this process, now (VmRSS) or at most (VmHWM), as Linux gives it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1e3


def least(function, argument):
    taken = []
    for _ in range(CALLS):
        start = time.process_time()
        found = function(argument)
        taken.append(time.process_time() - start)
    return min(taken), found


def tensorflow(level):
    def encode(mask):
        return tf.io.encode_png(mask[..., np.newaxis], compression=level).numpy()

    return encode


def pillow(**settings):
    def encode(mask):
        file = io.BytesIO()
        Image.fromarray(mask).save(file, "PNG", **settings)
        return file.getvalue()

    return encode


def run_lengths(mask):
    """Class and length of each run, row after row, a byte and two bytes."""
    flat = mask.ravel()
    ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]) + 1, flat.size)
    lengths = np.diff(ends, prepend=0)
    return flat[ends - 1].tobytes() + np.minimum(lengths, 65535).astype(np.uint16).tobytes()


ENCODERS = {
    "PNG by TensorFlow, its default": tensorflow(-1),
    "PNG by TensorFlow, level 1": tensorflow(1),
    "PNG by TensorFlow, level 9": tensorflow(9),
    "PNG by Pillow, its default": pillow(),
    "PNG by Pillow, level 1": pillow(compress_level=1),
    "PNG by Pillow, strategy of run lengths": pillow(compress_type=zlib.Z_RLE),
    "run lengths, not compressed": run_lengths,
}


if __name__ == "__main__":
    main()
