"""The report for a terminal."""

from pathlib import Path

from segtf.data.check.report import Report
from segtf.text_files import printable

_SHOWN = 10


def report_text(report: Report, shown=_SHOWN):
    """Return a report as lines of text.

    Args:
        report: a `Report`.
        shown: how many findings of a kind are spelled out.

    Returns:
        Text without a line break at its end.
    """
    source = report.source
    lines = [
        f"{source.name}: {len(source.samples)} samples, {source.labels.num_classes} classes, "
        f"read as {source.channels} channels"
    ]
    if source.splits:
        splits = (f"{name} {len(ids)}" for name, ids in source.splits.items())
        lines.append(f"published splits: {', '.join(splits)}")
    if report.figures:
        lines += ["", *_figures(report.figures)]
    for kind, findings in by_kind(report.findings).items():
        lines += ["", *_kind(kind, findings, root_of(source), shown)]
    return "\n".join(map(printable, [*lines, "", verdict(report)]))


def verdict(report):
    """Return the last word of a report: whether training is safe."""
    counts = f"{len(report.errors)} errors, {len(report.warnings)} warnings"
    return f"{counts}: {'safe' if report.is_safe else 'NOT safe'} to train on"


def by_kind(findings):
    """Return kind to list of findings, in the order of the findings."""
    kinds = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    return kinds


def by_cause(findings):
    """Return cause to list of findings, in the order of the findings: each is said once."""
    causes = {}
    for finding in findings:
        causes.setdefault(finding.cause, []).append(finding)
    return causes


def files_of(findings, root, most):
    """Return the names of the files of findings of one cause, as text.

    Args:
        findings: of one cause.
        root: the folder that paths are shown from.
        most: number of findings, and of files of each, that are named.
    """
    texts = []
    for finding in findings[:most]:
        names = [name_of(path, root) for path in finding.files[:most]]
        texts.append(", ".join(names) + _more(len(finding.files) - most))
    between = "; " if any(len(finding.files) > 1 for finding in findings) else ", "
    return between.join(text for text in texts if text) + _more(len(findings) - most)


def root_of(source):
    """Return the folder that paths in a report are shown from."""
    return Path(source.origin.get("folder", "."))


def name_of(path, root):
    """Return a path as it is shown: from the set's folder on, where it lies within."""
    for base in (root, root.resolve()):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return str(path)


def size_text(size):
    """Return height and width as text, width first.

    >>> size_text((360, 480))
    '480 x 360'
    """
    return f"{size[1]} x {size[0]}"


def _figures(figures):
    yield (
        f"size (width x height): {size_text(figures.smallest)} to {size_text(figures.largest)}, "
        f"median {size_text(figures.median)}, {figures.sizes} different"
    )
    yield f"pixel values: mean {_numbers(figures.mean)}, spread {_numbers(figures.spread)}"
    width = max(len(balance.name) for balance in figures.classes)
    yield f"{'class':{width}}   pixels   images"
    for balance in figures.classes:
        yield f"{balance.name:{width}}  {balance.share:6.2%}  {balance.images:7d}"
    if figures.ignored:
        yield f"{figures.ignored:.2%} of the pixels count nowhere"


def _more(count):
    return f" and {count} more" if count > 0 else ""


def _numbers(values):
    return " ".join(f"{value:.1f}" for value in values)


def _kind(kind, findings, root, shown):
    first = findings[0]
    yield f"{first.severity.upper()} {first.title} [{kind}]: {len(findings)}"
    causes = by_cause(findings)
    for cause, alike in list(causes.items())[:shown]:
        named = files_of(alike, root, shown)
        yield f"  {named}{': ' if named else ''}{cause}"
    if len(causes) > shown:
        yield f"  and {len(causes) - shown} more; --html FILE shows all"
    yield f"  -> {first.remedy}"
