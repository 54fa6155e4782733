"""Lines for a person, whatever names are in them."""

import click

from segtf.text_files import printable


def say(line, err=False):
    """Write a line of text to standard output, or to standard error, so that any terminal shows it.

    Args:
        line: the text; what could move the cursor is escaped.
        err: whether it goes to standard error.
    """
    click.echo(printable(line), err=err)
