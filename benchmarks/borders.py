"""How often models of few epochs find objects where there are none, by the distance to the border.

Small U-Nets from nothing on drawn lesions, each with the usual changes, in which what comes in from
outside is a mirror image in the mask as in the image; with the same, but ignored in the mask; and
without changes. Shares of the background of held-out images, at the model's size.

    python benchmarks/borders.py [--count 80] [--size 64] [--epochs 8] [--seeds 2]
        [--out borders.md]
"""

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np

import segtf
from segtf.data import load_source, read_sample, write_synthetic
from segtf.data.augment import apply
from segtf.devices import read_cpu_name
from segtf.training.config import TrainConfig

EDGES = (1, 2, 4, 8)
NAMES = ("0 to 1", "1 to 2", "2 to 4", "4 to 8", "beyond 8 pixels")


def ignored(maps, ignore_class):
    return (ignore_class,) * len(maps)


WAYS = {
    "mirrored": ("medical", apply._fills),
    "ignored": ("medical", ignored),
    "without changes": ("none", apply._fills),
}


def train(way, source, folder, options, seed):
    augment, apply._fills = WAYS[way]
    keras.backend.clear_session()
    config = TrainConfig(
        model="unet",
        model_settings={"base_filters": 8, "depth": 3},
        size=(options.size, options.size),
        epochs=options.epochs,
        augment=augment,
        seed=seed,
    )
    path = Path(folder) / f"{way}-{seed}".replace(" ", "-")
    return segtf.train(path, source, config, on_message=lambda line: None, verbose=0)


def false_alarms(run, source, side):
    """False alarms and background, in pixels of the images, by the distance to the border."""
    predict, held_out = segtf.load(run), set(run.split()["val"])
    counts = np.zeros((2, len(NAMES)))
    for sample in (sample for sample in source.samples if sample.id in held_out):
        image, truth = read_sample(sample, predict.spec)
        height, width = truth.shape
        y, x = (np.arange(length) for length in truth.shape)
        y, x = np.minimum(y, y[::-1]) * side / height, np.minimum(x, x[::-1]) * side / width
        ring = np.digitize(np.minimum(y[:, None], x), EDGES)
        background = truth == 0
        wrong = background & (predict(image).mask == 1)
        counts += [np.bincount(ring[one], minlength=len(NAMES)) for one in (wrong, background)]
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("count", 80), ("size", 64), ("epochs", 8), ("seeds", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--out", type=Path, default=Path("borders.md"))
    options = parser.parse_args()
    lines = [
        f"False alarms by the distance to the border: {options.count} drawn images, "
        f"{options.size}x{options.size}, {options.epochs} epochs, on {read_cpu_name()}.",
        "",
        f"| what comes in from outside | seed | Dice | {' | '.join(NAMES)} |",
        f"|---|---|---|{'---|' * len(NAMES)}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        images = write_synthetic(Path(folder) / "images", count=options.count, size=(96, 128))
        source = load_source("synthetic", images)
        for seed in range(options.seeds):
            for way in WAYS:
                run = train(way, source, folder, options, seed)
                wrong, background = false_alarms(run, source, options.size)
                shares = " | ".join(f"{share:.1%}" for share in wrong / background)
                dice = run.best_epoch()["val_mean_dice"]
                lines.append(f"| {way} | {seed} | {dice:.3f} | {shares} |")
                print(lines[-1], flush=True)
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
