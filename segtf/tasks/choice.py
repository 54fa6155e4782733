"""The tasks, and which of them a model has."""

from segtf.tasks.multilabel.task import MULTILABEL
from segtf.tasks.semantic.task import SEMANTIC

TASKS = {task.name: task for task in (SEMANTIC, MULTILABEL)}
"""Name to `segtf.tasks.task.Task`; `segtf.task_settings` has what is settled of each."""


def task_of(spec):
    """Return the `segtf.tasks.task.Task` of a model.

    Args:
        spec: its `ModelSpec`, which names it.
    """
    return TASKS[spec.task.name]
