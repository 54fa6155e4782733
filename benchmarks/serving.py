"""Clients on a served model: is any answer lost or wrong, how long do they take, does memory grow?

An exported model is served, by the two protocols of TensorFlow Serving, from a process of its
own: tests/serving/server.py, a stand-in which runs the SavedModel as TensorFlow Serving does.
Clients in this process send images of several sizes, one or a few at a time, half of them over
REST and half over gRPC, each with one damaged file among them; every mask is compared with the
one that the model gives without a server.

    python benchmarks/serving.py [--seconds 300] [--clients 8] [--model DIR] [--size 128]
                                 [--results FILE]

Without --model it exports an untrained `unet-small`. It listens on the loopback address alone,
ends by itself, fails if an answer is lost or wrong or if memory keeps growing, and writes
benchmarks/results/serving.json.
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import psutil
from PIL import Image

from segtf.devices import read_cpu_name

ROOT = Path(__file__).parents[1]
SERVER = ROOT / "tests" / "serving" / "server.py"
RESULTS = Path(__file__).parent / "results" / "serving.json"
SIZES = ((96, 128), (64, 64), (180, 240), (33, 57), (240, 180))
DAMAGED = b"\xff\xd8\xff damaged"
SAMPLE_SECONDS = 2.0
WARM_UP_SHARE = 0.2
"""Share of the time after which memory is expected to stay as it is."""
LARGEST_GROWTH = 5.0
"""Percent from the first to the last quarter of the rest, in a run that is long enough to tell."""
LONG_ENOUGH = 120


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        directory = options.model or export_untrained(Path(scratch) / "segtf", options.size)
        files, expected = make_requests(directory)
        with served(directory) as (urls, process):
            memory = Memory(process.pid)
            clients = start_clients(options, urls, files, expected)
            memory.watch_while(clients)
    report(options, clients, memory)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--model", type=Path, help="folder of version folders")
    parser.add_argument("--size", type=int, default=128, help="of the untrained model")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file for the figures")
    return parser.parse_args()


def export_untrained(directory, size):
    import keras

    import segtf
    from segtf.models import build_model

    keras.utils.set_random_seed(0)
    model = build_model("unet-small", (size, size, 3), num_classes=1)
    segtf.export(model, directory)
    return directory


def make_requests(directory):
    """Image files of several sizes and formats, and the masks that the model gives them."""
    import segtf

    predict = segtf.load(directory)
    files = []
    for index, (height, width) in enumerate(SIZES):
        coarse = np.random.default_rng(index).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
        pixels = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width].astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG" if index % 2 else "JPEG")
        files.append(file.getvalue())
    masks = [one.mask for one in predict.batch(files)]
    if any(mask.min() == mask.max() for mask in masks):
        print("some of the expected masks are of one class", file=sys.stderr)
    return files, masks


@contextlib.contextmanager
def served(directory):
    """The URLs of a server of the model, and its process, which ends with this block."""
    command = [sys.executable, SERVER, directory]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        yield json.loads(process.stdout.readline()), process
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


class ClientThread(threading.Thread):
    """Sends requests until the time is over."""

    def __init__(self, url, files, expected, end, seed):
        super().__init__(daemon=True)
        self.url, self.files, self.expected, self.end = url, files, expected, end
        self.chance = np.random.default_rng(seed)
        self.seconds = []
        self.counts = Counter()

    def run(self):
        from segtf.serving import Client, ServingError

        with Client(self.url, timeout=60) as client:
            while time.monotonic() < self.end:
                indices = self.chance.integers(0, len(self.files), self.chance.integers(1, 5))
                start = time.monotonic()
                try:
                    answers = client.segment([*(self.files[index] for index in indices), DAMAGED])
                except ServingError as error:
                    self.counts[f"lost: {error}"] += 1
                    continue
                self.seconds.append(time.monotonic() - start)
                self.compare(indices, answers)

    def compare(self, indices, answers):
        *answers, damaged = answers
        self.counts["wrong"] += damaged.mask is not None or "Received: " not in damaged.error
        self.counts["wrong"] += len(answers) != len(indices)
        for index, answer in zip(indices, answers, strict=False):
            mask = self.expected[index]
            is_right = answer.mask is not None and answer.mask.shape == mask.shape
            # The server's runtime rounds otherwise than the predictor: some pixels may differ.
            is_right = is_right and np.mean(answer.mask != mask) <= 0.001
            self.counts["right" if is_right else "wrong"] += 1


def start_clients(options, urls, files, expected):
    # Both protocols are imported before the time begins.
    import segtf.serving.grpc_transport
    import segtf.serving.rest  # noqa: F401

    end = time.monotonic() + options.seconds
    clients = [
        ClientThread(urls[("rest", "grpc")[seed % 2]], files, expected, end, seed)
        for seed in range(options.clients)
    ]
    for client in clients:
        client.start()
    return clients


class Memory:
    """Resident memory of the server and of the clients' process, in MB, while they work."""

    def __init__(self, server):
        self.processes = {"server": psutil.Process(server), "clients": psutil.Process()}
        self.samples = {name: [] for name in self.processes}

    def watch_while(self, clients):
        while any(client.is_alive() for client in clients):
            for name, process in self.processes.items():
                self.samples[name].append(process.memory_info().rss / 2**20)
            time.sleep(SAMPLE_SECONDS)
        for client in clients:
            client.join()

    def summary(self, name):
        samples = np.array(self.samples[name])
        settled = samples[int(WARM_UP_SHARE * len(samples)) :]
        quarter = max(1, len(settled) // 4)
        first, last = np.median(settled[:quarter]), np.median(settled[-quarter:])
        return {
            "begin": round(float(samples[0]), 1),
            "settled": round(float(first), 1),
            "end": round(float(last), 1),
            "largest": round(float(samples.max()), 1),
            "growth_percent": round(float(100 * (last / first - 1)), 2),
        }


def report(options, clients, memory):
    counts = sum((client.counts for client in clients), Counter())
    protocols = {"rest": clients[0::2], "grpc": clients[1::2]}
    figures = {
        "clients": options.clients,
        "seconds": options.seconds,
        "cpu": read_cpu_name(),
        "cores": os.cpu_count(),
        "load_at_end": os.getloadavg()[0],
        "images_right": counts["right"],
        "images_wrong": counts["wrong"],
        "requests_lost": sum(n for what, n in counts.items() if what.startswith("lost")),
        "milliseconds": {name: latencies(threads) for name, threads in protocols.items()},
        "memory_mb": {name: memory.summary(name) for name in memory.processes},
    }
    options.results.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))
    for what in (what for what in counts if what.startswith("lost")):
        print(what, file=sys.stderr)
    if figures["images_wrong"] or figures["requests_lost"] or not figures["images_right"]:
        sys.exit("answers were lost or wrong")
    growth = max(figures["memory_mb"][name]["growth_percent"] for name in memory.processes)
    if options.seconds >= LONG_ENOUGH and growth > LARGEST_GROWTH:
        sys.exit(f"memory grew by {growth} %")


def latencies(threads):
    values = 1000 * np.concatenate([np.array(thread.seconds) for thread in threads] or [[]])
    if not values.size:
        return {"requests": 0}
    p50, p99 = np.percentile(values, (50, 99))
    return {"requests": int(values.size), "p50": round(float(p50), 1), "p99": round(float(p99), 1)}


if __name__ == "__main__":
    main()
