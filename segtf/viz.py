"""Pictures to judge by: masks in colour, overlays, errors, contact sheets, curves."""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy import ndimage

from segtf.files import replacing
from segtf.history import best_epoch
from segtf.labels import IGNORE_CLASS
from segtf.sheets import contact_sheet, rgb_picture

__all__ = [
    "ERROR_COLORS",
    "IGNORED_COLOR",
    "colorize",
    "contact_sheet",
    "error_colors",
    "error_map",
    "overlay",
    "paint_kinds",
    "plot_history",
    "plot_rate_range",
]

IGNORED_COLOR = (64, 64, 64)

# Told apart without telling red from green: Okabe and Ito, "Color Universal Design" (2008).
ERROR_COLORS = {
    "hit": (255, 255, 255),
    "missed": (213, 94, 0),
    "false alarm": (0, 114, 178),
    "wrong class": (240, 228, 66),
    "ignored": IGNORED_COLOR,
}

_ERRORS = ("missed", "false alarm", "wrong class")
_ERROR_TRIPLES = (
    tuple(ERROR_COLORS[kind] for kind in _ERRORS),
    ((204, 121, 167), (86, 180, 233), (240, 228, 66)),
    ((230, 159, 0), (0, 114, 178), (0, 158, 115)),
    ((230, 0, 180), (120, 60, 255), (240, 228, 66)),
    ((0, 158, 115), (120, 60, 255), (240, 228, 66)),
    ((120, 60, 255), (86, 180, 233), (120, 255, 60)),
)
"""Of each, red and green need not be distinguished either."""
_CURVES = {
    "loss": ("loss", "lower is better"),
    "mean_dice": ("mean Dice", "over all pixels, 1 is best"),
    "mean_iou": ("mean IoU", "over all pixels, 1 is best"),
    "pixel_accuracy": ("pixel accuracy", "share of all pixels"),
    "learning_rate": ("learning rate", "at the end of the epoch"),
    "seconds": ("time", "seconds for the epoch"),
}
"""Column of a history to what is above and beside its curve."""
_FAR_ENOUGH = 120  # in RGB: then the usual colours are taken
_DIMMED, _HIT_SHARE = 0.4, 0.5

TRAINING_COLOR, VALIDATION_COLOR = "#0072b2", "#d55e00"


def colorize(mask, labels):
    """Paint each class in its colour.

    Args:
        mask: class ids `(H, W)`, integer or bool.
        labels: the `LabelMap` of the classes.

    Returns:
        uint8 RGB `(H, W, 3)`; the ignore class is dark grey, which no palette of ours uses.

    Raises:
        ValueError: for a mask of another shape or type, or an id that `labels` does not have.

    Example:

    >>> from segtf.labels import LabelMap
    >>> labels = LabelMap(("skin", "lesion"), colors=((0, 0, 0), (255, 0, 0)))
    >>> colorize(np.array([[0, 1, 255]]), labels).tolist()
    [[[0, 0, 0], [255, 0, 0], [64, 64, 64]]]
    """
    mask = _class_ids(mask, labels)
    palette = np.zeros((256, 3), np.uint8)
    palette[: labels.num_classes] = labels.colors
    if labels.ignore_class is not None:
        palette[labels.ignore_class] = IGNORED_COLOR
    return palette[mask]


def overlay(image, mask, labels, alpha=0.45):
    """Lay the classes over an image: translucent, with a contour in full colour.

    The background of `labels`, where they have one, stays clear.

    Args:
        image: uint8 `(H, W)`, `(H, W, 1)` or `(H, W, 3)`.
        mask: class ids `(H, W)`, integer or bool.
        labels: the `LabelMap` of the classes.
        alpha: opacity of the colours in 0..1.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        ValueError: for image and mask of different size, an id that `labels` does not have, or
            values of another type or range.

    Example:

    >>> from segtf.labels import LabelMap
    >>> labels = LabelMap(("skin", "lesion"))
    >>> mask = np.zeros((64, 64), np.uint8)
    >>> mask[16:48, 16:48] = 1
    >>> overlay(np.full((64, 64, 3), 200, np.uint8), mask, labels)[0, 0].tolist()
    [200, 200, 200]
    """
    image = rgb_picture(image)
    mask = _class_ids(mask, labels)
    if image.shape[:2] != mask.shape:
        raise ValueError(
            "Expected an image and a mask of the same height and width. "
            f"Received: {image.shape[:2]} and {mask.shape}"
        )
    if not 0 <= alpha <= 1:
        raise ValueError(f"Expected an alpha in 0..1. Received: {alpha}")
    colors = colorize(mask, labels)
    shown = np.ones(mask.shape, bool) if labels.background is None else mask != labels.background

    # As wide in a thumbnail of the picture as in the picture itself.
    width = 1 + 2 * max(1, round(min(mask.shape) / 150))
    contour = ndimage.maximum_filter(mask, width) != ndimage.minimum_filter(mask, width)
    opacity = np.where(shown, np.where(contour, 1, alpha), 0).astype(np.float32)[..., None]
    return np.round(image + opacity * (colors.astype(np.float32) - image)).astype(np.uint8)


