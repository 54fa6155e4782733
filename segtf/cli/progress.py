"""A line at the bottom of a terminal that says how far a command has come."""

import os
import shutil
import sys
import time

import click

_CLEAR = "\r\x1b[K"


class Progress:
    """Shows how many images are done, and how long the others will take; on a terminal alone.

    Args:
        total: number of images.
    """

    def __init__(self, total):
        self.total, self.done = total, 0
        self._is_shown = is_terminal()
        self._began = time.monotonic()

    def __enter__(self):
        self._draw()
        return self

    def __exit__(self, *error):
        self.clear()

    def advance(self):
        """Count one more image as done, and draw the line."""
        self.done += 1
        self._draw()

    def clear(self):
        """Take the line away, so that others can be written."""
        if self._is_shown:
            click.echo(_CLEAR, nl=False, err=True)

    def _draw(self):
        if self._is_shown:
            width = shutil.get_terminal_size().columns - 1
            line = progress_text(self.done, self.total, time.monotonic() - self._began)
            click.echo(f"{_CLEAR}{line}"[: width + len(_CLEAR)], nl=False, err=True)


def is_terminal():
    """Whether what is written to standard error is seen as it comes, and lines can be rewritten."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def progress_text(done, total, seconds):
    """Return how far something is.

    Args:
        done: number of images that are done.
        total: number of all.
        seconds: since the first began.

    Example:

    >>> progress_text(0, 300, 0.0)
    '0 of 300 images'
    >>> progress_text(100, 300, 50.0)
    '100 of 300 images, 2.0 a second, 1 min 40 s left'
    """
    text = f"{done} of {total} images"
    if not done or not seconds:
        return text
    left = round((total - done) * seconds / done)
    minutes = f"{left // 60} min " if left >= 60 else ""
    return f"{text}, {done / seconds:.1f} a second, {minutes}{left % 60} s left"
