"""Losses under a distribution strategy of two devices, in a process of its own."""

import subprocess
import sys

SCRIPT = """
import keras
import numpy as np
import tensorflow as tf
from segtf import losses

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

rng = np.random.default_rng(0)
y_true = rng.integers(0, 2, (2, 4, 5))
logits = tf.constant(rng.normal(size=(2, 4, 5, 1)), tf.float32)

def value_and_gradient(loss):
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(y_true, logits)
    return value, tape.gradient(value, logits)

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
for loss in (
    losses.PixelCrossentropy(),
    losses.SoftDice(),
    losses.CrossentropyDice(),
    losses.WeightedSum(
        [(losses.SoftDice(), 0.5), (keras.losses.BinaryCrossentropy(from_logits=True), 1.0)]
    ),
):
    replicas = strategy.run(lambda: value_and_gradient(loss))
    for summed, alone in zip(replicas, value_and_gradient(loss)):
        summed = strategy.reduce("SUM", summed, axis=None)
        np.testing.assert_allclose(summed, alone, rtol=1e-5)
"""


def test_gradients_of_replicas_with_the_same_data_add_up_to_that_of_one_device():
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
