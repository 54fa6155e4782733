"""The largest batch that fits into the memory, found by trying."""

import json
import subprocess
import sys
from dataclasses import replace

import tensorflow as tf

from segtf.resources import usable_memory

LARGEST = 256
_STEPS_OF_AN_EPOCH = 16
_SHARE = 0.7
"""Of the memory that is left: data and its decoding need some, too."""


def find_batch_size(config, spec, images, replicas, on_message):
    """Find the largest batch that fits, with a margin, and leaves an epoch 16 steps.

    Steps of 1, 2, 4, ... images are tried in a process of their own, so that running out of memory
    ends nothing else. On a CPU a batch may take 70% of the memory that is left; on a GPU a quarter
    more than the batch has to fit.

    Args:
        config: the `TrainConfig`, whose precision is not ``auto``.
        spec: the `ModelSpec`.
        images: number of images to train on.
        replicas: number of devices that share a batch.
        on_message: called with a line that says what was found.

    Returns:
        Images per step, of all devices together.

    Raises:
        ValueError: if a step of a single image does not fit.
    """
    most = max(1, min(LARGEST, images // (_STEPS_OF_AN_EPOCH * replicas)))
    sizes = [2**power for power in range(most.bit_length())]
    if tf.config.list_physical_devices("GPU"):
        # Its memory is known by running out of it: what is tried is a quarter larger.
        tried, why = _try(config, spec, [size + size // 4 for size in sizes], limit=None)
    else:
        tried, why = _try(config, spec, sizes, limit=_SHARE * usable_memory())
    fitting = sizes[: len(tried)]
    if not fitting:
        raise ValueError(
            "Expected memory for a training step of one image; a smaller size or model takes less. "
            f"Received: {config.model} at {config.size} pixels{why}"
        )
    found = fitting[-1]
    reason = (
        f"the most that leaves an epoch of {images} images {_STEPS_OF_AN_EPOCH} steps"
        if found == sizes[-1] and found < LARGEST
        else "the most that fits into the memory with a margin"
    )
    on_message(f"batch: {found * replicas} images, {reason}")
    return found * replicas


def _try(config, spec, sizes, limit):
    """Return the sizes that fit, as the process says that tries them, and its error."""
    settings = {
        "config": _without_data(config).to_dict(),
        "spec": spec.to_dict(),
        "sizes": sizes,
        "limit": limit,
    }
    done = subprocess.run(
        [sys.executable, "-m", "segtf.training.batch_trial"],
        input=json.dumps(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    tried = [int(line) for line in done.stdout.splitlines() if line.isdecimal()]
    said = done.stderr.strip().splitlines() if done.returncode else []
    return tried, f" ({said[-1][:200]})" if said else ""


def _without_data(config):
    """The settings of a training of one image a step that reads no file."""
    return replace(config, batch_size=1, encoder_weights=None, init_from=None, class_weights="none")
