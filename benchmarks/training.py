"""Images per second of training: segtf and PyTorch, the same network, side by side.

Every contestant trains the default U-Net (the same parameters, optimizer AdamW, loss
cross-entropy + Dice) on one batch of random images that is in memory already. Each round runs
every contestant once, in a process of its own, so that other work on the machine meets all of
them; the median over the rounds counts.

    python benchmarks/training.py [--rounds 3] [--steps 6] [--size 256] [--batch 8]

PyTorch runs as it comes (eager), with channels-last memory, compiled, and both. float32, and
bfloat16 where the CPU has instructions for it (elsewhere it is many times slower). The share of
the peak is that of the fastest matrix multiplication that either library reached on this
machine in the same run. The peer comes with the extra `bench`. Figures go to
benchmarks/results/training.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""  # both libraries on the CPU, on any machine

WARM_UP = 2
MATRIX = 2048
RESULTS = Path(__file__).parent / "results" / "training.json"


def main():
    options = parse()
    if options.contestant:
        print(json.dumps(CONTESTANTS[options.contestant](options)))
        return
    try:
        import torch  # noqa: F401
    except ImportError:
        sys.exit("torch is missing: pip install 'segtf[bench]'")
    rounds = {name: [] for name in CONTESTANTS if has_bfloat16() or "bfloat16" not in name}
    for number in range(options.rounds):
        for name in rounds:
            rounds[name].append(run_alone(name, options))
            print(f"round {number + 1}: {name}: {rounds[name][-1]}", flush=True)
    report(options, rounds)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=6, help="timed steps of a contestant")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    return parser.parse_args()


def has_bfloat16():
    cpuinfo = Path("/proc/cpuinfo")
    words = cpuinfo.read_text().split() if cpuinfo.is_file() else []
    return "avx512_bf16" in words or "amx_bf16" in words


def run_alone(name, options):
    command = [sys.executable, __file__, "--contestant", name]
    for key in ("steps", "size", "batch"):
        command += [f"--{key}", str(getattr(options, key))]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(answer.stdout.splitlines()[-1])


def make_batch(options):
    import numpy as np

    rng = np.random.default_rng(0)
    shape = (options.batch, options.size, options.size)
    images = rng.integers(0, 256, (*shape, 3)).astype("float32")
    return images, rng.integers(0, 2, shape).astype("uint8")


def timed(step, options, parameters):
    """Images per second of the median step, after the steps that trace and compile."""
    for _ in range(WARM_UP):
        step()
    seconds = []
    for _ in range(options.steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    rate = options.batch / statistics.median(seconds)
    return {"images_per_second": round(rate, 3), "parameters": parameters}


def train_segtf(options, policy="float32", fused=True):
    """`model.fit`'s own training step, started as `segtf train` starts TensorFlow."""
    from segtf.cli.start import start_tensorflow

    start_tensorflow(onednn=True)
    import keras
    import tensorflow as tf

    import segtf
    from segtf.losses import CrossentropyDice
    from segtf.training import fuse_batch_norm

    keras.mixed_precision.set_global_policy(policy)
    model = segtf.unet(input_shape=(options.size, options.size, 3), num_classes=1)
    if fused:
        fuse_batch_norm(model)
    model.compile(keras.optimizers.AdamW(1e-3), CrossentropyDice())
    images, masks = (tf.constant(values) for values in make_batch(options))
    trainable = sum(int(tf.size(weight)) for weight in model.trainable_weights)
    return timed(lambda: model.train_on_batch(images, masks), options, trainable)


def train_segtf_bfloat16(options):
    return train_segtf(options, "mixed_bfloat16")


def train_segtf_as_built(options):
    return train_segtf(options, fused=False)


