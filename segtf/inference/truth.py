"""What a right answer would say."""

import numpy as np

from segtf.data import read_annotated
from segtf.tasks.choice import task_of


def read_truth(sample, spec):
    """Decode one sample at its own size, with what a model should say of it.

    Args:
        sample: a `segtf.data.Sample` with a mask.
        spec: the `ModelSpec`, whose task, channels and labels say how.

    Returns:
        uint8 image `(H, W, C)`, and an array of the shape that the mask of a `Prediction` has.

    Raises:
        ImageError: naming the file that cannot be used, or that does not tell what the task needs.
    """
    task = task_of(spec)
    image, annotation = read_annotated(sample, spec, task.needs)
    return image, np.asarray(task.targets(annotation, spec))
