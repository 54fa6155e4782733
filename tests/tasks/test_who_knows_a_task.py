"""Which of the tasks a model has, and how many numbers a pixel has, is asked in tasks alone."""

import re
from pathlib import Path

import pytest

import segtf

PACKAGE = Path(segtf.__file__).parent
OF_TASKS = {
    "tasks",  # where it is answered
    "labels.py",  # of two names, which is the background where nobody says so
    "task_settings.py",  # what is settled of each task
    "losses",  # functions of logits of K channels, of which one alone is documented to be a sigmoid
    "metrics",
}
PARTS = sorted(path.name for path in PACKAGE.iterdir() if path.name not in OF_TASKS)
QUESTION = re.compile(
    r"is_binary|num_logits"
    r"|(logits|chances|probabilities|y_pred)(\[\d\])?\.shape\[-1\] (==|!=|>) [12]\b"
    r"|(num_classes|num_channels) (==|!=|>) [12]\b"
    r"|len\((labels|classes|names|class_names|[\w.]*labels\.names)\) (==|!=) 2\b"
    r"|task\.name (==|!=)"
)


@pytest.mark.parametrize("part", PARTS)
def test_no_other_part_asks_whether_a_model_is_binary(part):
    root = PACKAGE / part
    files = sorted(root.rglob("*.py")) if root.is_dir() else [root]
    asking = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in files
        if path.suffix == ".py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if QUESTION.search(line)
    ]
    assert asking == []