def error_colors(labels):
    """Return colours for `error_map` that are none of those of the classes.

    Args:
        labels: the `LabelMap` of the classes.

    Returns:
        `ERROR_COLORS`, or others for the three kinds of errors where these are near those of a
        class; of several sets that which is farthest.

    Example:

    >>> from segtf.labels import LabelMap
    >>> error_colors(LabelMap(("skin", "lesion"), ((0, 0, 0), (255, 0, 255)))) == ERROR_COLORS
    True
    >>> error_colors(LabelMap(("skin", "lesion"), ((0, 0, 0), (213, 94, 0))))["missed"]
    (204, 121, 167)
    """
    painted = [rgb for id_, rgb in enumerate(labels.colors) if id_ != labels.background]

    def distance(triple):
        gaps = np.array(triple, float)[:, None] - np.array(painted, float)
        return min(np.linalg.norm(gaps, axis=-1).min(), _FAR_ENOUGH)

    return ERROR_COLORS | dict(zip(_ERRORS, max(_ERROR_TRIPLES, key=distance), strict=True))


def error_map(truth, prediction, ignore_class=IGNORE_CLASS, background=0, image=None, colors=None):
    """Paint where a prediction is right and how it is wrong, in the colours of `ERROR_COLORS`.

    Background that was found is black, or the image dimmed and without its colours. Another class
    where there is background is a false alarm, the reverse is missed, and one class for another is
    a wrong class.

    Args:
        truth: class ids `(H, W)`, integer or bool.
        prediction: class ids `(H, W)`, integer or bool.
        ignore_class: id in `truth` of pixels that count nowhere, or `None`.
        background: id of the background, or `None` where every pixel is of some class, as in
            street scenes; all errors are wrong classes then.
        image: uint8 `(H, W)`, `(H, W, 1)` or `(H, W, 3)` to lay the errors over, or `None`. What
            is right is a white veil over it.
        colors: what `error_colors` returned; by default `ERROR_COLORS`.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        ValueError: for masks, or an image, of different size or of another type.

    Example:

    >>> error_map(np.array([[0, 1, 1, 0]]), np.array([[0, 1, 0, 1]])).tolist()
    [[[0, 0, 0], [255, 255, 255], [213, 94, 0], [0, 114, 178]]]
    """
    truth, prediction = _mask(truth), _mask(prediction)
    if truth.shape != prediction.shape:
        raise ValueError(
            "Expected a truth and a prediction of the same height and width. "
            f"Received: {truth.shape} and {prediction.shape}"
        )
    wrong = truth != prediction
    kinds = {
        "hit": ~wrong & (truth != background),
        "wrong class": wrong,
        "missed": wrong & (prediction == background),
        "false alarm": wrong & (truth == background),
    }
    if ignore_class is not None:
        kinds["ignored"] = truth == ignore_class
    return paint_kinds(kinds, truth.shape, image, colors)


def paint_kinds(kinds, size, image=None, colors=None):
    """Paint right and wrong, later kinds over earlier ones; the rest is as `error_map` leaves it.

    Args:
        kinds: name, as in `ERROR_COLORS`, to bool array `(H, W)`.
        size: height and width.
        image: uint8 `(H, W)`, `(H, W, 1)` or `(H, W, 3)` to lay the errors over, or `None`.
        colors: what `error_colors` returned; by default `ERROR_COLORS`.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        ValueError: for an image of different size.
    """
    picture = np.zeros((*size, 3), np.uint8) if image is None else _dimmed(image)
    if picture.shape[:2] != tuple(size):
        raise ValueError(
            "Expected an image and masks of the same height and width. "
            f"Received: {picture.shape[:2]} and {size}"
        )
    veil = {} if image is None else {"hit": _HIT_SHARE}
    for kind, where in kinds.items():
        color = np.array((colors or ERROR_COLORS)[kind], np.float32)
        share = veil.get(kind, 1)
        picture[where] = np.round(picture[where] * (1 - share) + color * share)
    return picture


