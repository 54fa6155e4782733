"""The metrics of each epoch of a training: the table of a run, and its best row."""

import csv
import math

DEFAULT_MONITOR = "val_mean_dice"


def read_history(path):
    """Read the metrics of each epoch.

    Args:
        path: of the CSV file.

    Returns:
        A list of dicts of numbers, empty if there is no such file.

    Raises:
        ValueError: if it is damaged.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [
                {name: float(value) for name, value in row.items() if value}
                for row in csv.DictReader(file)
            ]
    except (ValueError, TypeError, csv.Error) as error:
        raise ValueError(f"Expected a table of numbers. Received: {path} ({error})") from None
    if any("epoch" not in row for row in rows):
        raise ValueError(
            f"Expected a table of numbers with the column epoch. Received: {path}, without it"
        )
    return rows


def best_epoch(history, monitor=DEFAULT_MONITOR):
    """Return the best epoch of a training by the metric that it monitored.

    Where that metric is the same for several, the lowest loss decides: of the validation, then of
    the training. What is not a number is worse than any number.

    Args:
        history: a dict of numbers for each epoch.
        monitor: the metric; a loss is best where it is lowest, any other where it is highest.

    Returns:
        Index of the epoch; `None` if no epoch has that metric.

    Example:

    >>> rows = [{"val_mean_dice": 0.0, "val_loss": 0.9}, {"val_mean_dice": 0.0, "val_loss": 0.7}]
    >>> best_epoch(rows), best_epoch(rows, "val_mean_iou")
    (1, None)
    """
    if not any(monitor in row for row in history):
        return None

    def rank(index):
        row = history[index]
        metrics = [row.get(name, math.nan) for name in (monitor, "val_loss", "loss")]
        signs = (-1.0 if "loss" in monitor else 1.0, -1.0, -1.0)
        return [
            -math.inf if math.isnan(metric) else sign * metric
            for sign, metric in zip(signs, metrics, strict=True)
        ]

    return max(range(len(history)), key=rank)
