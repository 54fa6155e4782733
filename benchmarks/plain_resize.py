"""What plain shrinking costs: images shrunk without antialiasing, as phones and MediaPipe do it.

Models are trained on, and `segtf predict` uses, images shrunk with a filter that is widened. Here
the held-out images of runs are segmented three times: as `segtf predict` does it; shrunk plainly;
and shrunk plainly to twice the size, of a model that halves them itself, as
`segtf export --for-resize plain` makes it. Masks are compared with the first ones and with the
truth at the images' own size; the intervals of the differences in IoU are a paired bootstrap over
the images.

    python benchmarks/plain_resize.py RUN... [--images 100] [--out FILE]

Writes a table, benchmarks/results/plain_resize.md unless told otherwise.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import segtf
from segtf.comparing.run_images import run_source
from segtf.data import read_sample
from segtf.evaluation.bootstrap import intervals, resamples
from segtf.exporting.plain_resize import PlainPredictor, shrinking
from segtf.metrics import confusion_matrix, mean_iou
from segtf.runs import Run

RESULTS = Path(__file__).parent / "results" / "plain_resize.md"
HEADER = (
    "| data | model, size | images | shrunk by | IoU | shrunk plainly: same pixels "
    "| points of IoU (95%) | `--for-resize plain`: same pixels | points of IoU (95%) |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


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
    ways = predict, PlainPredictor(predict.backend), PlainPredictor(shrinking(predict).backend)
    labels = predict.spec.labels
    source = run_source(run, "val", most_images, labels)
    same, factors, matrices = [], [], []
    for sample in source.samples:
        image, truth = read_sample(sample, predict.spec)
        masks = [way(image).mask for way in ways]
        same.append([np.mean(mask == masks[0]) for mask in masks[1:]])
        factors.append(np.sqrt(np.prod(truth.shape) / np.prod(predict.spec.size)))
        matrices.append([confusion_matrix(truth, mask, labels.num_classes) for mask in masks])
    matrices = np.array(matrices)
    best = mean_iou(matrices[:, 0].sum(0))
    height, width = predict.spec.size
    cells = [source.name, f"{Run(run).config()['training']['model']}, {height}x{width}"]
    cells += [str(len(same)), f"{np.median(factors):.1f}", f"{best:.4f}"]
    for place, share in enumerate(np.mean(same, axis=0), 1):
        cells += [f"{share:.1%}", difference(matrices[:, [0, place]])]
    return f"| {' | '.join(cells)} |\n"


def difference(matrices):
    """Points of IoU from the first to the second of each image, with their interval."""
    drawn = [np.tensordot(weights, matrices, axes=1) for weights in resamples(len(matrices))]
    low, high = intervals([points(*one) for one in drawn])
    return f"{points(*matrices.sum(0)):+.2f} ({low:+.2f} to {high:+.2f})"


def points(one, other):
    return 100 * (mean_iou(other) - mean_iou(one))


if __name__ == "__main__":
    main()
