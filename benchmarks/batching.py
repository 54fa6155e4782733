"""What batches are worth on a CPU: images a second and waiting times, by size, timeout and threads.

TensorFlow Serving's batcher is also an operation of TensorFlow
(`tf.nondifferentiable_batch_function`), which takes the same settings. Here it stands before the
`serving_default` of an exported model, in one process: clients, threads that each send a JPEG and
wait for its mask, call it at the same time. In each round every setting has its turn, so that other
work on the machine meets all of them; medians over the rounds count, and the table is written after
each.

    python benchmarks/batching.py [--rounds 5] [--model NAME] [--size 128]

Writes benchmarks/results/batching.md, the measurement behind the column CPU of
export/serving/README.md. What the network takes, and the server's own queue of connections, are not
in it.
"""

import argparse
import io
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as compose.yaml does

import numpy as np
import tensorflow as tf
from PIL import Image

RESULTS = Path(__file__).parent / "results" / "batching.md"
MOST_WAITING = 128
BASE = (16, 2000, 2)
"""Size, timeout and threads from which one is changed at a time."""
CLIENTS = {1: 8, 8: 16, 32: 32}
"""Number of clients to images that they send in a round, all together."""


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        signature = exported(options, folder)
        settings = all_settings(signature)
        files = photographs(options.size)
        for setting in settings:
            setting.answer(files)  # not counted: TensorFlow prepares itself
        for setting in settings:
            setting.seconds.clear()
            setting.waits.clear()
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", flush=True)
            for setting in settings:
                setting.answer(files)
            write(options, settings)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default="unet-efficientnet-lite0")
    parser.add_argument("--size", type=int, default=128)
    return parser.parse_args()


def exported(options, folder):
    """`serving_default` of a model of random weights: they cost what others cost."""
    import keras

    import segtf
    from segtf.models import build_model

    keras.utils.set_random_seed(0)
    model = build_model(options.model, (options.size, options.size, 3), num_classes=1)
    path = segtf.export(model, folder, speed=False).path
    return tf.saved_model.load(path).signatures["serving_default"]


def photographs(size):
    """JPEG files of twice the model's size."""
    files = []
    for seed in range(max(CLIENTS.values())):
        coarse = np.random.default_rng(seed).integers(0, 256, (size // 8, size // 8, 3))
        file = io.BytesIO()
        Image.fromarray(np.kron(coarse, np.ones((16, 16, 1))).astype(np.uint8)).save(file, "JPEG")
        files.append(file.getvalue())
    return files


def all_settings(signature):
    """A `Setting` for each number of clients and each batcher that is tried."""
    size, timeout, threads = BASE
    tried = [(one, timeout, threads) for one in (1, 2, 4, 8, 16, 32)]
    tried += [(size, one, threads) for one in (0, 20_000)]
    tried += [(size, timeout, 1)]
    batchers = {one: batched(signature, *one) for one in tried}
    return [Setting(*one, clients, batchers[one]) for one in tried for clients in CLIENTS]


def batched(signature, size, timeout, threads):
    """The model behind a batcher of its own."""

    @tf.nondifferentiable_batch_function(
        num_batch_threads=threads,
        max_batch_size=size,
        batch_timeout_micros=timeout,
        max_enqueued_batches=MOST_WAITING,
    )
    def run(image_bytes):
        said = signature(image_bytes=image_bytes)
        return said["mask_bytes"], said["error"]

    return tf.function(run, input_signature=[tf.TensorSpec((None,), tf.string)])


@dataclass
class Setting:
    """Settings of the batcher, a number of clients, and what was measured with them."""

    size: int
    timeout: int
    threads: int
    clients: int
    model: object
    seconds: list = field(default_factory=list)
    waits: list = field(default_factory=list)

    def answer(self, files):
        """Send each file by itself, so many at a time as there are clients."""
        start = time.perf_counter()
        with ThreadPoolExecutor(self.clients) as pool:
            self.waits += pool.map(self.ask, files[: CLIENTS[self.clients]])
        self.seconds.append(time.perf_counter() - start)

    def ask(self, file):
        start = time.perf_counter()
        _, error = self.model(tf.constant([file]))
        if error.numpy()[0]:
            raise SystemExit(f"Expected a mask. Received: {error.numpy()[0].decode()}")
        return time.perf_counter() - start

    def rate(self):
        """Images a second."""
        return CLIENTS[self.clients] / float(np.median(self.seconds))


def write(options, settings):
    from segtf.devices import read_cpu_name

    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    said = (
        f"Made by `python benchmarks/batching.py --model {options.model} --size {options.size}`, "
        f"{len(settings[0].seconds)} rounds, on {read_cpu_name()}, {cores} cores, "
        f"load {load:.1f} at the end. A client sends JPEGs of {2 * options.size} x "
        f"{2 * options.size}, one after the other; size, timeout (microseconds) and threads are "
        "`max_execution_batch_size`, `batch_timeout_micros` and `num_batch_threads`. Images a "
        "second, and the time (ms) that half and 95% of the requests waited at most."
    )
    header = ["size", "timeout", "threads"]
    for clients in CLIENTS:
        header += [f"{clients} client{'s' * (clients > 1)}: images/s", "p50", "p95"]
    rows = {}
    for one in settings:
        median, most = 1000 * np.percentile(one.waits, (50, 95))
        row = rows.setdefault((one.size, one.timeout, one.threads), [])
        row += [f"{one.rate():.1f}", f"{median:.0f}", f"{most:.0f}"]
    lines = [header, ["---:"] * len(header)]
    lines += [[*map(str, key), *row] for key, row in rows.items()]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    RESULTS.write_text(f"# Batching on a CPU\n\n{said}\n\n{table}\n")


if __name__ == "__main__":
    main()
