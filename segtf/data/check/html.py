"""The report as one HTML file that needs no other: pictures are inside."""

from html import escape

from segtf.data.check.sheet import visible
from segtf.data.check.text import by_kind, name_of, root_of, size_text, verdict
from segtf.data.decode import ImageError, read_image
from segtf.data.masks import mask_files, read_class_ids
from segtf.files import write_atomically
from segtf.pages.page import page, swatch, table
from segtf.pages.pictures import picture_uri
from segtf.viz import overlay

_THUMBNAIL = 160
_PICTURES_OF_A_KIND = 12
_SAMPLES_SHOWN = 12


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
    text = page(
        f"{source.name}: data check",
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
    )
    write_atomically(path, text)


def _figures(figures, labels):
    rows = [
        (swatch(balance.name, color), f"{balance.share:.2%}", str(balance.images))
        for balance, color in zip(figures.classes, labels.colors, strict=True)
    ]
    values = [
        (f"channel {index}", f"{mean:.1f}", f"{spread:.1f}")
        for index, (mean, spread) in enumerate(zip(figures.mean, figures.spread, strict=True))
    ]
    return (
        f"<p>Size (width x height): {size_text(figures.smallest)} to "
        f"{size_text(figures.largest)}, median {size_text(figures.median)}, {figures.sizes} "
        f"different. {figures.ignored:.2%} of the pixels count nowhere.</p>"
        f"{table(('class', 'pixels', 'images'), rows)}"
        f"{table(('pixel values', 'mean', 'spread'), values)}"
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
        f'<section class="finding {first.severity}"><h3>{first.severity}: {escape(first.title)} '
        f"[{escape(kind)}]: {len(findings)}</h3><p>{escape(first.remedy)}</p>"
        f"{_gallery(shown, sample_of, source, root)}<ul>{items}</ul></section>"
    )


def _gallery(files, sample_of, source, root):
    figures = []
    for file in files:
        picture = _picture(sample_of.get(file), file, source)
        name = escape(name_of(file, root))
        tag = ""
        if picture is not None:
            tag = f'<img src="{picture_uri(picture, longest_side=_THUMBNAIL)}" alt="{name}">'
        figures.append(f"<figure>{tag}<figcaption>{name}</figcaption></figure>")
    return f'<div class="thumbnails">{"".join(figures)}</div>'


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
