"""What a person should know before a training begins."""

import errno
import math
import shutil
from pathlib import Path

import keras
import tensorflow as tf

from segtf.devices import read_cpu_name
from segtf.resources import usable_memory

_BYTES_PER_WEIGHT = 4
_TRIED = 1.5
_MOMENTS = {"adamw": 2, "sgd": 1}


def describe_devices(strategy):
    """Return the devices that a strategy trains on, as text."""
    gpus = tf.config.list_physical_devices("GPU")
    names = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus
    ]
    replicas = strategy.num_replicas_in_sync
    text = ", ".join(names) or read_cpu_name()
    return f"{text}, {replicas} replicas" if replicas > 1 else text


def estimate_memory(model, batch_size, optimizer):
    """Return about how many bytes a training step holds at its peak.

    Weights, gradients and the optimizer's moments, and what each layer leaves for the
    backward pass; work space of the convolutions comes on top.

    Args:
        model: a functional `keras.Model` of known height and width.
        batch_size: images on one device.
        optimizer: ``adamw`` or ``sgd``.

    Example:

    >>> image = keras.Input((8, 8, 3))
    >>> model = keras.Model(image, keras.layers.Conv2D(4, 1)(image))
    >>> estimate_memory(model, 2, "adamw") == 16 * 4 * 4 + 2 * 8 * 8 * (3 + 4) * 4
    True
    """
    per_weight = _BYTES_PER_WEIGHT * (2 + _MOMENTS[optimizer])
    activations = sum(_bytes(tensor) for layer in model.layers for tensor in _outputs(layer))
    return model.count_params() * per_weight + batch_size * activations


def require_memory(needed):
    """Refuse a training step that cannot fit into the memory that is left.

    Where there are GPUs, their memory counts, which only they know. A step may hold less than
    was estimated, so that what is a little too large is tried.

    Args:
        needed: bytes, as `estimate_memory` returns them.

    Raises:
        ValueError: if they are more than half as much again as is left.
    """
    left = usable_memory()
    if not tf.config.list_physical_devices("GPU") and needed > _TRIED * left:
        raise ValueError(
            f"Expected a training step that fits into the {describe_bytes(left)} of memory that "
            "are left; a smaller batch or size takes less. Received: one of about "
            f"{describe_bytes(needed)}"
        )


def require_room(path, model, optimizer):
    """Refuse a disk that cannot hold what a training saves: two states and two models at a time.

    Args:
        path: the run folder, which may not be there yet.
        model: the `keras.Model`.
        optimizer: ``adamw`` or ``sgd``.

    Raises:
        OSError: if there is too little room.
    """
    path = Path(path).absolute()
    above = next(folder for folder in (path, *path.parents) if folder.is_dir())
    needed = 2 * model.count_params() * _BYTES_PER_WEIGHT * (2 + _MOMENTS[optimizer])
    disk = shutil.disk_usage(above)
    if disk.total and disk.free < needed:  # some network file systems do not tell
        raise OSError(
            errno.ENOSPC,
            f"room for about {describe_bytes(needed)} is needed, {describe_bytes(disk.free)} are "
            "left",
            str(path),
        )


def describe_bytes(count):
    """Return a number of bytes as text.

    >>> describe_bytes(1_234_000_000), describe_bytes(5_400_000)
    ('1.2 GB', '5 MB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _outputs(layer):
    return keras.tree.flatten(layer.output)


def _bytes(tensor):
    size = keras.backend.standardize_dtype(tensor.dtype)
    return math.prod(tensor.shape[1:]) * tf.as_dtype(size).size
