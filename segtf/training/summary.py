"""What a person should know before a training begins."""

import math

import keras
import tensorflow as tf

from segtf.devices import read_cpu_name

_BYTES_PER_WEIGHT = 4
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
