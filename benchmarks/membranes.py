"""Cells told apart: V-Rand and V-Info of a run on membranes, as ISBI 2012 defines them.

    python benchmarks/membranes.py RUN [--out FILE.json]

For each slice that the run held out (our split, not the challenge's test slices, whose truth is not
public): cells are the connected regions above a threshold of the probability, grown by watershed
until they meet, which is the challenge's thinning of borders; what the truth calls membrane counts
nowhere. V-Rand is the F-score of pairs of pixels, V-Info that of mutual information. The threshold
from 0.1 to 0.9 with the highest mean counts, as there.

Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
connectomics", Frontiers in Neuroanatomy 9, 2015.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from held_out import held_out
from skimage.measure import label
from skimage.metrics import adapted_rand_error
from skimage.segmentation import watershed
from sklearn.metrics import v_measure_score

import segtf

THRESHOLDS = np.arange(1, 10) / 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    predict = segtf.load(options.run)
    rows = [
        measure(truth, predict(image).probabilities[..., 0])
        for _, image, truth in held_out(options.run)
    ]
    figures = {"images": len(rows)}
    for index, name in enumerate(("v_rand", "v_info")):
        means = np.mean(rows, axis=0)[:, index]
        best = int(means.argmax())
        figures[name] = {
            "mean": round(float(means[best]), 4),
            "threshold": float(THRESHOLDS[best]),
            "images": [round(float(row[best][index]), 4) for row in rows],
        }
    text = json.dumps(figures, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


def measure(truth, probabilities):
    """V-Rand and V-Info at each threshold, `(9, 2)`."""
    cells = label(truth == 1, connectivity=1)
    inside = cells > 0
    figures = []
    for threshold in THRESHOLDS:
        seeds = label(probabilities >= threshold, connectivity=1)
        found = watershed(-probabilities, seeds)[inside]
        error, _, _ = adapted_rand_error(cells[inside], found, ignore_labels=())
        figures.append((1 - error, v_measure_score(cells[inside], found)))
    return figures


if __name__ == "__main__":
    main()
