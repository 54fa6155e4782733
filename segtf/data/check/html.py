"""The report as one HTML file that needs no other: pictures are inside."""

import base64
import io
from html import escape

import numpy as np
from PIL import Image

from segtf.data.check.sheet import visible
from segtf.data.check.text import by_kind, name_of, root_of, size_text, verdict
from segtf.data.decode import ImageError, read_image
from segtf.data.masks import mask_files, read_class_ids
from segtf.files import write_atomically
from segtf.viz import overlay

_THUMBNAIL = 160
_PICTURES_OF_A_KIND = 12
_SAMPLES_SHOWN = 12

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em }
table { border-collapse: collapse } td, th { padding: .15em .8em .15em 0; text-align: left }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.error { border-left: .4em solid #d55e00 } .warning { border-left: .4em solid #e69f00 }
section { margin: 1em 0; padding: .2em 1em; background: #f6f6f6 }
.swatch { display: inline-block; width: .9em; height: .9em; border: 1px solid #888 }
figure { display: inline-block; margin: .4em; vertical-align: top; width: 160px }
figcaption { font-size: 12px; overflow-wrap: anywhere }
li { overflow-wrap: anywhere }
"""


def write_html(report, path):
    """Write a report as one HTML file, with thumbnails of what was found.

    Args:
        report: a `Report`.
        path: file to write; what was there is replaced.
    """
    source, root = report.source, root_of(report.source)
    sample_of = {
        file: sample for sample in source.samples for file in (*mask_files(sample), sample.image)
    }
    step = max(1, len(source.samples) // _SAMPLES_SHOWN)
    some = [sample.image for sample in source.samples[::step][:_SAMPLES_SHOWN]]
    parts = [
        f"<h1>{escape(source.name)}</h1><p><strong>{verdict(report)}</strong></p>",
        f"<p>{len(source.samples)} samples, {source.labels.num_classes} classes, read as "
        f"{source.channels} channels</p>",
        _figures(report.figures, source.labels) if report.figures else "",
        "<h2>Samples</h2>",
        _gallery(some, sample_of, source, root),
        "<h2>Findings</h2>" if report.findings else "",
        *(
            _section(kind, findings, sample_of, source, root)
            for kind, findings in by_kind(report.findings).items()
        ),
    ]
    write_atomically(
        path,
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(source.name)}: data '
        f"check</title><style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n",
    )


def _figures(figures, labels):
    rows = "".join(
        f'<tr><td><span class="swatch" style="background:rgb{color}"></span> '
        f"{escape(balance.name)}</td>"
        f'<td class="number">{balance.share:.2%}</td><td class="number">{balance.images}</td></tr>'
        for balance, color in zip(figures.classes, labels.colors, strict=True)
    )
    values = "".join(
        f"<tr><td>channel {index}</td>"
        f'<td class="number">{mean:.1f}</td><td class="number">{spread:.1f}</td></tr>'
        for index, (mean, spread) in enumerate(zip(figures.mean, figures.spread, strict=True))
    )
    return (
        f"<p>Size (width x height): {size_text(figures.smallest)} to "
        f"{size_text(figures.largest)}, median {size_text(figures.median)}, {figures.sizes} "
        f"different. {figures.ignored:.2%} of the pixels count nowhere.</p>"
        f"<table><tr><th>class<th>pixels<th>images</tr>{rows}</table>"
        f"<table><tr><th>pixel values<th>mean<th>spread</tr>{values}</table>"
    )


def _section(kind, findings, sample_of, source, root):
    first = findings[0]
    items = "".join(
        f"<li>{escape(', '.join(name_of(path, root) for path in finding.files))}"
        f"{': ' if finding.files else ''}{escape(finding.cause)}</li>"
        for finding in findings
    )
    # A finding is about a pair or about copies: one picture of a pair, each of the copies.
    files = {}
    for finding in findings:
        for file in finding.files:
            files.setdefault(sample_of.get(file, file), file)
    shown = list(files.values())[:_PICTURES_OF_A_KIND]
    return (
        f'<section class="{first.severity}"><h3>{first.severity}: {escape(first.title)} '
        f"[{escape(kind)}]: {len(findings)}</h3><p>{escape(first.remedy)}</p>"
        f"{_gallery(shown, sample_of, source, root)}<ul>{items}</ul></section>"
    )


def _gallery(files, sample_of, source, root):
    figures = []
    for file in files:
        picture = _picture(sample_of.get(file), file, source)
        name = escape(name_of(file, root))
        tag = f'<img src="{_data_uri(picture)}" alt="{name}">' if picture is not None else ""
        figures.append(f"<figure>{tag}<figcaption>{name}</figcaption></figure>")
    return "".join(figures)


def _picture(sample, file, source):
    """The sample's image under its mask; the bare image, or the bare file, if that fails."""
    image = None
    for path in (sample.image if sample else file, file):
        try:
            image = visible(read_image(path, source.channels))
            break
        except (ImageError, OSError):
            continue
    if image is None or sample is None:
        return image
    try:
        return overlay(image, read_class_ids(sample, source.labels), source.labels)
    except (ValueError, OSError):
        return image


def _data_uri(picture):
    image = Image.fromarray(np.squeeze(picture, -1) if picture.shape[-1] == 1 else picture)
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
