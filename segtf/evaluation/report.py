"""The report of an evaluation: figures for programs, pictures for people."""

import json

import numpy as np

from segtf.evaluation.cases import draw_case, legend_of
from segtf.evaluation.report_page import report_page
from segtf.evaluation.tables import write_tables
from segtf.files import write_atomically
from segtf.pages.page import number
from segtf.viz import contact_sheet

_FORMAT_VERSION = 1
WORST_CASES = 12
SHEET_ROWS = 6


def write_report(evaluation, samples, predictor_of, run=None):
    """Write the report into the evaluation's folder; what an earlier one left is replaced.

    ::

        metrics.json        all figures
        images.csv          id, dice, iou, ... of each image
        classes.csv         the figures of each class over all pixels, with their intervals
        image_classes.csv   pixels found, wrongly found and missed of each class in each image
        thresholds.csv      the figures of a class that a threshold decides for, at each
        overlays.png        the worst image, the best, and some between
        report.html         all of this to look at, in one file

    Args:
        evaluation: an `Evaluation` with a folder.
        samples: its `Sample`s, in its order.
        predictor_of: function of a sample that returns its `Predictor`, asked again for the few
            pictures: predictions are not kept.
        run: the `Run` that trained the model, for its curves, or `None`.
    """
    folder = evaluation.folder
    folder.mkdir(parents=True, exist_ok=True)
    summary = evaluation.summary()
    written = {"format_version": _FORMAT_VERSION, "task": evaluation.task.name, **summary}
    write_atomically(folder / "metrics.json", json.dumps(written, indent=2) + "\n")
    write_tables(evaluation, summary)

    order = np.argsort(evaluation.image_dice, kind="stable")
    worst = order[:WORST_CASES]
    spread = order[np.linspace(0, len(order) - 1, min(SHEET_ROWS, len(order))).astype(int)]
    cases = {
        index: draw_case(samples[index], predictor_of(samples[index]), evaluation.labels)
        for index in {*worst, *spread}
    }
    _draw_sheet(evaluation, spread, cases, folder / "overlays.png")
    shown = {index: cases[index] for index in worst}
    write_atomically(folder / "report.html", report_page(evaluation, summary, order, shown, run))


def _draw_sheet(evaluation, chosen, cases, path):
    captions = [
        f"{evaluation.ids[index]}: image Dice {number(evaluation.image_dice[index], 3)}"
        for index in chosen
    ]
    shown = [cases[index] for index in chosen]
    classes, errors = legend_of(shown, evaluation.labels)
    rows = [list(case.pictures.values()) for case in shown]
    contact_sheet(rows, list(shown[0].pictures), path, captions=captions, legend=classes | errors)
