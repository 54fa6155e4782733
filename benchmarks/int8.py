"""What full int8 costs each architecture, and why: points of IoU, and bytes.

A run is exported as `tflite-int8` with at most 0.7 points of IoU to lose on the images that it held
out, at their own size. Where that is refused, the refusal goes into the table. Two exports more say
why points are lost: class ids of the network in float32, which lose by being decided at the model's
size alone, and int8 that gives logits, which loses by rounding alone.

    python benchmarks/int8.py [--models unet segnet-small ...] [--data ph2] [--size 96]
        [--epochs 10]
    python benchmarks/int8.py --runs runs/people runs/ph2

The first trains models of their names alike, and keeps the runs in --work: those that are there are
not trained again, so that a benchmark that was stopped goes on. The second takes runs as they are.
What is not named keeps its line of the table. Figures go to benchmarks/results/int8.json and
int8.md.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

MAX_IOU_DROP = 0.7
AUGMENT = {"ph2": "medical", "human": "photo"}
MODELS = (
    "unet",
    "unet-small",
    "segnet-small",
    "segnet-basic",
    "segnet-bilinear",
    "segnet",
    "lite",
    "lite-small",
    "lite-scratch",
    "unet-efficientnet-lite0",
    "unet-efficientnet-lite1",
    "unet-efficientnet-lite2",
    "unet-mobilenetv3-small",
    "unet-mobilenetv3-large",
    "unet-efficientnetv2-b0",
    "unet-resnet50v2",
)
RESULTS = Path(__file__).parent / "results" / "int8.json"


def main():
    options = parse()
    table = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for run in options.runs or (trained_run(model, options) for model in options.models):
        config = json.loads((run / "config.json").read_text())
        training = config["training"]
        size = "x".join(map(str, training["size"]))
        name = f"{training['model']}, {config['data']['name']}, {size}, {training['epochs']} epochs"
        table[name] = measure(run)
        print(name, table[name], flush=True)
        write(table)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--data", choices=tuple(AUGMENT), default="ph2")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "segtf-int8")
    parser.add_argument("--runs", type=Path, nargs="+", help="runs to measure as they are")
    return parser.parse_args()


def trained_run(model, options):
    run = options.work / f"{options.data}-{options.size}-{options.epochs}-{model}"
    if not (run / "report" / "curves.png").is_file():  # the last that a training writes
        train_model(model, run, options)
    return run


def find_images(name):
    from segtf.data import load_source
    from segtf.data.sources import default_folder

    if not default_folder(name).is_dir():
        sys.exit(f"Expected the set {name} under SEGTF_DATA. Received: no {default_folder(name)}")
    return load_source(name)


def train_model(model, run, options):
    from segtf.training.config import TrainConfig
    from segtf.training.train import train

    shutil.rmtree(run, ignore_errors=True)
    config = TrainConfig(
        model=model,
        size=(options.size, options.size),
        epochs=options.epochs,
        augment=AUGMENT[options.data],
    )
    source = find_images(options.data)
    train(run, source, config, on_message=lambda line: None, verbose=0)


def measure(run):
    """Points lost by the size alone, by rounding alone, and by the file that is the default."""
    trained, by_size = rows_of(run, "tflite", gives="class_ids")
    figures = {"iou": round(trained.mean_iou, 4), "lost_by_size": round(by_size.iou_drop, 2)}
    try:
        figures["lost_by_rounding"] = round(rows_of(run, "tflite-int8", "logits")[1].iou_drop, 2)
        exported = rows_of(run, "tflite-int8")[1]
        figures |= {
            "lost": round(exported.iou_drop, 2),
            "agreement": round(exported.agreement, 5),
            "share_of_size": round(exported.size_in_bytes / trained.size_in_bytes, 3),
        }
        if exported.iou_drop > MAX_IOU_DROP:
            rows_of(run, "tflite-int8", max_iou_drop=MAX_IOU_DROP)
    except ValueError as error:
        figures["refused"] = str(error)
    return figures


def rows_of(run, format, gives=None, max_iou_drop=None):
    import segtf

    with tempfile.TemporaryDirectory() as folder:
        export = segtf.export(
            run, folder, format, gives=gives, max_iou_drop=max_iou_drop, speed=False
        )
    return export.report.rows


def write(table):
    order = {name: place for place, name in enumerate(MODELS)}
    ordered = dict(sorted(table.items(), key=lambda one: order[one[0].split(", ")[0]]))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(ordered, indent=2) + "\n")
    lines = [
        "| model, data, size, training | IoU | lost by deciding at the model's size "
        "| lost by rounding, logits | lost by int8 class ids | same class | share of the size "
        "| with 0.7 points to lose |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, one in ordered.items():
        cells = [
            name,
            f"{one['iou']:.4f}",
            *(shown(one, key, ".2f") for key in ("lost_by_size", "lost_by_rounding", "lost")),
            *(
                shown(one, key, share)
                for key, share in (("agreement", ".2%"), ("share_of_size", ".0%"))
            ),
            f"refused: {one['refused']}" if "refused" in one else "exported",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    RESULTS.with_suffix(".md").write_text("\n".join(lines) + "\n")


def shown(figures, key, form):
    return format(figures[key], form) if key in figures else "-"


if __name__ == "__main__":
    main()
