"""Metrics under a distribution strategy of two devices, in a process of its own."""

import subprocess
import sys

SCRIPT = """
import keras
import numpy as np
import tensorflow as tf
from segtf import metrics

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

rng = np.random.default_rng(0)
logits = rng.normal(size=(6, 4, 5, 3)).astype("float32")
y_true = rng.integers(0, 3, (6, 4, 5)).astype("uint8")
y_true[0] = 255

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
with strategy.scope():
    model = keras.Sequential([keras.Input((4, 5, 3)), keras.layers.Identity()])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    model.compile(loss=loss, metrics=[metrics.ConfusionMatrix(3), metrics.MeanDiceScore(3)])
data = tf.data.Dataset.from_tensor_slices((logits, y_true)).batch(4)
logs = model.evaluate(data, verbose=0, return_dict=True)

matrix = metrics.confusion_matrix(y_true, logits.argmax(-1), 3)
np.testing.assert_array_equal(model.metrics[1].metrics[0].matrix.value, matrix)
for name in ("mean_iou", "mean_dice", "pixel_accuracy"):
    np.testing.assert_allclose(logs[name], getattr(metrics, name)(matrix), rtol=1e-6)
"""


def test_counts_of_two_replicas_add_up():
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
