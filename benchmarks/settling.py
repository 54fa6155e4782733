"""What a validation loses to statistics and weights that have not come to rest.

One training for each model; after every epoch the same weights are validated in three ways: with
the moving statistics of batch normalisation, with statistics measured anew, and as the average of
the weights over a twentieth of the training (with statistics measured anew). Seconds are those of
measuring the statistics, as a share of the epoch.

    python benchmarks/settling.py [--models unet segnet-small] [--data ph2] [--size 128]
        [--epochs 12] [--batch 8] [--out settling.json]
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras

from segtf.data import inspect_source, load_source
from segtf.devices import read_cpu_name
from segtf.losses import CrossentropyDice
from segtf.metrics import ConfusionMatrix
from segtf.models import build_model
from segtf.spec import ModelSpec
from segtf.tasks.choice import task_of
from segtf.training import (
    AverageWeights,
    BatchNormStatistics,
    fit_momentum,
    fuse_batch_norm,
    usual_momentum,
)
from segtf.training.batch_norm import enough_batches
from segtf.training.batches import TrainingData, make_split
from segtf.training.config import TrainConfig
from segtf.training.schedule import make_optimizer
from segtf.training.starting_weights import model_settings, resolve_encoder_weights

WAYS = ("moving", "measured", "averaged")


class ValidateInThreeWays(keras.callbacks.Callback):
    def __init__(self, model, data, total_steps, metric):
        super().__init__()
        self.data, self.metric = data, metric
        batches = data.training(), enough_batches(data.steps_per_epoch)
        self.statistics = BatchNormStatistics(model, *batches)
        self.average = AverageWeights(model, usual_momentum(total_steps), *batches)
        self.average.set_model(model)
        self.rows = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.average.on_train_batch_end(batch)

    def on_epoch_end(self, epoch, logs=None):
        training = time.perf_counter() - self.began
        kept = [variable.numpy() for variable in self.model.variables]
        row = {"moving": self.validate()}
        began = time.perf_counter()
        self.statistics.measure()
        row["share_of_epoch"] = round((time.perf_counter() - began) / training, 3)
        row["measured"] = self.validate()
        for variable, value in zip(self.model.variables, kept, strict=True):
            variable.assign(value)
        self.average.on_test_begin()
        row["averaged"] = self.validate()
        self.average.on_epoch_end(epoch)
        self.rows.append(row)
        print(f"  {epoch + 1:3}  " + "  ".join(f"{way} {row[way]:.4f}" for way in WAYS), flush=True)

    def validate(self):
        self.metric.reset_state()
        for images, masks in self.data.validation():
            self.metric.update_state(masks, self.model.predict_on_batch(images.numpy() * 1.0))
        return round(float(self.metric.result()["mean_dice"]), 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    models = ["unet-efficientnet-lite0", "unet", "segnet-small"]
    parser.add_argument("--models", nargs="+", default=models)
    parser.add_argument("--data", default="ph2")
    for name, default in (("size", 128), ("epochs", 12), ("batch", 8)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--out", type=Path)
    arguments = vars(parser.parse_args())
    out = arguments.pop("out")
    results = {"processor": read_cpu_name(), **arguments, "epochs_of": {}}
    for model in arguments["models"]:
        print(model, flush=True)
        results["epochs_of"][model] = curves(
            model, **{name: arguments[name] for name in ("data", "size", "epochs", "batch")}
        )
        if out:
            out.write_text(json.dumps(results, indent=1) + "\n")


def curves(model, data, size, epochs, batch):
    """Return the Dice over all pixels of each epoch, validated in the three ways."""
    source, _ = inspect_source(load_source(data))
    config = TrainConfig(
        model=model, size=(size, size), epochs=epochs, batch_size=batch, augment="medical"
    )
    config = resolve_encoder_weights(config, source.channels)
    keras.utils.set_random_seed(config.seed)
    spec = ModelSpec(source.labels, config.size, source.channels, config.resize)
    training = TrainingData.load(source, make_split(source, config), spec, config)
    steps = training.steps_per_epoch
    network = build_model(
        model, (size, size, spec.channels), task_of(spec).channels(spec), **model_settings(config)
    )
    fit_momentum(fuse_batch_norm(network), steps)
    metric = ConfusionMatrix(spec.labels.num_classes, ignore_class=spec.labels.ignore_class)
    network.compile(make_optimizer(config, steps), CrossentropyDice(ignore_class=255))
    callback = ValidateInThreeWays(network, training, epochs * steps, metric)
    network.fit(
        training.training(),
        epochs=epochs,
        steps_per_epoch=steps,
        callbacks=[callback],
        verbose=0,
        shuffle=False,
    )
    return callback.rows


if __name__ == "__main__":
    main()
