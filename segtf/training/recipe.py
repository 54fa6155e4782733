"""The recipe of a run: a TOML file of the options of `segtf train` that repeat it."""

import json
from dataclasses import fields
from pathlib import Path

from segtf.text_files import encode
from segtf.training.config import TrainConfig

OPTION_OF = {"batch_size": "batch", "model_settings": "model-setting"}
"""Field of `TrainConfig` to the option that sets it, where that is not the field's own name."""
_PATHS = ("init_from", "encoder_weights")
_HEAD = """\
# The options of `segtf train` that repeat this training:
#     segtf train NEW_RUN --recipe {path}
# An option on the command line wins over the same one here.
"""


def option_name(field):
    """Return the option that sets a field of `TrainConfig`, as a recipe spells it.

    >>> option_name("batch_size"), option_name("learning_rate")
    ('batch', 'learning-rate')
    """
    return OPTION_OF.get(field, field).replace("_", "-")


def recipe_text(config, origin, path, folds=None):
    """Return the recipe that repeats a training, as the text of a TOML file.

    Args:
        config: the `TrainConfig`.
        origin: the arguments of `segtf.data.load_source` that list the data set again; empty for
            a source made in Python, which no option names.
        path: where the recipe will lie, which its head says.
        folds: number of folds, for a run of folds.

    Returns:
        A table ``train`` of option to value, every option among them that is not at `None`.
    """
    values = {**_data_options(dict(origin)), "folds": folds}
    for field in fields(TrainConfig):
        if field.name in ("minutes", "restarts"):
            continue  # the epochs that were planned repeat it, however fast the machine is
        value = getattr(config, field.name)
        values[option_name(field.name)] = _as_option(field.name, value)
    lines = [f"{name} = {_toml(value)}" for name, value in values.items() if value is not None]
    return _HEAD.format(path=encode(str(path)).decode()) + "\n[train]\n" + "\n".join(lines) + "\n"


def _data_options(origin):
    options = {"data": origin.pop("name", None), "data-dir": origin.pop("folder", None)}
    if options["data"] == "tfds" and "builder" in origin:
        options["data"] = f"tfds:{origin.pop('builder')}"
    if isinstance(origin.get("classes"), str):
        options["classes"] = origin.pop("classes")
    if origin:
        options["option"] = _key_values(origin)
    return options


def _as_option(name, value):
    if name == "size":
        height, width = value
        return f"{height}x{width}"
    if name == "model_settings":
        return _key_values(value)
    if name == "encoder_weights" and value is None:
        return "none"
    if name in _PATHS and value and Path(value).exists():
        return str(Path(value).resolve())  # a recipe is used from other working directories, too
    return value


def _key_values(settings):
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]


def _toml(value):
    """A text, number, truth value, or list of texts, as TOML writes it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        # Strings of JSON are those of TOML, but for the delete character.
        text = encode(value).decode()
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
