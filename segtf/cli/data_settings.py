"""Settings of data sets that have an option of their own, beside ``--option KEY=VALUE``."""

import click

_KEY = "segtf.data_settings"
_IGNORE = "ignore"


def setting_options(command):
    """Add the options; what they are given, `given_settings` returns."""
    for option in (
        _option(
            "--map",
            "mask_values",
            read_map,
            metavar="VALUE=ID,...",
            help="What values in the masks stand for: class ids, or ignore, such as "
            "1=1,2=0,3=ignore.",
        ),
        _option("--colors", "colors", help="Table of the colours of the classes (car,0,0,142)."),
        _option(
            "--objects",
            "instances",
            is_flag=True,
            default=None,
            help="Masks number objects, all of class 1.",
        ),
        _option(
            "--pairs",
            "pairs",
            help="Table of images and masks, in the folder: columns image and mask.",
        ),
        _option("--image-folder", "images", help="Name of the folder of images, if not usual."),
        _option("--mask-folder", "masks", help="Name of the folder of masks, if not usual."),
        _option("--label-file", "file", help="Name of the file of a label tool, if not usual."),
    ):
        command = option(command)
    return command


def given_settings():
    """Return the settings that these options were given, by their names in `load_source`."""
    context = click.get_current_context(silent=True)
    return {} if context is None else dict(context.meta.get(_KEY, {}))


def read_map(text):
    """Return ``1=1,2=0,3=ignore`` as value to class id.

    Raises:
        ValueError: for anything else.

    Example:

    >>> read_map("1=1, 2=0, 3=ignore")
    {'1': 1, '2': 0, '3': 255}
    """
    from segtf.labels import IGNORE_CLASS

    values = {}
    for pair in text.split(","):
        value, equals, id_ = (part.strip() for part in pair.partition("="))
        number = str(IGNORE_CLASS) if id_.casefold() == _IGNORE else id_
        if not (equals and _is_number(value) and _is_number(number)) or value in values:
            raise ValueError(
                "Expected --map as VALUE=ID,..., each value once, with a class id or ignore, such "
                f"as 1=1,2=0,3=ignore. Received: {text!r}"
            )
        values[value] = int(number)
    return values


def _is_number(text):
    return text.isascii() and text.isdigit() and len(text) < 10


def _option(name, setting, read=lambda value: value, **details):
    def keep(context, parameter, value):
        if value is not None:
            context.meta.setdefault(_KEY, {})[setting] = read(value)

    # Named apart from other options of a command, such as --images of an export.
    return click.option(
        name, f"data_setting_{setting}", expose_value=False, callback=keep, **details
    )
