"""What is wrong with a data set: found before training, with the files, the cause, a remedy."""

from segtf.data.check.check import check_source
from segtf.data.check.finding import ERROR, KINDS, WARNING, Finding
from segtf.data.check.report import Report

__all__ = ["ERROR", "KINDS", "WARNING", "Finding", "Report", "check_source"]
