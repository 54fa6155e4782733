"""HTML that no name can break: the one place where text is escaped."""

from markupsafe import Markup


def html(template, *values):
    """Return HTML with values in the place of each ``{}``: text is escaped, HTML is not.

    Args:
        template: HTML, as `str.format` takes it.
        values: texts, numbers, and what this function or `joined` returned.

    Example:

    >>> html("<p>{} of {}</p>", 1, "<i>mole")
    Markup('<p>1 of &lt;i&gt;mole</p>')
    >>> html("<b>{}</b>", html("<i>{}</i>", "a & b"))
    Markup('<b><i>a &amp; b</i></b>')
    """
    return Markup(template).format(*values)


def joined(parts, between=""):
    """Return texts and HTML one after the other, as HTML.

    Args:
        parts: texts, which are escaped, and what this function or `html` returned, which is not.
        between: text or HTML that stands between two of them.

    Example:

    >>> joined(["a < b", html("<hr>")], between=" ")
    Markup('a &lt; b <hr>')
    """
    return Markup(between).join(parts)
