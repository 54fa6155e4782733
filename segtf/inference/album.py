"""All that was predicted at a glance: a contact sheet, and a page in one file."""

from segtf.data.check.sheet import visible
from segtf.files import write_atomically
from segtf.mask_files import write_picture
from segtf.pages.html import html, joined
from segtf.pages.page import page, swatch, table
from segtf.pages.pictures import picture_uri
from segtf.sheets import picture_grid, thumbnail

MOST_SHOWN = 48
"""Pictures of an album: a page with more would be too large to be mailed."""
_SIDE = 400


class Album:
    """Keeps small pictures of predictions as they come.

    Args:
        labels: the `LabelMap` of the model.
    """

    def __init__(self, labels):
        self.labels = labels
        self._cards, self._tiles, self._captions = [], [], []
        self._rows, self._failed, self._ids = [], [], set()

    def add(self, name, image, overlay, prediction):
        """Keep a prediction.

        Args:
            name: of the image.
            image: uint8 array `(H, W, C)`.
            overlay: uint8 RGB picture of what was predicted.
            prediction: the `Prediction`.
        """
        ids = map(self.labels.names.index, prediction.names)
        shares = dict(zip(ids, map(float, prediction.coverage), strict=True))
        found = [id_ for id_, share in shares.items() if share > 0]
        self._ids.update(found)
        height, width = prediction.mask.shape[:2]
        sure = "–" if prediction.confidence is None else f"{prediction.confidence:.0%}"
        self._rows.append((name, f"{width} x {height}", sure, shares))
        if len(self._cards) >= MOST_SHOWN:
            return
        largest = sorted(found, key=lambda id_: -shares[id_])
        said = ", ".join(f"{self.labels.names[id_]} {shares[id_]:.1%}" for id_ in largest)
        pictures = {"image": visible(image), "prediction": overlay}
        self._cards.append(_card(name, said, pictures))
        self._tiles.append(thumbnail(overlay))
        self._captions.append([name, said])

    def fail(self, name, cause):
        """Keep that an image has no prediction, and why."""
        self._failed.append((name, cause))

    @property
    def is_empty(self):
        """Whether nothing was added, and nothing failed."""
        return not self._rows and not self._failed

    def write(self, model, sheet, path):
        """Write what was kept.

        Args:
            model: name of what predicted.
            sheet: a ``.jpg`` file for the contact sheet; none is written without a prediction.
            path: an ``.html`` file for the page.
        """
        if self._tiles:
            write_picture(picture_grid(self._tiles, self._captions, self._legend()), sheet)
        write_atomically(path, self._page(model))

    def _legend(self):
        """Names and colours of what the overlays paint."""
        labels = self.labels
        ids = sorted(self._ids - {labels.background})
        return {labels.names[id_]: labels.colors[id_] for id_ in ids}

    def _page(self, model):
        count, shown = len(self._rows), len(self._cards)
        first = f", the first {shown} of them as pictures" if shown < count else ""
        title = f"Predictions of {model}"
        return page(
            title,
            html('<h1>{}</h1><p class="soft">{}</p>', title, f"{_images(count)}{first}"),
            self._failures(),
            html(
                '<h2>Predictions</h2><p class="legend">{}</p><div class="cards">{}</div>',
                joined(swatch(name, color) for name, color in self._legend().items()),
                joined(self._cards, between="\n"),
            ),
            self._table() if count else "",
        )

    def _failures(self):
        if not self._failed:
            return ""
        return html(
            '<div class="finding error"><p>{}</p><ul>{}</ul></div>',
            f"{_images(len(self._failed))} without a prediction",
            joined(html("<li>{}: {}</li>", name, cause) for name, cause in self._failed),
        )

    def _table(self):
        ids = sorted(self._ids)
        header = ["image", "pixels", "mean confidence", *(self.labels.names[id_] for id_ in ids)]
        rows = [
            [name, size, sure, *(f"{shares[id_]:.1%}" for id_ in ids)]
            for name, size, sure, shares in self._rows
        ]
        return html("<h2>All images</h2><p>Share of the pixels.</p>{}", table(header, rows))


def _card(name, said, pictures):
    shown = joined(
        html(
            '<figure><img src="{}" alt="{}" loading="lazy"></figure>',
            picture_uri(picture, longest_side=_SIDE),
            f"{title}: {name}",
        )
        for title, picture in pictures.items()
    )
    return html(
        '<div class="case"><h3>{}<span>{}</span></h3><div class="pictures">{}</div></div>',
        name,
        said,
        shown,
    )


def _images(count):
    return f"{count} image{'' if count == 1 else 's'}"
