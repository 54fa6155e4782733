"""What other people's clients make of exported models, as a table: docs/clients.md.

    python benchmarks/clients/check.py [--work DIR] [--only people/unet]
        [--again [--runtime MediaPipe]]

For people (binary), CamVid (11 classes) and membranes (grey), a U-Net, a SegNet and a U-Net with a
pretrained encoder are trained for some minutes, exported in every format, and run by clients that
know the formats alone (`client.py`, `picture.py`), each in a process of its own. Masks, at the
images' own sizes, and logits are held against those of `segtf predict` on the run. What is trained,
exported and measured stays in the work folder, so that an interrupted check goes on.

Clients whose packages are missing are rows that say so: those of Python come with the extra
`clients`. LiteRT.js needs Chromium, and in the work folder
`npm install @litertjs/core@2.5.3 @litertjs/wasm-utils`.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "clients.md"
BEGIN, END = "<!-- made by make check-clients -->", "<!-- end -->"
CORES = len(os.sched_getaffinity(0))
IMAGES, RUNS = 6, 9
EXPORT_IMAGES = 12
"""Held-out images that each export is compared on."""
RUNTIMES = (
    "SavedModel", "gRPC", "REST", "LiteRT", "MediaPipe", "ONNX Runtime", "OpenVINO", "LiteRT.js"
)  # fmt: skip
FORMATS = (
    "saved_model", "tflite", "tflite-float16", "tflite-dynamic", "tflite-int8", "onnx"
)  # fmt: skip
TASKS = {
    "people": ("human", "128", 4),
    "camvid": ("camvid", "96x128", 2),
    "membrane": ("membrane", "128", 20),
}
"""Kind of data, size, and epochs: enough for masks that are not noise."""
MODELS = ("unet", "segnet-small", "unet-efficientnet-lite0")
RULES = ("stretch", "letterbox", "crop")


def main():
    options = parse()
    options.work.mkdir(parents=True, exist_ok=True)
    cells = []
    for row, task in enumerate(TASKS):
        for column, model in enumerate(MODELS):
            # Every task meets every rule, and so does every model.
            cells.append(Cell(options.work, task, model, RULES[(row + column) % len(RULES)]))
    for cell in cells:
        if options.only in (cell.name, cell.task, cell.model, ""):
            cell.check(options.again, options.runtime)
            write_page(cells)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "clients")
    parser.add_argument("--only", default="", help="a task, a model or TASK/MODEL")
    parser.add_argument("--again", action="store_true", help="measure what has been measured")
    parser.add_argument(
        "--runtime", nargs="+", choices=RUNTIMES, default=RUNTIMES, help="others keep their rows"
    )
    return parser.parse_args()


class Cell:
    """A model trained for a task, and its clients."""

    def __init__(self, work, task, model, rule):
        self.name, self.task, self.model, self.rule = f"{task}/{model}", task, model, rule
        self.work, self.folder = work, work / task / model
        self.run, self.results = self.folder / "run", self.folder / "results.json"

    def check(self, again, runtimes):
        if self.results.exists() and not again:
            return
        print(f"{self.name}, {self.rule}", flush=True)
        self.train()
        refused = self.export()
        reference = Reference(self.run)
        before = json.loads(self.results.read_text()) if self.results.exists() else {}
        rows = {}
        with served(self.folder / "served") as urls:
            job = self.job(reference, refused, urls)
            times = [reference.milliseconds()]
            for runtime in runtimes:
                rows |= ask(runtime, job)
                times.append(reference.milliseconds())
                print(f"  {runtime}", flush=True)
        keras = {of: min(one[of] for one in times) for of in times[0]}
        compared = {name: self.compare(name, said, reference, keras) for name, said in rows.items()}
        if set(runtimes) != set(RUNTIMES):
            compared = in_order({**before["rows"], **compared})
            self.results.write_text(json.dumps({**before, "rows": compared}, indent=2) + "\n")
            return
        cell = {"task": self.task, "model": self.model, "rule": self.rule, "cpu": cpu_name()}
        _, size, epochs = TASKS[self.task]
        cell |= {"load": os.getloadavg()[1], "size": size, "epochs": epochs}
        cell |= {"iou": reference.iou(reference.masks), "keras": keras, "rows": compared}
        self.results.write_text(json.dumps(cell, indent=2) + "\n")

    def train(self):
        data, size, epochs = TASKS[self.task]
        if (self.run / "report" / "metrics.json").exists():
            return
        command = ["train", self.run, "--data", data, "--size", size, "--epochs", epochs]
        command += ["--batch", 4, "--model", self.model, "--resize", self.rule]
        if (self.run / "checkpoints").exists():
            command = ["train", "--resume", self.run]
        segtf = Path(sys.executable).parent / "segtf"
        subprocess.run([segtf, *map(str, command)], check=True)

    def export(self):
        """Export what is not there yet; format to why it was refused."""
        import segtf
        from segtf.comparing.run_images import run_source

        refused, held_out = {}, run_source(self.run, "val", EXPORT_IMAGES)
        for format in FORMATS:
            folder = self.folder / {"saved_model": "served", "onnx": "onnx"}.get(format, "mobile")
            name = {"tflite": "model.tflite", "onnx": "model.onnx", "saved_model": "1"}
            path = folder / name.get(format, f"model-{format.removeprefix('tflite-')}.tflite")
            if path.exists():
                continue
            try:
                segtf.export(self.run, folder, format, source=held_out, speed=False)
            except ValueError as error:
                if format == "saved_model":
                    raise
                refused[path.name] = f"segtf export refuses: {str(error).splitlines()[0][:160]}"
        plain = self.folder / "mobile" / "model-float16-plain.tflite"
        if self.rule == "stretch" and not plain.exists():
            settings = {"source": held_out, "speed": False, "for_resize": "plain"}
            try:
                segtf.export(self.run, plain.parent, "tflite-float16", **settings)
            except ValueError as error:
                refused[plain.name] = f"segtf export refuses: {str(error).splitlines()[0][:160]}"
        return refused

    def job(self, reference, refused, urls):
        out = self.folder / "answers"
        out.mkdir(exist_ok=True)
        path = self.folder / "job.json"
        job = {
            "saved_model": str(self.folder / "served" / "1"),
            "mobile": str(self.folder / "mobile"),
            "onnx": str(self.folder / "onnx" / "model.onnx"),
            "node_modules": str(self.work / "node_modules"),
            "images": [str(path) for path in reference.images],
            "refused": refused,
            "urls": urls,
            "out": str(out),
            "cores": CORES,
            "runs": RUNS,
        }
        path.write_text(json.dumps(job))
        return path

    def compare(self, name, said, reference, keras):
        if "missing" in said:
            return said
        with np.load(self.folder / "answers" / f"{name}.npz") as answers:
            masks = [answers[f"mask{index}"] for index in range(len(reference.images))]
            logits = [answers[one] for one in answers.files if one.startswith("logits")]
        pairs = list(zip(masks, reference.masks, strict=True))
        equal = sum(np.count_nonzero(one == other) for one, other in pairs)
        row = {
            "agreement": equal / sum(mask.size for mask in masks),
            "iou": reference.iou(masks),
            "difference": None,
            "ratio": said["milliseconds"] and said["milliseconds"] / keras[said["of"]],
        }
        if logits:
            differences = map(np.subtract, logits, reference.logits)
            row["difference"] = max(float(np.abs(one).max()) for one in differences)
        return row


class Reference:
    """What `segtf predict` says of held-out images."""

    def __init__(self, run):
        import segtf
        from segtf.comparing.run_images import run_source
        from segtf.data import read_class_ids

        self.predict = segtf.load(run)
        labels = self.predict.spec.labels
        samples = run_source(run, "val", IMAGES, labels).samples
        self.labels, self.images = labels, [sample.image for sample in samples]
        self.truths = [read_class_ids(sample, labels) for sample in samples]
        self.masks = [self.predict(image).mask for image in self.images]
        canvases = [self.predict.canvas(image)[np.newaxis] for image in self.images]
        self.logits = [self.predict.backend(canvas)["logits"][0] for canvas in canvases]
        self.canvas = canvases[-1]

    def milliseconds(self):
        """Of the Keras model, and from a file to a mask: the quickest of some runs."""
        steps = {
            "pixels to logits": lambda: self.predict.backend(self.canvas),
            "file to mask": lambda: self.predict(self.images[-1]).mask,
        }
        quickest = {}
        for name, step in steps.items():
            seconds = []
            for _ in range(RUNS + 3):
                start = time.perf_counter()
                step()
                seconds.append(time.perf_counter() - start)
            quickest[name] = 1000 * min(seconds)
        return quickest

    def iou(self, masks):
        """Mean over the classes that occur, of all images together."""
        intersections, unions = 0, 0
        for mask, truth in zip(masks, self.truths, strict=True):
            counts = truth != self.labels.ignore_class
            ids = np.arange(self.labels.num_classes)[:, None, None]
            found, wanted = (mask == ids) & counts, (truth == ids) & counts
            intersections = intersections + (found & wanted).sum((1, 2))
            unions = unions + (found | wanted).sum((1, 2))
        there = unions > 0
        return float(np.mean(intersections[there] / unions[there]))


def in_order(rows):
    """Rows as their runtimes are listed."""

    def place(name):
        runtimes = [one for one in RUNTIMES if name.startswith(one)]
        return RUNTIMES.index(max(runtimes, key=len))

    return {name: rows[name] for name in sorted(rows, key=place)}


def ask(runtime, job):
    """What a client process prints; a row that says so where it fails."""
    command = [sys.executable, "client.py", runtime, job]
    answer = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=900)
    if answer.returncode:
        lines = answer.stderr.strip().splitlines() or [f"status {answer.returncode}"]
        return {runtime: {"missing": f"failed: {lines[-1][:200]}"}}
    return json.loads(answer.stdout.splitlines()[-1])


@contextlib.contextmanager
def served(folder):
    """URLs of the project's stand-in for TensorFlow Serving, where its packages are."""
    command = [sys.executable, ROOT / "tests" / "serving" / "server.py", folder]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    try:
        yield json.loads(process.stdout.readline() or "{}")
    finally:
        process.stdin.close()
        process.wait(timeout=60)


