"""The drawings of a report, as SVG."""

import io

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "0.55"
MAX_NAMES = 40
MAX_NUMBERS = 16


def confusion_plot(matrix, names):
    """Draw a confusion matrix, each row as shares of the true class."""
    matrix = np.asarray(matrix)
    true = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, true, out=np.zeros(matrix.shape), where=true > 0)
    side = 2.2 + 0.42 * min(len(names), MAX_NAMES)
    figure, panel = _panel((side + 0.8, side))
    picture = panel.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    panel.set(xlabel="predicted", ylabel="true")
    if len(names) <= MAX_NAMES:
        panel.set_xticks(range(len(names)), names, rotation=45, ha="right")
        panel.set_yticks(range(len(names)), names)
    if len(names) <= MAX_NUMBERS:
        for (row, column), share in np.ndenumerate(shares):
            if matrix[row, column]:
                color = "white" if share > 0.5 else "black"
                text = f"{share:.1%}" if share >= 0.0005 else "<0.1%"
                panel.text(column, row, text, ha="center", va="center", color=color, size=7)
    bar = figure.colorbar(picture, ax=panel, shrink=0.8, format=lambda share, _: f"{share:.0%}")
    bar.set_label("share of the true class")
    return _svg(figure)


def threshold_plot(sweep, used, best):
    """Draw Dice, precision and recall over the threshold.

    Args:
        sweep: what `segtf.tasks.sweep.sweep` returned.
        used: threshold that the figures of the report belong to.
        best: threshold of the highest Dice, or `None`.
    """
    figure, panel = _panel()
    for name, color in (("dice", BLUE), ("precision", ORANGE), ("recall", GREEN)):
        panel.plot(sweep["threshold"], sweep[name], color=color, label=name.capitalize())
    panel.axvline(used, color="0.2", linewidth=1, label=f"used: {used:.3g}")
    if best is not None:
        panel.axvline(best, color="0.2", linewidth=1, linestyle=":", label=f"best Dice: {best:.3g}")
    panel.set(xlabel="threshold", ylabel="over all pixels", xlim=(0, 1), ylim=(0, 1.02))
    panel.legend(loc="lower center", fontsize=8)
    return _svg(figure)


def roc_plot(sweep, area):
    """Draw the receiver operating characteristic."""
    figure, panel = _panel()
    panel.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1, label="chance")
    false_alarms = [1.0, *sweep["false_positive_rate"], 0.0]
    found = [1.0, *sweep["recall"], 0.0]
    panel.plot(false_alarms, found, color=BLUE, label=f"area {area:.4f}")
    panel.set(xlabel="false positive rate", ylabel="recall", xlim=(-0.01, 1), ylim=(0, 1.01))
    panel.legend(loc="lower right", fontsize=8)
    return _svg(figure)


def reliability_plot(calibration):
    """Draw accuracy over confidence: on the diagonal, a model is as sure as it is right."""
    figure, panel = _panel()
    bins = np.flatnonzero(calibration.pixels)
    pixels = calibration.pixels[bins]
    confidence = calibration.confidence[bins] / pixels
    accuracy = calibration.correct[bins] / pixels
    panel.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1, label="calibrated")
    panel.plot(confidence, accuracy, "o-", color=BLUE, label="model")
    shares = pixels / pixels.sum()
    width = 0.8 / calibration.num_bins
    panel.bar(confidence, shares, width, color=GREY, alpha=0.5, label="share of the pixels")
    panel.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.01), ylim=(0, 1.02))
    panel.legend(loc="upper left", fontsize=8)
    return _svg(figure)


def spread_plot(image_dice):
    """Draw the Dice of all images in order, the worst first; those that are NaN are left out."""
    figure, panel = _panel()
    ordered = np.sort(image_dice[~np.isnan(image_dice)])
    places = np.arange(1, len(ordered) + 1)
    panel.bar(places, ordered, width=0.9, color=BLUE)
    panel.set(xlabel="image, the worst first", ylabel="image Dice", ylim=(0, 1.02))
    if len(ordered):
        median = np.median(ordered)
        panel.axhline(median, color=ORANGE, linewidth=1, label=f"median {median:.3f}")
        panel.legend(loc="lower right", fontsize=8)
    return _svg(figure)


def pair_plot(first, second, names):
    """Draw the Dice of each common image by two models: above the diagonal the second is better."""
    figure, panel = _panel()
    both = ~(np.isnan(first) | np.isnan(second))
    first, second = first[both], second[both]
    low = max(0.0, min(np.min(first, initial=1.0), np.min(second, initial=1.0)) - 0.03)
    panel.plot([low, 1], [low, 1], color=GREY, linestyle=":", linewidth=1)
    panel.plot(first, second, "o", color=BLUE, alpha=0.6, markersize=4)
    limits = (low, 1.01)
    panel.set(xlabel=f"image Dice, {names[0]}", ylabel=f"image Dice, {names[1]}")
    panel.set(xlim=limits, ylim=limits)
    return _svg(figure)


def _panel(size=(5.0, 3.8)):
    figure = Figure(figsize=size, layout="constrained")
    panel = figure.subplots()
    panel.spines[["top", "right"]].set_visible(False)
    return figure, panel


def _svg(figure):
    file = io.BytesIO()
    # Names of classes and runs are text, whatever signs they hold; ticks are made as it is drawn.
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    # A fixed salt and no date: the same figures give the same file.
    with matplotlib.rc_context({"svg.hashsalt": "segtf", "text.parse_math": False}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