def plot_history(history, path, monitor="val_mean_iou"):
    """Draw the curve of each metric over the epochs, training and validation together.

    Args:
        history: a dict of numbers for each epoch, with `epoch`; the validation's metrics are
            named like the training's after `val_`. A metric may be left out of some epochs.
        path: file to write, of a format by its suffix (`.png`, `.svg`); replaced if there.
        monitor: the metric whose best epoch is marked, where the history has it: the lowest of
            a loss, the highest of any other.

    Raises:
        ValueError: if the history is empty, has no `epoch`, or has no metric.

    Example:

    >>> import tempfile, pathlib
    >>> curves = pathlib.Path(tempfile.mkdtemp()) / "curves.svg"
    >>> plot_history([{"epoch": 1, "loss": 0.7, "val_loss": 0.8}], curves)
    >>> curves.exists()
    True
    """
    if not history or any("epoch" not in row for row in history):
        raise ValueError(f"Expected a dict with 'epoch' for each epoch. Received: {history!r}")
    columns = dict.fromkeys(name for row in history for name in row if name != "epoch")
    names = list(dict.fromkeys(name.removeprefix("val_") for name in columns))
    if not names:
        raise ValueError(f"Expected a history with metrics beside 'epoch'. Received: {history!r}")
    best = best_epoch(history, monitor)
    if best is not None:
        best = history[best]["epoch"]

    across = min(math.ceil(math.sqrt(len(names))), 3)
    down = math.ceil(len(names) / across)
    figure = Figure(figsize=(4.2 * across, 3.2 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel, name in zip(panels, names, strict=False):
        for column, label, color in (
            (name, "training", TRAINING_COLOR),
            (f"val_{name}", "validation", VALIDATION_COLOR),
        ):
            if column in columns:
                epochs, values = _curve(history, column)
                panel.plot(epochs, values, ".-", color=color, label=label, linewidth=1.5)
        if best is not None:
            panel.axvline(best, color="0.4", linestyle=":", label=f"best epoch: {best:g}")
        title, unit = _CURVES.get(name, (name.replace("_", " "), ""))
        panel.set(title=title, xlabel="epoch", ylabel=unit)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3)
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    panels[0].legend()
    with replacing(path) as beside:
        figure.savefig(beside, dpi=110)


def _dimmed(image):
    """A picture without its colours, dark enough for others to stand out."""
    grey = rgb_picture(image) @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.repeat(np.round(_DIMMED * grey).astype(np.uint8)[..., None], 3, axis=-1)


def _mask(mask):
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype.kind not in "iub":
        raise ValueError(
            "Expected a mask of class ids as integers (H, W). "
            f"Received: {mask.dtype} of shape {mask.shape}"
        )
    return mask


def _class_ids(mask, labels):
    mask = _mask(mask)
    unknown = set(np.unique(mask).tolist()) - {*range(labels.num_classes), labels.ignore_class}
    if unknown:
        raise ValueError(
            f"Expected class ids 0..{labels.num_classes - 1} or the ignore class "
            f"{labels.ignore_class}. Received: {sorted(unknown)[:10]}"
        )
    return mask.astype(np.uint8)


def _curve(history, column):
    points = [(row["epoch"], row[column]) for row in history if column in row]
    return np.array(points, np.float64).T


def plot_rate_range(rates, losses, smoothed, suggestion, path):
    """Draw the loss over the learning rates of a range test.

    Args:
        rates: learning rates, rising.
        losses: the loss at each.
        smoothed: the same, averaged over some steps.
        suggestion: learning rate that is marked.
        path: file to write, of a format by its suffix (`.png`, `.svg`); replaced if there.
    """
    figure = Figure(figsize=(6, 4), layout="constrained")
    panel = figure.subplots()
    panel.plot(rates, losses, ".", color="0.75", label="each step")
    panel.plot(rates, smoothed, color=TRAINING_COLOR, label="averaged over steps")
    panel.axvline(suggestion, color="0.4", linestyle=":", label=f"suggested: {suggestion:g}")
    panel.set(xscale="log", xlabel="learning rate", ylabel="loss")
    panel.set_ylim(0, 1.3 * smoothed[0])
    panel.legend()
    with replacing(path) as beside:
        figure.savefig(beside, dpi=110)