def cpu_name():
    from segtf.devices import read_cpu_name

    return f"{read_cpu_name()}, {CORES} cores"


def write_page(cells):
    """Put the tables between the marks of the page: all clients together, then each cell."""
    results = [json.loads(cell.results.read_text()) for cell in cells if cell.results.exists()]
    parts = [*summary(results), ""]
    missing = [f"{cell.task} with `{cell.model}`" for cell in cells if not cell.results.exists()]
    if missing:
        parts += [f"Not run yet: {', '.join(missing)}.", ""]
    for cell in results:
        keras = cell["keras"]
        parts += [
            f"## {cell['task']}, `{cell['model']}`, {cell['rule']}",
            "",
            f"Keras on {cell['cpu']}, load {cell['load']:.0f}: {keras['pixels to logits']:.0f} ms "
            f"from pixels to logits, {keras['file to mask']:.0f} ms from a file to a mask; IoU "
            f"{cell['iou']:.4f}, trained for {cell['epochs']} epochs at {cell['size']}.",
            "",
            "| client | agreement | logit difference | IoU | time of Keras' |",
            "|---|---:|---:|---:|---:|",
            *(line(name, row) for name, row in cell["rows"].items()),
            "",
        ]
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text("\n".join([f"{before}{BEGIN}", "", *parts, END + rest.split(END)[1]]))


