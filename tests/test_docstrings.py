"""Every public function says each of its arguments, so that a page can be built from it."""

import importlib
import inspect
import re

import pytest

MODULES = ("models", "losses", "metrics", "training", "data", "serving")
VAGUE = re.compile(
    r"\b(likewise|told|made up)\b|as `?[\w.]+`? takes (it|them)|others? are those of"
)


def public(module):
    module = importlib.import_module(f"segtf.{module}")
    for name in module.__all__:
        value = getattr(module, name)
        is_error = inspect.isclass(value) and issubclass(value, BaseException)
        if callable(value) and not is_error and (value.__module__ or "").startswith("segtf"):
            yield name, value


@pytest.mark.parametrize("module", MODULES)
def test_each_argument_is_said(module):
    silent = []
    for name, value in public(module):
        doc = inspect.getdoc(value) or ""
        arguments = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", doc, flags=re.MULTILINE | re.DOTALL)
        said = set(re.findall(r"^ {4}\**(\w+): ", arguments[1] if arguments else "", re.MULTILINE))
        asked = {one for one in inspect.signature(value).parameters if not one.startswith("_")}
        silent += [f"{name}: {one}" for one in sorted(asked - said)]
        silent += [f"{name}: {found[0]!r}" for found in VAGUE.finditer(doc)]
    assert silent == []
