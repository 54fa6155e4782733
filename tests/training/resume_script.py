"""Train or go on training in a process of its own, which may kill itself: python FILE JOB..."""

import os
import signal
import sys
import threading

from segtf.data import load_source
from segtf.training.callbacks import CountSteps
from segtf.training.config import TrainConfig
from segtf.training.train import resume, train

CONFIG = TrainConfig(
    model="unet",
    model_settings={"base_filters": 4, "depth": 1, "dropout": 0.3},
    size=(32, 32),
    epochs=4,
    batch_size=4,
    average_weights=0.9,
    encoder_factor=0.5,
    freeze_epochs=2,
    deterministic=True,
    save_minutes=0,
)


def kill_at(step):
    """Let the process kill itself after a step, before its state is saved."""
    count = CountSteps.on_train_batch_end

    def count_and_kill(self, batch, logs=None):
        count(self, batch, logs)
        if self.session.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    CountSteps.on_train_batch_end = count_and_kill


def kill_after(seconds):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()


def main():
    verb, run, data, *moment = sys.argv[1:]
    if moment:
        kind, when = moment
        {"step": kill_at, "seconds": kill_after}[kind](float(when))
    settings = {"on_message": lambda line: print(line, flush=True), "verbose": 0}
    if verb == "train":
        train(run, load_source("synthetic", data), CONFIG, **settings)
    else:
        resume(run, epochs=6 if verb == "beyond" else None, **settings)


if __name__ == "__main__":
    main()
