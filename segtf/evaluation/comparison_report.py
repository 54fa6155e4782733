"""A comparison as lines for a terminal, as tables and as a page."""

import numpy as np

from segtf.evaluation.bootstrap import FEWEST_IMAGES
from segtf.evaluation.plots import pair_plot
from segtf.evaluation.tables import write_table
from segtf.files import write_atomically
from segtf.pages.html import html, joined
from segtf.pages.page import estimate, interval, number, page, plot, table

REPORT_TITLES = {"roc_auc": "ROC area", "expected_calibration_error": "calibration error"}
MOST_APART = 30


def comparison_lines(comparison):
    """Yield the comparison as lines of text."""
    width = 2 + max(map(len, comparison.names))
    titles = comparison.titles
    yield f"{len(comparison.ids)} images in common ({_own_counts(comparison)})"
    yield ("".ljust(width) + "".join(f"{title:<28}" for title in titles.values())).rstrip()
    for model, name in enumerate(comparison.names):
        cells = (
            f"{comparison.summaries[model][key]:.4f}{_ends(comparison.interval(key, model))}"
            for key in titles
        )
        yield (name.ljust(width) + "".join(f"{cell:<28}" for cell in cells)).rstrip()
    if not comparison.has_intervals:
        yield f"no intervals: fewer than {FEWEST_IMAGES} images"
    yield f"Difference to {comparison.names[0]}, same images (* the interval leaves out 0):"
    for model, name in list(enumerate(comparison.names))[1:]:
        cells = (_difference(comparison, key, model) for key in titles)
        yield (name.ljust(width) + "".join(f"{cell:<28}" for cell in cells)).rstrip()


def write_comparison(comparison, folder):
    """Write ``comparison.html``, ``comparison.csv`` and ``comparison_images.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "comparison.html", _page(comparison))
    rows = [_row(comparison, model) for model in range(len(comparison.names))]
    write_table(folder / "comparison.csv", list(rows[0]), (row.values() for row in rows))
    dice = zip(comparison.ids, *(scores.dice for scores in comparison.scores), strict=True)
    write_table(folder / "comparison_images.csv", ["id", *comparison.names], dice)


def _row(comparison, model):
    """What is known of a model, by column of ``comparison.csv``."""
    row = {
        "model": comparison.names[model],
        "settings": comparison.settings[model],
        "images": len(comparison.ids),
    }
    for key in comparison.titles:
        row[key] = comparison.summaries[model][key]
        row[f"{key}_low"], row[f"{key}_high"] = comparison.interval(key, model)
        difference, (low, high) = comparison.difference(key, model)
        row[f"{key}_difference"] = difference
        row[f"{key}_difference_low"], row[f"{key}_difference_high"] = low, high
    for key in REPORT_TITLES:
        row[key] = comparison.report_figure(key, model)
    for class_name, iou in zip(comparison.class_names, comparison.class_iou[model], strict=True):
        row[f"iou {class_name}"] = iou
    return row


def _page(comparison):
    first = comparison.names[0]
    title = " and ".join(comparison.names) if len(comparison.names) == 2 else "Comparison"
    pairs = [
        plot(
            pair_plot(comparison.scores[0].dice, scores.dice, (first, name)),
            f"Each image: above the line {name} is better",
        )
        for name, scores in list(zip(comparison.names, comparison.scores, strict=True))[1:]
    ]
    return page(
        title,
        html(
            '<h1>{}</h1><p class="soft">{} images in common ({}), each at its own resolution</p>',
            title,
            len(comparison.ids),
            _own_counts(comparison),
        ),
        html("<h2>Figures</h2>{}", _figures_table(comparison)),
        html(
            "<p>Differences are to {}, with the 95% interval of the paired bootstrap over the "
            "common images; bold where it leaves out 0.</p>",
            first,
        ),
        html("<h2>Class IoU</h2>{}", _classes_table(comparison)),
        html('<h2>Image by image</h2><div class="plots">{}</div>', joined(pairs)),
        _images_table(comparison),
    )


def _figures_table(comparison):
    header = ["model", ""]
    titles = comparison.titles
    for title in titles.values():
        header += [title, "difference"]
    header += REPORT_TITLES.values()
    rows = []
    for model, name in enumerate(comparison.names):
        row = [name, comparison.settings[model]]
        for key in titles:
            row.append(estimate(comparison.summaries[model][key], comparison.interval(key, model)))
            row.append(_difference_cell(comparison, key, model) if model else "–")
        row += [number(comparison.report_figure(key, model)) for key in REPORT_TITLES]
        rows.append(row)
    return table(header, rows)


def _classes_table(comparison):
    rows = [
        [class_name, *(number(value) for value in comparison.class_iou[:, index])]
        for index, class_name in enumerate(comparison.class_names)
    ]
    return table(["class", *comparison.names], rows)


def _images_table(comparison):
    dice = np.stack([scores.dice for scores in comparison.scores], axis=1)
    apart = np.where(np.isnan(dice).any(axis=1), 0.0, np.ptp(dice, axis=1))
    order = np.argsort(-apart, kind="stable")[:MOST_APART]
    rows = [[comparison.ids[image], *(number(value) for value in dice[image])] for image in order]
    header = ["image", *(f"image Dice, {name}" for name in comparison.names)]
    shown = table(header, rows)
    return html("<p>The {} images that they differ on most:</p>{}", len(order), shown)


def _difference(comparison, key, model):
    difference, (low, high) = comparison.difference(key, model)
    mark = "*" if _leaves_out_zero(low, high) else ""
    ends = f" ({low:+.3f} to {high:+.3f})" if comparison.has_intervals else ""
    return f"{difference:+.4f}{ends}{mark}"


def _difference_cell(comparison, key, model):
    difference, (low, high) = comparison.difference(key, model)
    cell = html("<b>{:+.4f}</b>" if _leaves_out_zero(low, high) else "{:+.4f}", difference)
    if not comparison.has_intervals:
        return cell
    return html("{}<small>{:+.3f} to {:+.3f}</small>", cell, low, high)


def _ends(ends):
    text = interval(ends)
    return f" ({text})" if text else ""


def _leaves_out_zero(low, high):
    return low > 0 or high < 0


def _own_counts(comparison):
    return ", ".join(
        f"{name}: {count}"
        for name, count in zip(comparison.names, comparison.image_counts, strict=True)
    )
