"""Training steps of growing batches, in a process of their own.

Settings come as JSON on standard input. A line of output says the size of each batch that has been
trained on and fits. The process ends before a batch that would take more than it may, and at one
that does not fit; whatever ends it, its lines are there.
"""

import contextlib
import json
import math
import resource
import sys
from pathlib import Path


def main():
    """Train on one batch after the other."""
    settings = json.load(sys.stdin)
    _be_the_first_to_go()
    step = _training_step(settings)
    limit = settings["limit"] or math.inf
    held = [_held()]
    for size in settings["sizes"]:
        # The next batch is twice as large, and takes as much more as the last one took less.
        growth = held[-1] - held[-2] if len(held) > 2 else 0
        if held[-1] + 2 * growth - held[0] > limit:
            break
        step(size)
        held.append(_held())
        if held[-1] - held[0] <= limit:
            print(size, flush=True)


def _training_step(settings):
    import keras
    import numpy as np
    import tensorflow as tf

    from segtf.models import build_model
    from segtf.spec import ModelSpec
    from segtf.tasks.choice import task_of
    from segtf.training.config import TrainConfig
    from segtf.training.fused_batch_norm import fuse_batch_norm
    from segtf.training.precision import dtype_policy, prepare_gpus
    from segtf.training.schedule import make_optimizer

    prepare_gpus()
    config = TrainConfig.from_dict(settings["config"])
    spec = ModelSpec.from_dict(settings["spec"])
    task, shape = task_of(spec), (*config.size, spec.channels)
    with dtype_policy(config.precision):
        model = build_model(config.model, shape, task.heads(spec), **config.model_settings)
    fuse_batch_norm(model)
    loss, metric = task.objective(None, spec.labels, config, on_message=str)
    model.compile(make_optimizer(config, 1000), loss, metrics=[metric])

    def step(size):
        images = np.zeros((size, *shape), np.uint8)
        masks = np.zeros((size, *config.size), np.uint8)
        data = tf.data.Dataset.from_tensors((images, masks)).repeat(2)
        model.fit(data, verbose=0, shuffle=False)

    keras.utils.set_random_seed(0)
    return step


def _held():
    """Bytes that this process has held at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _be_the_first_to_go():
    """Where the machine runs out of memory, Linux shall end this process and no other."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    main()
