"""Diagnosis by pixels: what a run on `ph2-diagnosis` says of each lesion as a whole.

    python benchmarks/diagnosis.py RUN [--out FILE.json]

A lesion is every pixel that is not skin; its diagnosis is the class of most of its pixels. Held-out
images at their own resolution: the Dice of the lesion, and how many diagnoses are right, with 95%
intervals (bootstrap over images).
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from held_out import held_out

import segtf
from segtf.evaluation.bootstrap import intervals, resamples


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    predict = segtf.load(options.run)
    names = predict.spec.labels.names
    dice, right = [], []
    confusion = np.zeros((len(names), len(names)), int)
    for _, image, truth in held_out(options.run):
        mask = predict(image).mask
        both = np.count_nonzero((mask > 0) & (truth > 0))
        dice.append(2 * both / (np.count_nonzero(mask) + np.count_nonzero(truth)))
        true, said = majority(truth, len(names)), majority(mask, len(names))
        confusion[true, said] += 1
        right.append(true == said)
    figures = {
        "images": len(dice),
        "lesion_dice": with_interval(dice),
        "diagnosis_accuracy": with_interval(right),
        "classes": list(names),
        "confusion": confusion.tolist(),
    }
    text = json.dumps(figures)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


def majority(mask, num_classes):
    """The class of most pixels that are not skin; 0 where all are."""
    counts = np.bincount(mask[mask < num_classes].ravel(), minlength=num_classes)[1:]
    return int(counts.argmax()) + 1 if counts.any() else 0


def with_interval(values):
    values = np.asarray(values, float)
    draws = [np.average(values, weights=weights) for weights in resamples(len(values))]
    low, high = intervals(draws)
    figures = {"mean": values.mean(), "low": low, "high": high}
    return {name: round(float(value), 4) for name, value in figures.items()}


if __name__ == "__main__":
    main()
