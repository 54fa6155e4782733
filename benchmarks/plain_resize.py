"""What plain shrinking costs: images shrunk without antialiasing, as phones and MediaPipe do it.

Models are trained on, and `segtf predict` uses, images shrunk with a filter that is widened. Here
the held-out images of runs are segmented twice by the same model, shrunk in the one way and in the
other. Masks are compared with each other and with the truth at the images' own size; the interval
of the difference in IoU is a paired bootstrap over the images.

    python benchmarks/plain_resize.py RUN... [--images 100] [--out FILE]

Writes a table, benchmarks/results/plain_resize.md unless told otherwise.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import segtf
from segtf.comparing.run_images import run_source
from segtf.data import read_sample
from segtf.data.decode import read_image
from segtf.evaluation.bootstrap import intervals, resamples
from segtf.geometry import place
from segtf.inference.predictor import Predictor
from segtf.metrics import confusion_matrix, mean_iou
from segtf.runs import Run

RESULTS = Path(__file__).parent / "results" / "plain_resize.md"
HEADER = (
    "| data | model, size | images | shrunk by | same pixels | mean IoU | shrunk plainly "
    "| difference (95%) |\n|---|---|---|---|---|---|---|---|\n"
)


class PlainPredictor(Predictor):
    """Reads two pixels on each axis, however many lie between."""

    def canvas(self, image):
        pixels = read_image(image, self.spec.channels)
        source, target = place(self.spec.resize, pixels.shape[:2], self.spec.size)
        top, left, height, width = source
        part = tf.image.resize(pixels[top : top + height, left : left + width], target[2:])
        top, left, height, width = target
        canvas = np.zeros((*self.spec.size, self.spec.channels), np.uint8)
        canvas[top : top + height, left : left + width] = np.round(part)
        return canvas


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="RUN", help="runs of segtf train")
    parser.add_argument("--images", type=int, default=100, help="most images of each run (100)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="file for the table")
    options = parser.parse_args()
    rows = [measure(run, options.images) for run in options.runs]
    options.out.write_text(HEADER + "".join(rows))
    print(HEADER + "".join(rows))


def measure(run, most_images):
    """One row of the table."""
    predict = segtf.load(run)
    plain = PlainPredictor(predict.backend)
    labels = predict.spec.labels
    source = run_source(run, "val", most_images, labels)
    same, factors, matrices = [], [], []
    for sample in source.samples:
        image, truth = read_sample(sample, predict.spec)
        masks = predict(image).mask, plain(image).mask
        same.append(np.mean(masks[0] == masks[1]))
        factors.append(np.sqrt(np.prod(truth.shape) / np.prod(predict.spec.size)))
        matrices.append([confusion_matrix(truth, mask, labels.num_classes) for mask in masks])
    matrices = np.array(matrices)
    ours, plainly = (mean_iou(matrices[:, way].sum(0)) for way in (0, 1))
    differences = []
    for weights in resamples(len(matrices)):
        drawn = np.tensordot(weights, matrices, axes=1)
        differences.append(mean_iou(drawn[1]) - mean_iou(drawn[0]))
    low, high = intervals(differences)
    height, width = predict.spec.size
    return (
        f"| {source.name} | {Run(run).config()['training']['model']}, {height}x{width} "
        f"| {len(same)} | {np.median(factors):.1f} | {np.mean(same):.1%} | {ours:.4f} "
        f"| {plainly:.4f} | {plainly - ours:+.4f} ({low:+.4f} to {high:+.4f}) |\n"
    )


if __name__ == "__main__":
    main()
