"""Training on two logical devices, in a process of its own."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from dataclasses import replace
import keras
import numpy as np
import tensorflow as tf
from segtf.data import load_source
from segtf.training.config import TrainConfig
from segtf.training.train import train, resume

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
folder, data = sys.argv[1:]
source = load_source("synthetic", data)
config = TrainConfig(
    model="unet", model_settings={"base_filters": 2, "depth": 1},
    size=(32, 32), epochs=2, batch_size=4,
    average_weights=0.9, optimizer="sgd", encoder_factor=0.5, freeze_epochs=1,
    val_share=0.75,  # 9 images: enough for a threshold
)
quiet = {"on_message": lambda line: None, "verbose": 0}
two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert two.num_replicas_in_sync == 2
alone = train(folder + "/alone", source, config, **quiet)
mirrored = train(folder + "/mirrored", source, config, strategy=two, **quiet)
for one, other in zip(alone.history(), mirrored.history()):
    for name in set(one) - {"seconds"}:
        np.testing.assert_allclose(one[name], other[name], rtol=2e-3, atol=1e-3, err_msg=name)
models = [keras.models.load_model(run.best_model, compile=False) for run in (alone, mirrored)]
for one, other in zip(*(model.get_weights() for model in models)):
    np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-3)
resume(folder + "/mirrored", strategy=two, **quiet)
few = replace(config, epochs=1, val_share=0.25)  # 3 images, fewer than a batch
train(folder + "/few", source, few, strategy=two, **quiet)
for settings, message in (
    ({"batch_size": 3}, "multiple of 2 devices"),
    ({"accumulate": 2}, "accumulate=1 on several devices"),
    ({"val_share": 0.05}, "each of 2 devices"),
):
    try:
        train(folder + "/refused", source, replace(config, **settings), strategy=two, **quiet)
    except ValueError as error:
        assert message in str(error), error
    else:
        raise AssertionError(f"{settings} were taken")
"""


@pytest.mark.slow
def test_two_devices_give_what_one_gives(tmp_path, synthetic_folder):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(synthetic_folder)]
    # A device's share of the last validation batch is empty, on which oneDNN fails; CPUs differ
    # in whether it is on by itself.
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr[-3000:]
