"""What is wrong with a data set: found before training, with the files, the cause, a remedy."""

from segtf.data.check.check import check_source
from segtf.data.check.finding import ERROR, KINDS, WARNING, Finding
from segtf.data.check.html import write_html
from segtf.data.check.report import Report
from segtf.data.check.sheet import draw_samples
from segtf.data.check.text import report_text

__all__ = [
    "ERROR",
    "KINDS",
    "WARNING",
    "Finding",
    "Report",
    "check_source",
    "draw_samples",
    "report_text",
    "write_html",
]
