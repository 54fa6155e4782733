"""The figures of an evaluation as CSV: by image, by class, by image and class, by threshold."""

import csv
import io

import numpy as np

from segtf.files import write_atomically
from segtf.tasks.sweep import sweep

COUNTS = ("true_positive", "false_positive", "false_negative")


def write_tables(evaluation, summary):
    """Write ``images.csv``, ``classes.csv``, ``image_classes.csv`` and ``thresholds.csv``.

    A figure that is not defined is an empty cell.

    Args:
        evaluation: an `Evaluation` with a folder.
        summary: its summary.
    """
    folder = evaluation.folder
    write_table(folder / "images.csv", *_by_image(evaluation))
    write_table(folder / "classes.csv", *_by_class(summary))
    write_table(folder / "image_classes.csv", *_by_image_and_class(evaluation))
    if evaluation.curves:
        write_table(folder / "thresholds.csv", *_by_threshold(evaluation.curves))


def write_table(path, header, rows):
    """Write a CSV file; what is `None` or NaN is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    write_atomically(path, text.getvalue())


def read_scores(folder, class_names, scores_of):
    """Read the counts back that `write_tables` wrote.

    Args:
        folder: folder of the report.
        class_names: names of the classes, in order.
        scores_of: that of the `segtf.tasks.task.Task`.

    Returns:
        What `scores_of` makes of them.

    Raises:
        ValueError: if the tables are not there or do not fit together.
    """
    ids = [row["id"] for row in _read(folder / "images.csv", ("id",))]
    places = {id_: place for place, id_ in enumerate(ids)}
    classes = {name: place for place, name in enumerate(class_names)}
    counts = np.zeros((len(COUNTS), len(ids), len(classes)), np.int64)
    for row in _read(folder / "image_classes.csv", ("id", "class", *COUNTS)):
        if row["id"] not in places or row["class"] not in classes:
            raise ValueError(
                f"Expected {folder / 'image_classes.csv'} to hold the images and classes of the "
                f"report. Received: {row['id']}, {row['class']}"
            )
        place = (places[row["id"]], classes[row["class"]])
        counts[:, *place] = [int(row[name]) for name in COUNTS]
    return scores_of(ids, *counts)


def _by_image(evaluation):
    columns = {"id": evaluation.ids, **evaluation.scores.by_image}
    if evaluation.outlines is not None:
        columns.update(evaluation.image_outlines._asdict())
    return list(columns), zip(*columns.values(), strict=True)


def _by_class(summary):
    rows = []
    for name, figures in summary["per_class"].items():
        row = {"class": name}
        for figure, value in figures.items():
            if figure.endswith("_interval"):
                quantity = figure.removesuffix("_interval")
                row[f"{quantity}_low"], row[f"{quantity}_high"] = value
            else:
                row[figure] = value
        rows.append(row)
    return list(rows[0]), (row.values() for row in rows)


def _by_image_and_class(evaluation):
    """Only the classes that truth or prediction holds, so that many classes stay readable."""
    scores, names = evaluation.scores, evaluation.class_names
    counts = np.stack(scores.counts[:3], axis=-1)
    rows = (
        (scores.ids[image], names[class_id], *map(int, counts[image, class_id]))
        for image, class_id in np.argwhere(counts.any(axis=-1))
    )
    return ["id", "class", *COUNTS], rows


def _by_threshold(curves):
    """Of several classes, each line says of which it is."""
    header, rows = [], []
    for name, curve in curves.items():
        figures = sweep(curve)
        of_class = {"class": [name] * len(figures["threshold"])} if len(curves) > 1 else {}
        columns = {**of_class, **figures}
        header = list(columns)
        rows += zip(*columns.values(), strict=True)
    return header, rows


def _cell(value):
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.6f}"
    return value


def _read(path, columns):
    if not path.is_file():
        raise ValueError(
            "Expected the report of an evaluation: run `segtf evaluate` first. "
            f"Received: {path}, which does not exist"
        )
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            names, rows = reader.fieldnames or (), list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"Expected a table of figures. Received: {path} ({error})") from None
    missing = [name for name in columns if name not in names]
    if missing:
        raise ValueError(
            f"Expected a table with the columns {', '.join(columns)}. "
            f"Received: {path}, without {', '.join(missing)}"
        )
    return rows
