"""Options that several commands share."""

import json
import math
from dataclasses import fields

import click

from segtf.cli.data_settings import given_settings, setting_options
from segtf.ranges import LARGEST_SEED, LARGEST_SIDE


class Size(click.ParamType):
    """``N`` or ``HxW`` in pixels."""

    name = "N|HxW"
    kinds, expected = (int, str), "N or HxW"  # in a recipe

    def convert(self, value, param, ctx):
        """Return (height, width)."""
        if isinstance(value, tuple):
            return value
        sides = str(value).lower().split("x")
        is_size = len(sides) <= 2 and all(side.isascii() and side.isdigit() for side in sides)
        if not is_size or not all(1 <= int(side[:9]) <= LARGEST_SIDE for side in sides):
            self.fail(
                f"Expected N or HxW of 1 to {LARGEST_SIDE} pixels, such as 256 or 360x480. "
                f"Received: {value}"
            )
        return int(sides[0]), int(sides[-1])


class Number(click.FloatRange):
    """A number in a range, which NaN is not."""

    def convert(self, value, param, ctx):
        """Return the number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"Expected a number {self._describe_range()}. Received: {value}")
        return number


class NumberOrAuto(click.ParamType):
    """A number, or ``auto``."""

    name = "NUMBER|auto"
    expected = "a number or auto"  # in a recipe

    def __init__(self, kind):
        self.kind = kind
        self.kinds = (int, str) if kind is click.INT else (int, float, str)

    def convert(self, value, param, ctx):
        """Return the number, or ``auto``."""
        return value if value == "auto" else self.kind.convert(value, param, ctx)


COUNT = click.IntRange(1, 1_000_000)
SEED = click.IntRange(0, LARGEST_SEED)


def data_options(required):
    """Add the options that name a data set."""

    def decorate(command):
        for option in (
            click.option(
                "--data",
                "data_name",
                default="auto" if required else None,
                show_default=required,
                help="Kind of data set: folder, camvid, coco, cvat, human, label-studio, labelme, "
                "mads, membrane, nuclei, pets, ph2, supervisely, tfds:NAME, yolo; auto finds out.",
            ),
            click.option(
                "--data-dir",
                type=click.Path(),
                help="Its folder; by default $SEGTF_DATA/NAME.",
            ),
            click.option("--classes", type=click.Path(), help="File of class names, one a line."),
            click.option(
                "--option",
                "data_settings",
                multiple=True,
                metavar="KEY=VALUE",
                help="Setting of that kind of data set, such as categories=person,dog.",
            ),
        ):
            command = option(command)
        return setting_options(command)

    return decorate


augment_option = click.option(
    "--augment",
    default="auto",
    show_default=True,
    help="none, light, medical, medical-mild, photo, street, or auto for what fits the data: "
    "photographs and streets stay upright.",
)


def model_options(command):
    """Add the options for a model file that brings no labels or resize rule."""
    for option in (
        click.option("--labels", type=click.Path(), help="File of class names, one a line."),
        click.option(
            "--resize", type=click.Choice(["stretch", "letterbox", "crop"]), help="Resize rule."
        ),
        click.option("--size", type=Size(), help="Size to work at, if the model takes any."),
        click.option(
            "--outputs",
            type=click.Choice(["logits", "probabilities"]),
            help="What a model of your own gives, if its graph does not show it.",
        ),
    ):
        command = option(command)
    return command


def load_settings(labels, resize, size, outputs):
    """Return the settings of `segtf.load` that were given."""
    from segtf.labels import LabelMap

    settings = {"resize": resize, "size": size, "outputs": outputs}
    if labels is not None:
        settings["labels"] = LabelMap.from_file(labels)
    return {name: value for name, value in settings.items() if value is not None}


def open_source(data_name, data_dir, classes, data_settings=()):
    """Return the data set that the options name."""
    from segtf.data import load_source

    settings = {**given_settings(), **key_values(data_settings)}
    if classes is not None:
        settings["classes"] = classes
    return load_source(data_name or "auto", data_dir, **settings)


def train_config(values):
    """Return the `TrainConfig` of those values of `segtf train` that are settings of a training.

    Args:
        values: name of the parameter to value; those that name the data set are left out.
    """
    from segtf.training.config import TrainConfig
    from segtf.training.recipe import OPTION_OF

    names = {field.name for field in fields(TrainConfig)}
    field_of = {option: field for field, option in OPTION_OF.items()}
    settings = {field_of.get(name, name): value for name, value in values.items()}
    settings = {name: value for name, value in settings.items() if name in names}
    if "model_settings" in settings:
        settings["model_settings"] = key_values(settings["model_settings"])
    return TrainConfig(**settings)


def key_values(texts):
    """Return texts of the form ``KEY=VALUE`` as a dict."""
    return dict(_setting(text) for text in texts)


def _setting(text):
    """``KEY=VALUE``, where the value may be a number, true or false; else it is text."""
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise ValueError(f"Expected an option as KEY=VALUE. Received: {text!r}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
