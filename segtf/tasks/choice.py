"""Which task a model has."""

from segtf.tasks.semantic.task import SEMANTIC


def task_of(spec):
    """Return the `segtf.tasks.task.Task` of a model.

    Args:
        spec: its `ModelSpec`. One of format version 1 is of semantic segmentation.
    """
    return SEMANTIC