def summary(results):
    """Lines of a table of the clients over all cells: the worst of each figure."""
    rows = {}
    for cell in results:
        for name, row in cell["rows"].items():
            # Of clients that failed or are missing, what they are is all that is known.
            if "missing" not in row:
                rows.setdefault(name, []).append({**row, "change": row["iou"] - cell["iou"]})
    lines = [
        "| client | models | least agreement | largest logit difference | IoU, change "
        "| time of Keras', median |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, cells in rows.items():
        differences = [one["difference"] for one in cells if one["difference"] is not None]
        ratios = [one["ratio"] for one in cells if one["ratio"] is not None]
        changes = sorted(100 * one["change"] for one in cells)
        figures = (
            f"{100 * min(one['agreement'] for one in cells):.3f}%",
            f"{max(differences):.2g}" if differences else "",
            f"{changes[0]:+.2f} to {changes[-1]:+.2f} points",
            f"{np.median(ratios):.2f}" if ratios else "",
        )
        lines.append(f"| {name} | {len(cells)} | {' | '.join(figures)} |")
    return lines


def line(name, row):
    if "missing" in row:
        return f"| {name} | {row['missing'].replace('|', '/')} | | | |"
    difference = "" if row["difference"] is None else f"{row['difference']:.2g}"
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
    agreement = f"{100 * row['agreement']:.3f}%"
    return f"| {name} | {agreement} | {difference} | {row['iou']:.4f} | {ratio} |"


if __name__ == "__main__":
    main()
