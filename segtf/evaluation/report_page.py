"""The report of an evaluation as a page to read."""

import tempfile
from pathlib import Path

import numpy as np

from segtf.evaluation.bootstrap import DRAWS, FEWEST_IMAGES, LEVEL
from segtf.evaluation.cases import legend_of
from segtf.evaluation.plots import (
    confusion_plot,
    reliability_plot,
    roc_plot,
    spread_plot,
    threshold_plot,
)
from segtf.pages.html import html, joined
from segtf.pages.page import bar, estimate, interval, number, page, plot, swatch, table, tiles
from segtf.pages.pictures import picture_uri
from segtf.tasks.outlines import TOLERANCE
from segtf.tasks.sweep import sweep
from segtf.viz import plot_history

IMAGE_TITLES = {"dice": "image Dice", "iou": "image IoU", "pixel_accuracy": "pixel accuracy"}
OPEN_UP_TO = 40
"""Tables of more images than this start folded."""
_TRAINING_CAPTION = "Figures of each epoch over all pixels, at the model's size"


def report_page(evaluation, summary, order, worst, run=None):
    """Return the page as HTML.

    Args:
        evaluation: an `Evaluation`.
        summary: its summary.
        order: indices of all images, the worst first.
        worst: index to the `Case`s of the images to show, the worst first.
        run: the `Run` that trained the model, or `None`.
    """
    title = f"{evaluation.model} on {evaluation.data}, {evaluation.split}"
    return page(
        title,
        _header(evaluation, title),
        _key_figures(evaluation, summary),
        _worst_cases(evaluation, worst),
        _classes(evaluation, summary),
        _curves(evaluation),
        _training(run),
        _all_images(evaluation, order),
        _notes(evaluation),
    )


def _header(evaluation, title):
    count = len(evaluation.ids)
    thresholds = evaluation.task.thresholds(evaluation.spec)
    of_several = len(thresholds) > 1
    decided = "".join(
        f", threshold {one:g}{f' of {name}' * of_several}" for name, one in thresholds.items()
    )
    return html(
        '<h1>{}</h1><p class="soft">{}</p>',
        title,
        f"{count} image{'s' if count > 1 else ''}, each at its own resolution{decided}",
    )


def _key_figures(evaluation, summary):
    few = f"no interval: under {FEWEST_IMAGES} images"
    entries = [
        (name, number(summary[key]), interval(summary["confidence_intervals"][key]) or few)
        for key, name in evaluation.titles.items()
    ]
    if outlines := summary.get("outlines"):
        entries += [
            ("boundary F", number(outlines["boundary_f"]), f"{TOLERANCE:.2%} of diagonal"),
            ("Hausdorff 95", number(outlines["hausdorff_95"], 1), "pixels, mean"),
            ("surface distance", number(outlines["surface_distance"], 1), "pixels, mean"),
        ]
    if "roc_auc" in summary:
        entries.append(("ROC area", number(summary["roc_auc"]), "over all pixels"))
    if "expected_calibration_error" in summary:
        error = summary["expected_calibration_error"]
        entries.append(("calibration error", number(error), "0 is best"))
    return tiles(entries)


def _worst_cases(evaluation, worst):
    keys, errors = (
        [swatch(name, color) for name, color in colors.items()]
        for colors in legend_of(worst.values(), evaluation.labels)
    )
    cases = (_case(evaluation, index, case.pictures) for index, case in worst.items())
    return html(
        '<h2>Worst cases first</h2><p class="legend">Classes: {}</p>'
        '<p class="legend">Errors: {}</p>{}',
        joined(keys),
        joined(errors),
        joined(cases, between="\n"),
    )


def _case(evaluation, index, pictures):
    figures = [
        f"image Dice {number(evaluation.image_dice[index], 3)}",
        f"image IoU {number(evaluation.image_iou[index], 3)}",
    ]
    if (outlines := evaluation.image_outlines) is not None:
        figures.append(f"boundary F {number(outlines.boundary_f[index], 3)}")
        figures.append(f"Hausdorff 95 {number(outlines.hausdorff_95[index], 1)} px")
    shown = joined(
        html(
            '<figure><img src="{}" alt="{}" loading="lazy"><figcaption>{}</figcaption></figure>',
            picture_uri(picture),
            title,
            title,
        )
        for title, picture in pictures.items()
    )
    return html(
        '<div class="case"><h3>{}<span>{}</span></h3><div class="pictures">{}</div></div>',
        evaluation.ids[index],
        ", ".join(figures),
        shown,
    )


