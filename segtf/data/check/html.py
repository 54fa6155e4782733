"""The report as one HTML file that needs no other: pictures are inside."""

from segtf.data.check.sheet import visible
from segtf.data.check.text import by_cause, by_kind, files_of, name_of, root_of, size_text, verdict
from segtf.data.decode import ImageError, read_image
from segtf.data.masks import mask_files, read_class_ids
from segtf.files import write_atomically
from segtf.pages.html import html, joined
from segtf.pages.page import page, swatch, table
from segtf.pages.pictures import picture_uri
from segtf.viz import overlay

_THUMBNAIL = 160
_PICTURES_OF_A_KIND = 12
_SAMPLES_SHOWN = 12
_NAMED_OPENLY = 5


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
        html("<h1>{}</h1><p><strong>{}</strong></p>", source.name, verdict(report)),
        html(
            "<p>{} samples, {} classes, read as {} channels</p>",
            len(source.samples),
            source.labels.num_classes,
            source.channels,
        ),
        _figures(report.figures, source.labels) if report.figures else "",
        html("<h2>Samples</h2>"),
        _gallery(some, sample_of, source, root),
        html("<h2>Findings</h2>") if report.findings else "",
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
    return html(
        "<p>Size (width x height): {} to {}, median {}, {} different. {:.2%} of the pixels count "
        "nowhere.</p>{}{}",
        size_text(figures.smallest),
        size_text(figures.largest),
        size_text(figures.median),
        figures.sizes,
        figures.ignored,
        table(("class", "pixels", "images"), rows),
        table(("pixel values", "mean", "spread"), values),
    )


def _section(kind, findings, sample_of, source, root):
    first = findings[0]
    items = joined(_item(cause, alike, root) for cause, alike in by_cause(findings).items())
    # A finding is about a pair or about copies: one picture of a pair, each of the copies.
    files = {}
    for finding in findings:
        for file in finding.files:
            files.setdefault(sample_of.get(file, file), file)
    shown = list(files.values())[:_PICTURES_OF_A_KIND]
    return html(
        '<section class="finding {}"><h3>{}</h3><p>{}</p>{}<ul>{}</ul></section>',
        first.severity,
        f"{first.severity}: {first.title} [{kind}]: {len(findings)}",
        first.remedy,
        _gallery(shown, sample_of, source, root),
        items,
    )


def _item(cause, findings, root):
    """A cause, and the files that have it: many of them folded."""
    named = files_of(findings, root, most=len(findings) + max(len(one.files) for one in findings))
    if len(findings) <= _NAMED_OPENLY:
        return html("<li>{}{}{}</li>", named, ": " if named else "", cause)
    return html(
        "<li><details><summary>{}: {}</summary>{}</details></li>",
        f"{len(findings)} times",
        cause,
        named,
    )


def _gallery(files, sample_of, source, root):
    figures = []
    for file in files:
        picture = _picture(sample_of.get(file), file, source)
        name = name_of(file, root)
        shown = ""
        if picture is not None:
            address = picture_uri(picture, longest_side=_THUMBNAIL)
            shown = html('<img src="{}" alt="{}">', address, name)
        figures.append(html("<figure>{}<figcaption>{}</figcaption></figure>", shown, name))
    return html('<div class="thumbnails">{}</div>', joined(figures))


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
