"""Recipes: those that come with segtf, those of a person, and the one that a run writes."""

import shlex
import tomllib
from importlib import resources

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtf.cli import cli, main
from segtf.cli.options import key_values, open_source, train_config
from segtf.data import source_names
from segtf.training.config import TrainConfig
from segtf.training.recipe import recipe_text
from segtf.training.train import train

SHIPPED = sorted(
    file.name.removesuffix(".toml")
    for file in (resources.files("segtf") / "recipes").iterdir()
    if file.name.endswith(".toml")
)
RECIPE = """
[about]
what = "a trial"

[train]
data = "synthetic"
model = "unet"
model-setting = ["base_filters=2", "depth=1"]
size = 32
epochs = 1
batch = 4
learning-rate = 1e-3
deterministic = true
freeze = ["encoder0"]
"""


def segtf(*arguments):
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    return done.value.code


def options(*arguments):
    """The options of `segtf train`, as the command line and recipes have them."""
    return cli.commands["train"].make_context("train", ["run", *map(str, arguments)]).params


def written(folder, text):
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_a_recipe_of_segtf_names_its_data_and_what_to_expect(name):
    text = (resources.files("segtf") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    about = tomllib.loads(text)["about"]
    assert list(about) == ["what", "source", "command", "hours", "figures"]
    command = shlex.split(about["command"])
    assert command[:5] == ["segtf", "train", f"runs/{name}", "--recipe", name]
    received = cli.commands["train"].make_context("train", command[2:]).params
    assert received["data_name"] in source_names()
    assert received["data_dir"] == command[-1]
    assert isinstance(train_config(received), TrainConfig)


def test_the_recipes_are_listed_and_printed(capsys):
    assert segtf("recipes") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == SHIPPED
    assert segtf("recipes", "ph2") == 0
    assert tomllib.loads(capsys.readouterr().out)["train"]["data"] == "ph2"


def test_options_win_over_the_recipe_wherever_they_stand(tmp_path):
    path = written(tmp_path, RECIPE)
    plain = options("--recipe", path)
    assert plain["size"] == (32, 32)
    assert plain["freeze"] == ("encoder0",)
    assert plain["deterministic"] is True
    assert train_config(plain).model_settings == {"base_filters": 2, "depth": 1}
    for order in (("--recipe", path, "--epochs", 7), ("--epochs", 7, "--recipe", path)):
        assert options(*order) == {**plain, "epochs": 7}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[train]\nepoch = 3", "'epoch'"),
        ("[train]\nresume = true", "'resume'"),
        ("[train]\nrecipe = 'ph2'", "'recipe'"),
        ("epochs = 3", "'epochs'"),
        ("train = 3", "train as a table"),
        ("[train]\nepochs = 'many'", "epochs as a whole number"),
        ("[train]\nepochs = 40.5", "epochs as a whole number"),
        ("[train]\nepochs = true", "epochs as a whole number"),
        ("[train]\nepochs = [3]", "epochs as a whole number"),
        ("[train]\nepochs = 0", "epochs as a whole number from 1"),
        ("[train]\nlearning-rate = nan", "learning_rate as a number"),
        ("[train]\ndeterministic = 1", "deterministic as true or false"),
        ("[train]\nfreeze = 'encoder'", "freeze as a list of texts"),
        ("[train]\nfreeze = [1]", "freeze as a list of texts"),
        ("[train]\nmodel = 3", "model as text"),
        ("[train]\ntask = 'panoptic'", "task as one of"),
        ('[train]\ndata-dir = "\\u0000"', "data-dir as text"),
        ("[train]\nsize = '0x3'", "N or HxW"),
        ("[train]\nsize = [3, 3]", "size as N or HxW"),
        ("[train]\nmonitor = 'dice'", "monitor as one of"),
        ("[train]\nmodel-setting = ['depth']", "KEY=VALUE"),
        ("[train]\nepochs = = 3", "TOML"),
    ],
)
def test_a_mistake_in_a_recipe_is_one_line_that_names_key_and_file(tmp_path, capfd, text, named):
    path = written(tmp_path, text)
    assert segtf("train", tmp_path / "run", "--recipe", path) == 2
    error = capfd.readouterr().err
    assert error.startswith("segtf: Expected ")
    assert error.count("\n") == 1
    assert named in error
    assert str(path) in error
    assert not (tmp_path / "run").exists()


def test_a_recipe_that_is_not_there_is_one_line_that_names_those_that_are(tmp_path, capfd):
    for name, named in (
        ("ph3", "out of ph2 (the nearest of "),
        (tmp_path / "none.toml", "does not exist"),
    ):
        assert segtf("train", tmp_path / "run", "--recipe", name) == 2
        error = capfd.readouterr().err
        assert error.count("\n") == 1
        assert named in error
    assert segtf("train", tmp_path / "run", "--resume", "--recipe", "ph2") == 2
    assert "Received: --recipe" in capfd.readouterr().err


texts = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=15, deadline=None)
@given(
    config=st.builds(
        TrainConfig,
        model=texts.filter(bool),
        model_settings=st.dictionaries(
            st.text(st.characters(categories=["L", "N"]), min_size=1),
            texts
            | st.integers()
            | st.booleans()
            | st.floats(allow_nan=False, allow_infinity=False),
        ),
        size=st.tuples(st.integers(1, 999), st.integers(1, 999)),
        learning_rate=st.floats(1e-12, 10),
        weight_decay=st.floats(0, 1),
        freeze=st.lists(texts).map(tuple),
        encoder_weights=st.sampled_from([None, "auto", "imagenet"]),
        seed=st.integers(0, 2**32 - 1),
        deterministic=st.booleans(),
    ),
    folder=texts.filter(lambda text: "\0" not in text),  # no path has one
    option=texts,
)
def test_what_a_run_writes_says_all_that_its_settings_say(tmp_path_factory, config, folder, option):
    origin = {"name": "folder", "folder": folder, "mask_values": {"1": 255}, "other": option}
    path = written(tmp_path_factory.getbasetemp(), recipe_text(config, origin, "recipe.toml"))
    received = options("--recipe", path)
    assert train_config(received) == config
    assert received["data_name"] == "folder"
    assert received["data_dir"] == folder
    settings = key_values(received["data_settings"])
    assert settings == {"mask_values": {"1": 255}, "other": option}


def test_the_recipe_of_a_run_gives_the_same_weights(tmp_path, small_run):
    given = options("--recipe", small_run.recipe_file)
    source = open_source(given["data_name"], given["data_dir"], None, given["data_settings"])
    again = train(tmp_path / "again", source, train_config(given), on_message=str, verbose=0)
    models = [keras.models.load_model(run.best_model) for run in (small_run, again)]
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)  # threads sum in any order
    first, second = (run.recipe_file.read_text() for run in (small_run, again))
    assert first.replace(str(small_run.path), str(again.path)) == second
    assert (
        tomllib.loads(second)["train"]["task"] == again.config()["training"]["task"] == "semantic"
    )
