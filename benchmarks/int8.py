"""What full int8 costs each architecture: points of IoU, and bytes.

Each is trained on photographs of people (the set `human` under SEGTF_DATA, else images made up), at
a small size and for a few epochs, then exported as `tflite-int8` with at most 0.7 points of IoU to
lose, on the images that were held out. An export that cannot keep to that is refused; what it says
goes into the table.

    python benchmarks/int8.py [--models unet segnet-small ...] [--size 96] [--epochs 12]

Trained runs are kept in --work, and those that are there are not trained again: a benchmark that
was stopped goes on. Models that are not named keep their line of the table. Figures go to
benchmarks/results/int8.json and int8.md.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

MAX_IOU_DROP = 0.7
MODELS = (
    "unet-efficientnet-lite0",
    "unet",
    "unet-small",
    "segnet-small",
    "segnet-basic",
    "segnet-bilinear",
    "unet-mobilenetv3-small",
    "unet-mobilenetv3-large",
    "unet-efficientnet-lite1",
    "unet-efficientnet-lite2",
    "unet-efficientnetv2-b0",
    "segnet",
    "unet-resnet50v2",
)
RESULTS = Path(__file__).parent / "results" / "int8.json"


def main():
    options = parse()
    table = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        source = find_images(Path(folder))
        for model in options.models:
            run = options.work / model
            started = time.perf_counter()
            if not (run / "trained").is_file():
                train_model(model, source, run, options)
            figures = export_int8(run)
            figures["seconds"] = round(time.perf_counter() - started)
            table[model] = {"data": source.name, "size": options.size, **figures}
            print(model, table[model], flush=True)
            write(table)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "segtf-int8")
    options = parser.parse_args()
    unknown = [name for name in options.models if name not in MODELS]
    if unknown:
        sys.exit(f"Expected models among {', '.join(MODELS)}. Received: {', '.join(unknown)}")
    return options


def find_images(scratch):
    from segtf.data import load_source, write_synthetic
    from segtf.data.sources import default_folder

    if default_folder("human").is_dir():
        return load_source("human")
    return load_source("synthetic", write_synthetic(scratch / "data", count=200, size=(256, 256)))


def train_model(model, source, run, options):
    from segtf.training.config import TrainConfig
    from segtf.training.train import train

    shutil.rmtree(run, ignore_errors=True)
    config = TrainConfig(
        model=model,
        size=(options.size, options.size),
        epochs=options.epochs,
        augment="photo" if source.name == "human" else "medical",
    )
    train(run, source, config, on_message=lambda line: None, verbose=0)
    (run / "trained").touch()


def export_int8(run):
    import segtf
    from segtf.exporting import ExportError

    with tempfile.TemporaryDirectory() as folder:
        try:
            export = segtf.export(
                run, folder, "tflite-int8", max_iou_drop=MAX_IOU_DROP, speed=False
            )
        except ExportError as error:
            return {"refused": str(error)}
    trained, exported = export.report.rows
    return {
        "iou": round(trained.mean_iou, 4),
        "int8_iou": round(exported.mean_iou, 4),
        "drop": round(exported.iou_drop, 2),
        "agreement": round(exported.agreement, 5),
        "kept_in_float32": len(export.report.details["kept_in_float32"]),
        "share_of_size": round(exported.size_in_bytes / trained.size_in_bytes, 3),
    }


def write(table):
    ordered = {name: table[name] for name in MODELS if name in table}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(ordered, indent=2) + "\n")
    lines = [
        "| model | IoU | int8 | points lost | same class | in float32 | share of the size |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, one in ordered.items():
        if "refused" in one:
            lines.append(f"| {name} | refused: {one['refused']} | | | | | |")
            continue
        lines.append(
            f"| {name} | {one['iou']:.4f} | {one['int8_iou']:.4f} | {one['drop']:.2f} | "
            f"{one['agreement']:.2%} | {one['kept_in_float32']} | {one['share_of_size']:.0%} |"
        )
    RESULTS.with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
