"""Training on two logical devices, in a process of its own."""

import subprocess
import sys

SCRIPT = """
import sys
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
    model_settings={"base_filters": 2, "depth": 1}, size=(32, 32), epochs=2, batch_size=4,
    average_weights=0.9, optimizer="sgd",
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
try:
    odd = TrainConfig(size=(32, 32), batch_size=3)
    train(folder + "/odd", source, odd, strategy=two, **quiet)
except ValueError as error:
    assert "multiple of 2 devices" in str(error), error
else:
    raise AssertionError("an odd batch was taken")
"""


def test_two_devices_give_what_one_gives(tmp_path, synthetic_folder):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(synthetic_folder)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
