"""The report of an evaluation: figures for programs, pictures for people."""

import csv
import io
import json

import numpy as np

from segtf.data import read_sample
from segtf.files import write_atomically
from segtf.spec import FORMAT_VERSION
from segtf.viz import ERROR_COLORS, contact_sheet, error_map, overlay

PICTURES = 6


def write_report(evaluation, samples, predict):
    """Write ``metrics.json``, ``images.csv`` and ``overlays.png`` into the evaluation's folder.

    Args:
        evaluation: an `Evaluation`.
        samples: its `Sample`s, in its order.
        predict: the `Predictor`, asked again for the pictures.
    """
    folder = evaluation.folder
    folder.mkdir(parents=True, exist_ok=True)
    summary = {"format_version": FORMAT_VERSION, **evaluation.summary()}
    write_atomically(folder / "metrics.json", json.dumps(summary, indent=2) + "\n")
    write_atomically(folder / "images.csv", _table(evaluation))
    _draw_overlays(evaluation, samples, predict, folder / "overlays.png")


def _table(evaluation):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "dice", "iou", "pixel_accuracy"])
    for id_, dice, iou, matrix in zip(
        evaluation.ids,
        evaluation.image_dice,
        evaluation.image_iou,
        evaluation.matrices,
        strict=True,
    ):
        accuracy = np.trace(matrix) / max(matrix.sum(), 1)
        writer.writerow([id_, f"{dice:.6f}", f"{iou:.6f}", f"{accuracy:.6f}"])
    return text.getvalue()


def _draw_overlays(evaluation, samples, predict, path):
    """The worst image, the best, and those evenly between them."""
    order = np.argsort(evaluation.image_dice, kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, min(PICTURES, len(order))).astype(int)]
    labels = evaluation.labels
    rows, captions = [], []
    for index in chosen:
        image, truth = read_sample(samples[index], predict.spec)
        mask = predict(image).mask
        rows.append(
            [
                image[..., :3] if image.shape[-1] >= 3 else image[..., :1],
                overlay(image, truth, labels),
                overlay(image, mask, labels),
                error_map(truth, mask, labels.ignore_class),
            ]
        )
        dice = evaluation.image_dice[index]
        captions.append(f"{evaluation.ids[index]}: Dice {dice:.3f}")
    titles = ["image", "truth", "prediction", "errors"]
    contact_sheet(rows, titles, path, captions=captions, labels=labels, legend=ERROR_COLORS)