def _classes(evaluation, summary):
    has_outlines = evaluation.outlines is not None
    header = ["class", "", "class IoU", "class Dice", "precision", "recall", "specificity"]
    header += ["boundary F", "Hausdorff 95"] if has_outlines else []
    header += ["share of pixels", "images with it"]
    total = max(sum(figures["pixels"] for figures in summary["per_class"].values()), 1)
    colors = dict(zip(evaluation.labels.names, evaluation.labels.colors, strict=True))
    rows = []
    for name, figures in summary["per_class"].items():
        row = [swatch(name, colors[name]), bar(figures["iou"])]
        row += [estimate(figures[key], figures[f"{key}_interval"]) for key in ("iou", "dice")]
        row += [number(figures[quantity]) for quantity in ("precision", "recall", "specificity")]
        if has_outlines:
            row += [number(figures["boundary_f"]), number(figures["hausdorff_95"], 1)]
        row += [f"{figures['pixels'] / total:.2%}", str(figures["images"])]
        rows.append(row)
    confusion = ""
    if evaluation.matrix is not None:
        drawing = confusion_plot(evaluation.matrix, evaluation.class_names)
        confusion = plot(drawing, "Confusion matrix, rows adding up to 100%", wide=True)
    few = f" (of {FEWEST_IMAGES} images or more with the class)"
    return html(
        "<h2>Classes</h2><p>Over all pixels of all images, with {:.0%} intervals{}.</p>"
        '{}<div class="plots" style="margin-top:20px">{}</div>',
        LEVEL,
        few,
        table(header, rows),
        confusion,
    )


def _curves(evaluation):
    drawings = [plot(spread_plot(evaluation.image_dice), "Image Dice, in order")]
    curves = evaluation.curves
    for name, used in evaluation.task.thresholds(evaluation.spec).items():
        if name in curves:
            drawings += _threshold_plots(curves[name], used, f": {name}" * (len(curves) > 1))
    if (calibration := evaluation.calibration) is not None:
        drawings.append(plot(reliability_plot(calibration), "Is it as sure as right?"))
    return html('<h2>Curves</h2><div class="plots">{}</div>', joined(drawings))


def _threshold_plots(curve, used, of_class):
    figures, known = sweep(curve), curve.positives.any()
    best = curve.best_threshold()[0] if known else None
    title = f"What each threshold would give{of_class}"
    yield plot(threshold_plot(figures, used, best), title)
    if not np.isnan(area := curve.roc_auc()):
        yield plot(roc_plot(figures, area), f"ROC{of_class}")


def _training(run):
    history = run.history() if run else []
    if not history:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.svg"
        plot_history(history, path, run.monitor)
        drawing = plot(path.read_bytes(), _TRAINING_CAPTION, wide=True)
    return html('<h2>Training</h2><div class="plots">{}</div>', drawing)


def _all_images(evaluation, order):
    outlines = evaluation.image_outlines
    by_image = evaluation.scores.by_image
    header = ["image", "", *(IMAGE_TITLES.get(name, name) for name in by_image)]
    header += ["boundary F", "Hausdorff 95", "surface distance"] if outlines is not None else []
    rows = []
    for index in order:
        dice = evaluation.image_dice[index]
        row = [evaluation.ids[index], bar(None if np.isnan(dice) else dice)]
        row += [number(values[index]) for values in by_image.values()]
        if outlines is not None:
            row += [number(outlines.boundary_f[index])]
            row += [number(outlines.hausdorff_95[index], 1)]
            row += [number(outlines.surface_distance[index], 1)]
        rows.append(row)
    is_open = " open" if len(rows) <= OPEN_UP_TO else ""
    return html(
        "<h2>All images</h2><details{}><summary>{} images, the worst first</summary>{}</details>",
        is_open,
        len(rows),
        table(header, rows),
    )


def _notes(evaluation):
    mean = evaluation.task.notes(evaluation.class_names)
    outlines = ""
    if evaluation.outlines is not None:
        outlines = (
            " Outline distances are in pixels of the image; a dash where truth or prediction has "
            "no outline to measure from."
        )
        if hidden := int(evaluation.hidden_outlines.sum()):
            outlines += (
                f" In {hidden} of {len(evaluation.ids)} images, ignored pixels hide where an "
                "outline is, or how far it is from another: that counts in no figure of outlines."
            )
    if ignored := int((~evaluation.scores.counting).sum()):
        mean += f" Of {ignored} images every pixel is ignored: they count in no figure."
    if not evaluation.has_intervals:
        mean += f" Fewer than {FEWEST_IMAGES} images have no intervals."
    text = (
        f"{mean} Intervals hold {LEVEL:.0%} of the values in {DRAWS} bootstrap resamples of the "
        "images: how far the figure would move with other images of the same kind. Where images "
        f"belong together (frames of one video), they are too narrow.{outlines}"
    )
    return html("<h2>How to read this</h2><p>{}</p>", text)
