"""What the README and the pages beside it show is run, or at least understood by the commands."""

import re
import shlex
from pathlib import Path

import pytest

from segtf.cli import cli

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md"]
PAGES += [
    ROOT / "docs" / f"{name}.md"
    for name in (
        "fit",
        "data",
        "models",
        "multilabel",
        "training",
        "predicting",
        "exports",
        "results",
        "command-line",
    )
]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def commands():
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("segtf ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert not [link for link in local if not (page.parent / link).exists()]


@pytest.mark.parametrize("line", commands())
def test_the_commands_know_their_options(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for recipe in ("mine.toml", "runs/mine/recipe.toml"):
        Path(recipe).parent.mkdir(parents=True, exist_ok=True)
        Path(recipe).write_text("[train]\n")
    name, *arguments = shlex.split(line.partition(" > ")[0])[1:]
    if name.startswith("-"):
        assert name in {option for parameter in cli.params for option in parameter.opts} | {
            "--help"
        }
        return
    cli.commands[name].make_context(name, arguments)


def test_the_python_blocks_run(tmp_path, monkeypatch):
    from segtf.data import write_synthetic

    write_synthetic(tmp_path / "my_data", count=24, size=(48, 64))
    monkeypatch.chdir(tmp_path)
    small = "\n".join(blocks("python"))
    for shown, tried in (
        ("(256, 256", "(32, 32"),
        ("epochs=20", "epochs=1"),
        ('encoder="efficientnet-lite0", encoder_weights="imagenet"', "base_filters=4, depth=2"),
        ("3), num_classes=1)", "3), num_classes=1, base_filters=4, depth=2)"),
    ):
        assert shown in small
        small = small.replace(shown, tried)
    names = {}
    exec(compile(small, "README.md", "exec"), names)
    assert names["mask"].shape == (48, 64)
    assert names["exported"].agreement >= 0.999
