"""The parity report: exported models beside the Keras model, as JSON, table and picture."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from segtf.comparing.side_by_side import Case
from segtf.comparing.speed import Speed
from segtf.files import write_atomically
from segtf.labels import LabelMap
from segtf.task_settings import SemanticSettings
from segtf.tasks.choice import TASKS
from segtf.viz import contact_sheet

_FORMAT_VERSION = 1
_DIFFERENT = (213, 94, 0)


@dataclass(frozen=True)
class Row:
    """One model of the table.

    Args:
        name: of the file or folder.
        format: one of the formats of `segtf.export`, or ``keras``.
        size_in_bytes: of the file, or of all files in the folder.
        agreement: share of the pixels, 0..1, that have the class that the first model gives them.
        max_difference: largest difference of a logit; `None` where there is none to compare.
        mean_iou: as `segtf evaluate` gives it; `None` without labelled images.
        iou_drop: points (hundredths) of mean IoU lost against the first model.
        speed: `Speed`, or `None` where it was not measured.
    """

    name: str
    format: str
    size_in_bytes: int
    agreement: float
    max_difference: float | None
    mean_iou: float | None
    iou_drop: float | None
    speed: Speed | None


@dataclass(frozen=True)
class ParityReport:
    """Models side by side on the same images; the first is the reference.

    Args:
        rows: `Row`s, in order.
        labels: the `LabelMap`.
        images: number of images compared on.
        labelled: number of those that have labels.
        origin: where the images come from, for a person.
        cases: `Case`s of least agreement, for the picture.
        details: further plain values for the JSON file.
        task: name of the task.
    """

    rows: tuple[Row, ...]
    labels: LabelMap
    images: int
    labelled: int
    origin: str
    cases: tuple[Case, ...]
    details: Mapping[str, object] = field(default_factory=dict)
    task: str = SemanticSettings.name

    def to_dict(self):
        """Return plain values for JSON."""
        return {
            "format_version": _FORMAT_VERSION,
            "images": self.images,
            "labelled_images": self.labelled,
            "images_from": self.origin,
            "models": [asdict(row) for row in self.rows],
            **self.details,
        }

    def table(self, markdown=False):
        """Return the figures as lines of text: aligned columns, or a Markdown table.

        What was not measured is "-". Milliseconds are for one image at 50% and 95% of the runs,
        memory is that above the runtime's own.
        """
        task = TASKS[self.task]
        title = task.titles(task.names(self.labels))["mean_iou"]
        header = [title if name == "mean IoU" else name for name in _HEADER]
        columns = zip(header, *map(_cells, self.rows), strict=True)
        columns = [column for column in columns if set(column[1:]) != {"-"}]
        cells = list(zip(*columns, strict=True))
        if markdown:
            rule = ["---" if place == 0 else "---:" for place in range(len(columns))]
            return [f"| {' | '.join(row)} |" for row in (cells[0], rule, *cells[1:])]
        widths = [max(map(len, column)) for column in columns]
        return [
            "  ".join(
                cell.ljust(width) if place == 0 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]

    def save(self, folder, name):
        """Write ``NAME.json``, ``NAME.md`` (the table) and ``NAME.png`` (see `draw`)."""
        self.save_figures(folder, name)
        self.draw(folder / f"{name}.png")

    def save_figures(self, folder, name):
        """Write ``NAME.json`` and ``NAME.md`` alone, in which no image of the data is shown."""
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / f"{name}.json", json.dumps(self.to_dict(), indent=2) + "\n")
        write_atomically(folder / f"{name}.md", "\n".join(self.table(markdown=True)) + "\n")

    def draw(self, path):
        """Draw the images of least agreement: image, truth, each model's mask, differences."""
        has_truth = self.labelled > 0
        titles = ["image", *(["truth"] if has_truth else []), self.rows[0].name]
        for row in self.rows[1:]:
            titles += [row.name, "differs"]
        contact_sheet(
            [self._pictures(case) for case in self.cases],
            titles,
            path,
            captions=[f"{case.example.name}: {case.agreement:.3%} alike" for case in self.cases],
            labels=self.labels,
            legend={"differs from the first model": _DIFFERENT},
        )

    def _pictures(self, case):
        image = case.example.image
        if image.shape[-1] not in (1, 3):
            image = image[..., :1]
        pictures = [image]
        if case.example.truth is not None:
            pictures.append(self._overlay(image, case.example.truth))
        pictures.append(self._overlay(image, case.masks[0]))
        for mask in case.masks[1:]:
            pictures += [self._overlay(image, mask), _differences(case.masks[0], mask)]
        return pictures

    def _overlay(self, image, mask):
        return TASKS[self.task].pictures(image, None, mask, self.labels)["prediction"]


def _differences(one, other):
    differs = one != other
    if differs.ndim == 3:  # of each class whether it is there
        differs = differs.any(axis=-1)
    picture = np.full((*differs.shape, 3), 255, np.uint8)
    picture[differs] = _DIFFERENT
    return picture


_HEADER = (
    "model", "format", "MB", "agreement", "logit difference", "mean IoU", "points lost",
    "p50 ms", "p95 ms", "threads", "peak MB",
)  # fmt: skip


def _cells(row):
    speed = row.speed
    return [
        row.name,
        row.format,
        f"{row.size_in_bytes / 1e6:.2f}",
        f"{row.agreement:.3%}",
        _shown(row.max_difference, ".2g"),
        _shown(row.mean_iou, ".4f"),
        _shown(row.iou_drop, ".2f"),
        *(
            ("-", "-", "-", "-")
            if speed is None
            else (
                f"{speed.p50_ms:.1f}",
                f"{speed.p95_ms:.1f}",
                str(speed.threads),
                _shown(speed.peak_memory and speed.peak_memory / 1e6, ".0f"),
            )
        ),
    ]


def _shown(value, how):
    return "-" if value is None else format(value, how)


def make_rows(names, formats, sizes, comparison, speeds):
    """Return the `Row`s of what `segtf.comparing.side_by_side.side_by_side` found."""
    first = comparison.figures[0].mean_iou
    return tuple(
        Row(
            name,
            format_,
            size,
            figures.agreement,
            figures.max_difference,
            figures.mean_iou,
            None if None in (first, figures.mean_iou) else 100 * (first - figures.mean_iou),
            speed,
        )
        for name, format_, size, figures, speed in zip(
            names, formats, sizes, comparison.figures, speeds, strict=True
        )
    )
