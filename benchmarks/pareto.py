"""How right against how quick: networks trained alike, as TFLite float32 and int8, in one chart.

Each network is trained (a training that was stopped goes on, a finished one is kept), exported,
and both files are measured on the images that the training held out, at their own resolution.
Then each round times every file once, in a process of its own, so that other work on the machine
meets all of them; the median over the rounds counts.

    python benchmarks/pareto.py [--recipe ph2] [--size 256] [--epochs 24]
        [--models lite lite-small lite-scratch unet-efficientnet-lite0 unet]
        [--work runs/pareto] [--rounds 5]

The figures go to benchmarks/results/pareto-RECIPE.csv, the chart beside them: the mean Dice over
images of a binary task, with 95% intervals, else the mean IoU over classes.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from matplotlib.figure import Figure

from segtf.devices import read_cpu_name
from segtf.resources import usable_cores

RESULTS = Path(__file__).parent / "results"
FORMATS = {"float32": "tflite", "int8": "tflite-int8"}
FILES = {"float32": "model.tflite", "int8": "model-int8.tflite"}
COLORS = {"float32": "tab:blue", "int8": "tab:orange"}
SEGTF = [sys.executable, "-c", "from segtf.cli import main; main()"]


def main():
    options = parse()
    rows = []
    for model in options.models:
        changed = [value for value in (options.size, options.epochs) if value]
        folder = options.work / "-".join([options.recipe, *changed, model])
        train(model, folder / "run", options)
        rows += measure_accuracy(model, folder)
    config = json.loads((folder / "run" / "config.json").read_text())["training"]
    measure_time(rows, config["size"], options.rounds)
    RESULTS.mkdir(exist_ok=True)
    write_table(rows, config, RESULTS / f"pareto-{options.recipe}.csv")
    draw(rows, config, options, RESULTS / f"pareto-{options.recipe}.png")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="ph2")
    parser.add_argument("--size", help="N or HxW, by default the recipe's")
    parser.add_argument("--epochs", help="by default the recipe's")
    parser.add_argument("--rounds", type=int, default=5)
    models = ["lite", "lite-small", "lite-scratch", "unet-efficientnet-lite0", "unet"]
    parser.add_argument("--models", nargs="+", default=models)
    parser.add_argument("--work", type=Path, default=Path("runs/pareto"))
    return parser.parse_args()


def train(model, run, options):
    if (run / "config.json").is_file():
        settings = ["--resume"]
    else:
        run.parent.mkdir(parents=True, exist_ok=True)
        settings = ["--recipe", options.recipe, "--model", model]
        for name in ("size", "epochs"):
            if getattr(options, name):
                settings.append(f"--{name}={getattr(options, name)}")
    if not (run / "report" / "metrics.json").is_file():
        print(f"{model}: training", flush=True)
        subprocess.run([*SEGTF, "train", run, *settings], check=True)


def measure_accuracy(model, folder):
    """Export, and measure what was exported; figures that are there already are kept."""
    known = folder / "figures.json"
    if known.is_file():
        return json.loads(known.read_text())
    import segtf
    from segtf.comparing.run_images import split_source
    from segtf.models import describe_models

    run, rows = folder / "run", []
    held_out = split_source(run, "val")
    size = json.loads((run / "spec.json").read_text())["size"]
    (cost,) = (cost for cost in describe_models(tuple(size)) if cost.name == model)
    for precision, format in FORMATS.items():
        print(f"{model}: {precision}", flush=True)
        segtf.export(run, folder, format, speed=False)
        path = folder / FILES[precision]
        summary = segtf.evaluate(path, held_out, outlines=False).summary()
        name = "mean_dice" if len(summary["per_class"]) == 2 else "mean_iou"
        low, high = summary["confidence_intervals"][name]
        figures = {name: summary[name], "low": low, "high": high}
        rows.append(
            {
                "model": model,
                "precision": precision,
                **{key: round(value, 4) for key, value in figures.items()},
                "parameters": cost.parameters,
                "gmac": round(cost.multiply_adds / 1e9, 3),
                "megabytes": round(path.stat().st_size / 1e6, 2),
                "path": str(path),
            }
        )
    known.write_text(json.dumps(rows, indent=1) + "\n")
    return rows


def measure_time(rows, size, count):
    """Add the milliseconds of one image to each row."""
    from segtf.comparing.speed import measure_speed

    rounds = {row["path"]: [] for row in rows}
    for number in range(count):
        for path, taken in rounds.items():
            taken.append(measure_speed(path, tuple(size), runs=30, seconds=3.0).p50_ms)
        print(f"round {number + 1} of {count}", flush=True)
    for row in rows:
        row["ms"] = round(statistics.median(rounds[row["path"]]), 2)


def write_table(rows, config, path):
    columns = [name for name in rows[0] if name != "path"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*columns, "size", "epochs", "threads", "processor"])
        for row in rows:
            settings = ["x".join(map(str, config["size"])), config["epochs"]]
            settings += [usable_cores(), read_cpu_name()]
            writer.writerow([*(row[name] for name in columns), *settings])
    print(path.read_text())


def draw(rows, config, options, path):
    """Draw each network as two points, joined; up and to the left is better."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    panel = figure.subplots()
    score = next(name for name in rows[0] if name.startswith("mean_"))
    for model in options.models:
        points = [row for row in rows if row["model"] == model]
        panel.plot(
            [row["ms"] for row in points], [row[score] for row in points], color="0.8", zorder=1
        )
        best = max(points, key=lambda row: row[score])
        place = {"xytext": (0, 8), "textcoords": "offset points", "ha": "center"}
        place["bbox"] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
        panel.annotate(model, (best["ms"], best[score]), **place)
    for precision, color in COLORS.items():
        points = [row for row in rows if row["precision"] == precision]
        scores = [row[score] for row in points]
        errors = [
            [value - row["low"] for row, value in zip(points, scores, strict=True)],
            [row["high"] - value for row, value in zip(points, scores, strict=True)],
        ]
        times = [row["ms"] for row in points]
        panel.errorbar(times, scores, errors, fmt="o", color=color, alpha=0.8, label=precision)
    title = "mean Dice over images" if score == "mean_dice" else "mean IoU over classes"
    panel.set(xscale="log", xlabel="milliseconds for one image, TFLite", ylabel=title)
    panel.set_title(
        f"{options.recipe}, {'x'.join(map(str, config['size']))}, {config['epochs']} epochs; "
        f"{usable_cores()} threads, {read_cpu_name()}",
        fontsize=9,
    )
    panel.margins(x=0.25)  # for the names
    for axis in (panel.xaxis.set_major_formatter, panel.xaxis.set_minor_formatter):
        axis("{x:g}")
    panel.grid(alpha=0.3)
    panel.legend(loc="lower right")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
