"""A web page in one file: nothing is loaded from elsewhere, so it can be mailed and kept."""

from markupsafe import Markup

from segtf.pages.html import html, joined
from segtf.pages.pictures import data_uri

MARK = '<meta name="generator" content="segtf">'
"""What a page says about itself, near its beginning."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1e21; --soft: #667; --line: #e2e4e8;
  --wash: #f6f7f9; --mark: #0072b2; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #e4e6ea; --soft: #9ca4b2; --line: #363a41; --wash: #212429;
    --mark: #56b4e9; }
  /* Drawings are black on white: as dark ones, their hues kept, their white the page's dark. */
  .plots img { filter: invert(1) hue-rotate(180deg); mix-blend-mode: screen; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 32px 24px 64px; color: var(--ink);
  background: var(--paper);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
h1 { font-size: 26px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 40px 0 10px; }
p { margin: 4px 0 10px; max-width: 75ch; } .soft, figcaption, dt { color: var(--soft); }
.tiles { display: flex; flex-wrap: wrap; gap: 8px; margin: 20px 0 0; }
.tile { background: var(--wash); border-radius: 8px; padding: 8px 12px; margin: 0; flex: 1; }
.tile dd { margin: 0; font-size: 23px; font-variant-numeric: tabular-nums; }
.tile.main dd { color: var(--mark); font-weight: 600; }
.tile dt, .tile small { font-size: 12.5px; white-space: nowrap; }
.tile small { color: var(--soft); display: block; min-height: 1.5em; }
.scroll { overflow-x: auto; } .scroll + .scroll { margin-top: 20px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 8px; font-size: 14px; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { color: var(--soft); font-weight: 500; text-align: right; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tbody tr:hover { background: var(--wash); }
td small { color: var(--soft); display: block; font-size: 12px; }
.bar { display: inline-block; height: 9px; border-radius: 2px; background: var(--mark); }
.track { display: inline-block; width: 80px; background: var(--wash); text-align: left; }
.swatch { display: inline-block; width: 13px; height: 13px; margin: 0 6px -1px 0;
  border: 1px solid #999; border-radius: 3px; }
.legend span.key { margin-right: 16px; white-space: nowrap; }
.case { border-top: 1px solid var(--line); padding: 12px 0 16px; }
.case h3 { font-size: 15px; margin: 0 0 6px; font-weight: 600; overflow-wrap: anywhere; }
.case h3 span { font-weight: 400; color: var(--soft); margin-left: 12px; }
.pictures { display: grid; grid-template-columns: repeat(4, 1fr); gap: 8px; }
figure { margin: 0; } figcaption { font-size: 13px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(420px, 100%), 1fr));
  column-gap: 24px; } .cards .pictures { grid-template-columns: repeat(2, 1fr); }
.pictures img { width: 100%; display: block; border-radius: 4px;
  background: var(--line); }
.plots { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; }
.plots figure { max-width: 540px; } .plots figure.wide { max-width: 100%; }
.plots img { max-width: 100%; }
.thumbnails { display: flex; flex-wrap: wrap; gap: 8px; } .thumbnails figure { width: 160px; }
.thumbnails figcaption, li { overflow-wrap: anywhere; }
.finding { margin: 16px 0; padding: 4px 16px; background: var(--wash);
  border-left: 6px solid var(--line); }
.finding.error { border-color: #d55e00; } .finding.warning { border-color: #e69f00; }
summary { cursor: pointer; color: var(--mark); margin: 6px 0; }
@media (max-width: 700px) { body { padding: 20px 14px 40px; }
  .pictures { grid-template-columns: repeat(2, 1fr); } }
@media print { .case, figure { break-inside: avoid; } }
"""


def page(title, *parts):
    """Return a page.

    Args:
        title: text.
        parts: what `html` and the functions below returned; text is escaped.
    """
    return html(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '{}\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}\n</body>\n</html>\n",
        Markup(MARK),
        title,
        Markup(STYLE),
        joined((part for part in parts if part), between="\n"),
    )


def tiles(entries):
    """Return key figures: (name, figure, note) each; the first two stand out."""
    shown = (
        html(
            '<dl class="tile{}"><dt>{}</dt><dd>{}</dd><small>{}</small></dl>',
            " main" if index < 2 else "",
            name,
            figure,
            note,
        )
        for index, (name, figure, note) in enumerate(entries)
    )
    return html('<div class="tiles">{}</div>', joined(shown))


def table(header, rows):
    """Return a table; header and cells are text or HTML."""
    head = joined(html("<th>{}</th>", cell) for cell in header)
    cells = (joined(html("<td>{}</td>", cell) for cell in row) for row in rows)
    body = joined((html("<tr>{}</tr>", row) for row in cells), between="\n")
    return html(
        '<div class="scroll"><table><thead><tr>{}</tr></thead>\n<tbody>{}</tbody></table></div>',
        head,
        body,
    )


def bar(share):
    """Return a bar for a figure in 0..1; nothing for `None`."""
    if share is None:
        return ""
    bar_of = '<span class="track"><span class="bar" style="width:{:.1f}%"></span></span>'
    return html(bar_of, 100 * share)


def swatch(name, color):
    """Return a name with its colour."""
    red, green, blue = color
    style = f"background:rgb({red},{green},{blue})"
    return html('<span class="key"><span class="swatch" style="{}"></span>{}</span>', style, name)


def plot(svg, caption, wide=False):
    """Return a drawing with its caption; two fit side by side, a wide one stands alone."""
    return html(
        '<figure class="{}"><img src="{}" alt="{}"><figcaption>{}</figcaption></figure>',
        "wide" if wide else "",
        data_uri(svg, "image/svg+xml"),
        caption,
        caption,
    )


def number(value, digits=3):
    """Return a figure as text; a dash for one that is not defined.

    Example:

    >>> number(0.25, 2), number(None), number(float("nan"))
    ('0.25', '–', '–')
    """
    return "–" if value is None or value != value else f"{value:.{digits}f}"


def estimate(value, ends):
    """Return a figure over its interval, as a cell of a table."""
    return html("{}<small>{}</small>", number(value), interval(ends))


def interval(ends, digits=3):
    """Return the ends of an interval as text; nothing for one that is not defined.

    Example:

    >>> interval((0.91234, 0.95)), interval((None, None))
    ('0.912 to 0.950', '')
    """
    if "–" in (low := number(ends[0], digits), high := number(ends[1], digits)):
        return ""
    return f"{low} to {high}"
