"""Which of the tasks a model has is asked within `segtf.tasks` alone."""

import re
from pathlib import Path

import pytest

import segtf

PACKAGE = Path(segtf.__file__).parent
KNOW_TASKS_ALONE = ("training", "inference", "evaluation", "comparing", "exporting", "cli")
QUESTION = re.compile(r"\.is_binary|\.num_logits|(logits|chances)\.shape\[-1\] [=!]= [12]")


@pytest.mark.parametrize("folder", KNOW_TASKS_ALONE)
def test_no_other_part_asks_whether_a_model_is_binary(folder):
    asking = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted((PACKAGE / folder).rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if QUESTION.search(line)
    ]
    assert asking == []
