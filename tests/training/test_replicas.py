"""A batch shared by two logical devices, its losses and weights, in a process of its own."""

import os
import subprocess
import sys

SCRIPT = """
import keras
import numpy as np
import tensorflow as tf
from segtf import losses
from segtf.metrics import ConfusionMatrix
from segtf.training.replicas import GlobalBatchLoss, answer_empty_shares

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

rng = np.random.default_rng(0)
logits = rng.normal(size=(5, 4, 6, 1)).astype("float32")
masks = rng.integers(0, 2, (5, 4, 6)).astype("uint8")
masks[0, :2] = 255
per_image = np.array([0.0, 1.0, 2.0, 0.5, 3.0], "float32")
per_pixel = rng.uniform(0, 2, (5, 4, 6)).astype("float32")
CASES = {
    "weights per image": (masks, per_image),
    "weights per image, uint8": ((masks == 1).astype("bool"), per_image.astype("uint8")),
    "weights per pixel": (masks, per_pixel[..., None]),
}
loss = GlobalBatchLoss(losses.CrossentropyDice())

def gradient(logits, masks, weights):
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(masks, logits, weights)
    return value, tape.gradient(value, logits)

def shares(values, cut):
    parts = [tf.constant(values[:cut]), tf.constant(values[cut:])]
    return two.experimental_distribute_values_from_function(
        lambda context: parts[context.replica_id_in_sync_group]
    )

for name, (labels, weights) in CASES.items():
    expected, slopes = gradient(tf.constant(logits), labels, weights)
    for cut in (3, 5) if weights is per_image else (3,):  # the second device has 2 images, or none
        parts = [shares(part, cut) for part in (logits, labels, weights)]
        of_replicas = tf.function(lambda *parts: two.run(gradient, parts))
        values, gradients = map(two.experimental_local_results, of_replicas(*parts))
        np.testing.assert_allclose(tf.add_n(values), expected, rtol=1e-5, err_msg=name)
        received = tf.concat(gradients, axis=0)
        np.testing.assert_allclose(received, slopes, rtol=1e-4, atol=1e-7, err_msg=name)

with two.scope():
    convolutions = [keras.layers.Conv2D(channels, 3, padding="same") for channels in (16, 1)]
    model = keras.Sequential([keras.Input((8, 8, 3)), *convolutions])
    model = keras.Model(model.inputs, model.outputs)
    answer_empty_shares(model)
    model.compile(loss=loss, metrics=[ConfusionMatrix(1)])
images = rng.normal(size=(5, 8, 8, 3)).astype("float32")
truth = rng.integers(0, 2, (5, 8, 8)).astype("uint8")
data = tf.data.Dataset.from_tensor_slices((images, truth)).batch(4)
logs = model.evaluate(data, verbose=0, return_dict=True)  # one image is left for two devices
alone = ConfusionMatrix(1)
alone.update_state(truth, keras.Model(model.inputs, model.outputs)(images))
np.testing.assert_allclose(logs["mean_dice"], alone.result()["mean_dice"], rtol=1e-5)
"""


def test_weights_go_with_their_pixels_and_a_share_may_be_empty():
    # oneDNN fails on an empty share; CPUs differ in whether it is on by itself.
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"}
    command = [sys.executable, "-c", SCRIPT]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr[-3000:]
