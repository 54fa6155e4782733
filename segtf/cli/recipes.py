"""segtf recipes, and how a recipe gives `segtf train` its options."""

import tomllib
from importlib import resources
from pathlib import Path

import click

from segtf.nearest import names_to_choose
from segtf.text_files import read_text

_TABLES = ("about", "train")
_NOT_IN_RECIPES = ("run", "resume", "accept_changed_data", "find_learning_rate", "recipe", "help")
_SUFFIX = ".toml"


def recipe_option(command):
    """Add `--recipe`, whose values the other options take unless they are given."""
    return click.option(
        "--recipe",
        metavar="NAME|FILE",
        is_eager=True,
        expose_value=False,
        callback=_use_recipe,
        help="Options out of a recipe (see `segtf recipes`) or a TOML file; those given here win.",
    )(command)


@click.command()
@click.argument("name", required=False)
def recipes(name):
    """List the recipes that come with segtf, or print the one called NAME.

    `segtf train RUN --recipe NAME` trains by it. To change one, print it into a file of your own
    and name that file instead.
    """
    if name is not None:
        click.echo(_shipped(name).read_text(encoding="utf-8"), nl=False)
        return
    for name, file in _all_shipped().items():
        about = tomllib.loads(file.read_text(encoding="utf-8"))["about"]
        click.echo(f"{name:<15}{about['what']}")


def _use_recipe(context, parameter, value):
    if value is not None:
        context.default_map = {**(context.default_map or {}), **read_recipe(value, context)}


def read_recipe(name, context):
    """Read the options of a recipe.

    Args:
        name: that of a recipe that comes with segtf, or the path of a TOML file.
        context: the `click.Context` of the command whose options they are.

    Returns:
        A dict from the names of parameters to their values.

    Raises:
        ValueError: in one line that names the key and the file, for a file that is no recipe.
    """
    path, text = _read(name)
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"Expected a recipe in TOML. Received: {path} ({error})") from None
    for key in content:
        if key not in _TABLES:
            raise ValueError(
                f"Expected the tables [about] and [train] in a recipe. Received: {key!r} in {path}"
            )
    for table in _TABLES:
        if not isinstance(content.get(table, {}), dict):
            raise ValueError(
                f"Expected {table} as a table in a recipe. Received: {content[table]!r} in {path}"
            )
    options = _options_in_recipes(context.command)
    values = {}
    for key, value in content.get("train", {}).items():
        if key not in options:
            raise ValueError(
                "Expected the options of `segtf train` in a recipe, without their dashes: "
                f"{names_to_choose(options, key, '`segtf train --help`')}. "
                f"Received: {key!r} in {path}"
            )
        values[options[key].name] = _value(options[key], key, value, path, context)
    _check(values, path)
    return values


def _read(name):
    """Path, for messages, and text of a recipe."""
    if Path(name).suffix != _SUFFIX and not Path(name).exists():
        return f"the recipe {name}", _shipped(name).read_text(encoding="utf-8")
    return name, read_text(name)


def _all_shipped():
    folder = resources.files("segtf") / "recipes"
    files = {
        file.name.removesuffix(_SUFFIX): file
        for file in folder.iterdir()
        if file.name.endswith(_SUFFIX)
    }
    return dict(sorted(files.items()))


def _shipped(name):
    shipped = _all_shipped()
    if name not in shipped:
        raise ValueError(
            f"Expected a recipe out of {names_to_choose(shipped, name, '`segtf recipes`')}, or the "
            f"path of a TOML file. Received: {name!r}"
        )
    return shipped[name]


def _options_in_recipes(command):
    """Key in a recipe to option; the long spelling without its dashes."""
    options = [option for option in command.params if option.name not in _NOT_IN_RECIPES]
    return {option.opts[0].removeprefix("--"): option for option in options}


def _value(option, key, value, path, context):
    """Return a value as the option takes it, or refuse it by name."""
    kinds, expected = _kinds(option)
    values = value if isinstance(value, list) and option.multiple else [value]
    is_list = isinstance(value, list) == option.multiple
    if not (is_list and all(type(one) in kinds for one in values)):
        raise ValueError(f"Expected {key} as {expected} in a recipe. Received: {value!r} in {path}")
    if option.multiple:
        return tuple(values)
    try:
        return option.type.convert(value, option, context)
    except click.UsageError as error:
        raise ValueError(f"{error.message} (for {key} in {path})") from None
    except ValueError as error:  # a path with a null character
        raise ValueError(
            f"Expected {key} as {expected} in a recipe. Received: {value!r} in {path} ({error})"
        ) from None


def _kinds(option):
    """The types of TOML that an option takes, and what they are called."""
    if option.is_flag:
        return (bool,), "true or false"
    if option.multiple:
        return (str,), "a list of texts"
    if hasattr(option.type, "kinds"):
        return option.type.kinds, option.type.expected
    if isinstance(option.type, click.types.IntParamType):
        return (int,), "a whole number"
    if isinstance(option.type, click.types.FloatParamType):
        return (int, float), "a number"
    return (str,), "text"


def _check(values, path):
    """Refuse values out of their ranges, by the name of the file too."""
    from segtf.cli.options import train_config

    try:
        train_config(values)
    except ValueError as error:
        raise ValueError(f"{error} (in {path})") from None
