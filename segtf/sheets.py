"""Contact sheets: pictures of any size, side by side as thumbnails, with text."""

import math
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from segtf.files import replacing

THUMBNAIL = 256
MARGIN = 8
LINE = 24


def contact_sheet(rows, titles, path, captions=None, labels=None, legend=None):
    """Draw a grid of pictures as thumbnails to a PNG file.

    Args:
        rows: rows of pictures, each uint8 `(H, W)`, `(H, W, 1)` or `(H, W, 3)` of any size.
        titles: one title for each column.
        path: file to write; what was there is replaced.
        captions: one line of text for each row, such as its sample id, drawn below it.
        labels: a `LabelMap` whose names and colours are explained below the pictures.
        legend: further names and colours to explain, such as `ERROR_COLORS`.

    Raises:
        ValueError: if there are no pictures, or not one for each title in each row, or not one
            caption for each row.

    Example:

    >>> import tempfile, pathlib
    >>> sheet = pathlib.Path(tempfile.mkdtemp()) / "sheet.png"
    >>> contact_sheet([[np.zeros((48, 64), np.uint8)]], ["image"], sheet)
    >>> with Image.open(sheet) as picture:
    ...     picture.size
    (272, 232)
    """
    rows = [list(row) for row in rows]
    if not rows or not titles or any(len(row) != len(titles) for row in rows):
        raise ValueError(
            f"Expected rows of one picture for each of the titles {list(titles)}. "
            f"Received: rows of {[len(row) for row in rows]} pictures"
        )
    if captions is not None and len(captions) != len(rows):
        raise ValueError(
            f"Expected one caption for each of {len(rows)} rows. Received: {len(captions)}"
        )
    thumbnails = [[thumbnail(picture) for picture in row] for row in rows]
    entries = _legend_entries(labels, legend)
    width = MARGIN + len(titles) * (THUMBNAIL + MARGIN)
    swatches, legend_height = _arrange(entries, width)
    heights = [max(tile.height for tile in row) + (LINE if captions else 0) for row in thumbnails]
    height = MARGIN + LINE + sum(heights) + MARGIN * len(rows) + legend_height

    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    lefts = [MARGIN + column * (THUMBNAIL + MARGIN) for column in range(len(titles))]
    for left, title in zip(lefts, titles, strict=True):
        pen.text((left, MARGIN), str(title), "black", _font())
    top = MARGIN + LINE
    for index, row in enumerate(thumbnails):
        for left, tile in zip(lefts, row, strict=True):
            sheet.paste(tile, (left, top))
        if captions:
            below = top + heights[index] - LINE + 3
            pen.text((MARGIN, below), str(captions[index]), "black", _font())
        top += heights[index] + MARGIN
    _draw_legend(pen, entries, swatches, top)
    with replacing(path) as beside:
        sheet.save(beside, format="PNG")


def picture_grid(thumbnails, captions, legend=None, across=6):
    """Return pictures side by side, each with its text below it, as a PIL image.

    Args:
        thumbnails: what `thumbnail` returned, at least one.
        captions: lines of text for each picture, as many for each; what is too long is shortened.
        legend: names and colours that are explained below the pictures.
        across: pictures in a row, at most.

    Example:

    >>> tile = thumbnail(np.zeros((64, 64), np.uint8))
    >>> picture_grid([tile, tile, tile], [["a"], ["b"], ["c"]], across=2).size
    (536, 584)
    """
    across = min(across, len(thumbnails))
    width = MARGIN + across * (THUMBNAIL + MARGIN)
    entries = _legend_entries(None, legend)
    swatches, legend_height = _arrange(entries, width)
    starts = range(0, len(thumbnails), across)
    heights = [
        max(tile.height for tile in thumbnails[start : start + across]) + LINE * len(captions[0])
        for start in starts
    ]
    height = MARGIN + sum(heights) + MARGIN * len(heights) + legend_height

    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    top = MARGIN
    for start, row_height in zip(starts, heights, strict=True):
        below = top + row_height - LINE * len(captions[0])
        for column, tile in enumerate(thumbnails[start : start + across]):
            left = MARGIN + column * (THUMBNAIL + MARGIN)
            sheet.paste(tile, (left, top))
            for line, text in enumerate(captions[start + column]):
                place = (left, below + 3 + line * LINE)
                pen.text(place, _shortened(text), "black", _font())
        top += row_height + MARGIN
    _draw_legend(pen, entries, swatches, top)
    return sheet


def rgb_picture(image):
    """Return a picture, uint8 `(H, W)`, `(H, W, 1)` or `(H, W, 3)`, as `(H, W, 3)`.

    Raises:
        ValueError: for other shapes and types.
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] not in (1, 3):
        raise ValueError(
            "Expected an image as uint8 (H, W), (H, W, 1) or (H, W, 3). "
            f"Received: {image.dtype} of shape {image.shape}"
        )
    return np.broadcast_to(image, (*image.shape[:2], 3))


def thumbnail(picture):
    """Fit a picture into a square; colours stay what they are when it is enlarged."""
    return ImageOps.contain(
        Image.fromarray(np.ascontiguousarray(rgb_picture(picture))),
        (THUMBNAIL, THUMBNAIL),
        Image.Resampling.BOX,
    )


def _legend_entries(labels, legend):
    entries = {}
    if labels is not None:
        entries.update(zip(labels.names, labels.colors, strict=True))
    entries.update(legend or {})
    return list(entries.items())


def _arrange(entries, width):
    """Return where each entry of a legend goes, in lines that fit the width, and the height."""
    positions, left, line = [], MARGIN, 0
    for name, _ in entries:
        needed = 20 + math.ceil(_font().getlength(name)) + 2 * MARGIN
        if left > MARGIN and left + needed > width:
            left, line = MARGIN, line + 1
        positions.append((left, line * LINE + 3))
        left += needed
    return positions, (line + 1) * LINE + MARGIN if entries else 0


def _draw_legend(pen, entries, swatches, top):
    for (name, color), (left, down) in zip(entries, swatches, strict=True):
        box = (left, top + down, left + 14, top + down + 14)
        pen.rectangle(box, fill=color, outline="black")
        pen.text((left + 20, top + down - 1), name, "black", _font())


def _shortened(text, width=THUMBNAIL):
    """A text that fits a width, its middle left out if it is too long: names differ at the ends."""
    length = len(text)
    while _font().getlength(text) > width and length > 1:
        length -= 1
        text = f"{text[: length // 2]}…{text[-(length - length // 2) :]}"
    return text


@cache
def _font():
    """A font of more letters than Pillow's own: Cyrillic, Greek, Arabic, ..."""
    import matplotlib

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(fonts / "DejaVuSans.ttf", 13)