def train_torch(options, channels_last=False, compiled=False, bfloat16=False):
    import torch
    from torch_unet import TorchUNet

    memory = torch.channels_last if channels_last else torch.contiguous_format
    model = TorchUNet().to(memory_format=memory)
    parameters = sum(weight.numel() for weight in model.parameters())
    forward = torch.compile(model) if compiled else model
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    images, masks = (torch.from_numpy(values) for values in make_batch(options))
    images = images.permute(0, 3, 1, 2).to(memory_format=memory)
    truth = masks[:, None].float()

    def step():
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits = forward(images)
        logits = logits.float()
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)
        shares = torch.sigmoid(logits)
        both = (shares * truth).sum()
        loss = entropy + 1 - (2 * both + 1) / (shares.sum() + truth.sum() + 1)
        loss.backward()
        optimizer.step()
        return loss.item()

    return timed(step, options, parameters)


def torch_with(**settings):
    return lambda options: train_torch(options, **settings)


def peak_tensorflow(options):
    """The fastest of some matrix multiplications, in multiply-adds per second."""
    from segtf.cli.start import start_tensorflow

    start_tensorflow(onednn=True)
    import tensorflow as tf

    matrix = tf.random.normal((MATRIX, MATRIX))
    return fastest_multiplication(lambda: tf.matmul(matrix, matrix).numpy())


def peak_torch(options):
    import torch

    matrix = torch.randn(MATRIX, MATRIX)
    return fastest_multiplication(lambda: matrix @ matrix)


def fastest_multiplication(multiply):
    seconds = []
    for _ in range(8):
        start = time.perf_counter()
        multiply()
        seconds.append(time.perf_counter() - start)
    return {"giga_multiply_adds_per_second": round(MATRIX**3 / min(seconds) / 1e9, 1)}


CONTESTANTS = {
    "segtf float32": train_segtf,
    "segtf float32, batch normalisation of Keras": train_segtf_as_built,
    "PyTorch float32": torch_with(),
    "PyTorch float32, channels last": torch_with(channels_last=True),
    "PyTorch float32, compiled": torch_with(compiled=True),
    "PyTorch float32, compiled, channels last": torch_with(compiled=True, channels_last=True),
    "segtf bfloat16": train_segtf_bfloat16,
    "PyTorch bfloat16, channels last": torch_with(channels_last=True, bfloat16=True),
    "PyTorch bfloat16, compiled, channels last": torch_with(
        channels_last=True, compiled=True, bfloat16=True
    ),
    "peak of TensorFlow": peak_tensorflow,
    "peak of PyTorch": peak_torch,
}


def report(options, rounds):
    medians = {
        name: {key: statistics.median(one[key] for one in figures) for key in figures[0]}
        for name, figures in rounds.items()
    }
    peaks = [medians.pop(f"peak of {name}") for name in ("TensorFlow", "PyTorch")]
    peak = max(one["giga_multiply_adds_per_second"] for one in peaks)
    if len({figures["parameters"] for figures in medians.values()}) > 1:
        sys.exit(f"the networks differ: {medians}")
    # Backward computes two products for each one of forward: towards the input and the kernel.
    work = 3 * multiply_adds(options)
    best = {
        library: max(
            figures["images_per_second"]
            for name, figures in medians.items()
            if name.startswith(library)
        )
        for library in ("segtf", "PyTorch")
    }
    print(f"\nbatch {options.batch}, {options.size} x {options.size}; share of {peak} GMAC/s")
    for name, figures in medians.items():
        figures["share_of_peak"] = round(figures["images_per_second"] * work / peak, 3)
        rate, share = figures["images_per_second"], figures["share_of_peak"]
        print(f"{name:44}{rate:8.2f} images/s  {share:6.1%}")
    print(f"segtf is {best['segtf'] / best['PyTorch']:.2f} times as fast as the best PyTorch mode")
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {"cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}
    content = {
        "batch": options.batch,
        "size": options.size,
        "machine": machine,
        "peak_giga_multiply_adds_per_second": peak,
        "medians": medians,
        "rounds": rounds,
    }
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")


def multiply_adds(options):
    """Of one image, forward, in billions."""
    import segtf
    from segtf.models import costs

    model = segtf.unet(input_shape=(options.size, options.size, 3), num_classes=1)
    return costs.multiply_adds(model) / 1e9


if __name__ == "__main__":
    main()
