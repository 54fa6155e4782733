"""Devices and dtype policies: what a training runs on, and in which precision."""

import contextlib

import keras
import tensorflow as tf

from segtf.devices import choose_precision


def prepare_gpus():
    """Let GPU memory grow with need, so that others can use the GPU too; return the GPUs."""
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        # Where a program has used the GPU already, it has decided this itself.
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
    return gpus


def resolve_precision(asked):
    """Return the name of the dtype policy to train with, and why.

    Args:
        asked: one of `segtf.training.config.PRECISIONS`.
    """
    if asked != "auto":
        return asked, "as asked"
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    # A GPU that tells no compute capability is none of CUDA's: float32 works on all of them.
    capabilities = [gpu.get("compute_capability", (0, 0)) for gpu in details]
    return choose_precision(capabilities)


@contextlib.contextmanager
def dtype_policy(name):
    """Build the layers within under a dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def default_strategy():
    """Return a `MirroredStrategy` over the GPUs where there are several, else the default."""
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()
