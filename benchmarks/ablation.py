"""What each choice of the recipe for PH2 is worth: one is changed at a time.

Every variant is trained with three seeds on one split, and measured on the images that it holds
out, at their own resolution. A difference within the spread over the seeds says nothing.

    python benchmarks/ablation.py [--data ph2] [--size 128] [--epochs 12] [--seeds 3] [--work DIR]

Runs that are finished stay in the work folder and are not trained again. The table goes to
benchmarks/results/ablation.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from segtf.devices import read_cpu_name

TABLE = Path(__file__).parent / "results" / "ablation.md"
VARIANTS = {
    "the recipe": {},
    "encoder from nothing": {"encoder_weights": "none"},
    "one learning rate of 0.001": {"learning_rate": 0.001},
    "decoder of 4 base filters": {"model_settings": {"base_filters": 4}},
    "decoder of 16 base filters": {"model_settings": {"base_filters": 16}},
    "augment none": {"augment": "none"},
    "augment light": {"augment": "light"},
    "augment photo": {"augment": "photo"},
    "weights averaged": {"average_weights": "auto"},
}


def main():
    options = parse()
    results = {}
    for name, changes in VARIANTS.items():
        results[name] = []
        for seed in range(options.seeds):
            run = options.work / f"{name.replace(' ', '-')}-{seed}"
            if not (run / "report" / "metrics.json").is_file():
                command = [sys.executable, __file__, "--train", run, "--seed", seed]
                for key in ("data", "size", "epochs"):
                    command += [f"--{key}", getattr(options, key)]
                subprocess.run([*map(str, command), "--changes", json.dumps(changes)], check=True)
            metrics = json.loads((run / "report" / "metrics.json").read_text())
            results[name].append(metrics["mean_dice"])
            print(f"{name}, seed {seed}: {metrics['mean_dice']:.4f}", flush=True)
    write_table(results, options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="ph2")
    for name, default in (("size", 128), ("epochs", 12), ("seeds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--work", type=Path, default=Path("runs/ablation"))
    for name in ("train", "seed", "changes"):  # of one training, in a process of its own
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(options)
        sys.exit()
    return options


def train(options):
    from segtf.data import load_source
    from segtf.evaluation.evaluate import evaluate
    from segtf.training import TrainConfig
    from segtf.training.batches import make_split
    from segtf.training.train import train as train_run

    source = load_source(options.data)
    sides = (options.size, options.size)
    common = {"size": sides, "epochs": options.epochs, "batch_size": 8, "augment": "medical"}
    common |= json.loads(options.changes)
    split = make_split(source, TrainConfig(**common))
    config = TrainConfig(**common, seed=int(options.seed))
    run = train_run(options.train, source, config, on_message=str, verbose=0, split=split)
    evaluate(run, outlines=False)


def write_table(results, options):
    (base, *_) = results.values()
    rows = [
        f"Mean Dice over the held-out images of {options.data}, `unet-efficientnet-lite0` at "
        f"{options.size}x{options.size}, {options.epochs} epochs, batch 8, {options.seeds} seeds "
        f"on one split; {read_cpu_name()}. Made by `python benchmarks/ablation.py`.",
        "",
        "| variant | mean | lowest | highest | against the recipe |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, scores in results.items():
        mean = statistics.mean(scores)
        gain = "" if scores is base else f"{mean - statistics.mean(base):+.4f}"
        rows.append(f"| {name} | {mean:.4f} | {min(scores):.4f} | {max(scores):.4f} | {gain} |")
    TABLE.write_text("\n".join(rows) + "\n")
    print(TABLE.read_text())


if __name__ == "__main__":
    main()
