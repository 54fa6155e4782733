"""Files made to hurt, each as a request of its own: time, memory and answer.

Every file of `hostile_files` goes to an exported SavedModel's `serving_default`, in a process that
imports TensorFlow alone, and to what `segtf predict` runs for an image. Both answer all files, one
after the other; memory is the most that was resident while a file was answered, above that of the
idle process.

    python benchmarks/hostile.py [--files jpeg] [--classes 2] [--results FILE]

Writes benchmarks/results/hostile.md, and exits with status 1 where a file takes more than 600 MB or
10 s, ends a process, or has two masks that differ without an error.
"""

import argparse
import ctypes
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from hostile_files import FILES, PICTURE, encoded

MOST_MEGABYTES, MOST_SECONDS = 600, 10
PATIENCE = 120
"""Seconds after which a process is ended."""
RESULTS = Path(__file__).parent / "results" / "hostile.md"
KNOWN = {
    "png: 1000 x 1000 and 2 gigabytes more": "TensorFlow inflates a PNG to its end; SECURITY.md"
}
"""Files whose faults are known: rows that say so, and no failure."""
READERS = ("serving_default", "segtf predict")


def main():
    options = parse()
    if options.reader:
        read_requests(options.reader, options.model)
        return
    with tempfile.TemporaryDirectory() as scratch:
        model = export_untrained(Path(scratch) / "model", options.classes)
        readers = [Reader(name, model) for name in READERS]
        rows = []
        for name in (name for name in FILES if options.files in name):
            path = Path(scratch) / "image"
            path.write_bytes(FILES[name]())
            answers = [reader.ask(path) for reader in readers]
            rows.append(Row(name, path.stat().st_size, answers))
            print(rows[-1].line(), flush=True)
        for reader in readers:
            reader.close()
    report(rows, options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--files", default="", help="only those whose name holds this: others keep their row"
    )
    parser.add_argument("--classes", type=int, default=2, help="of the untrained model")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file for the table")
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    return parser.parse_args()


def export_untrained(folder, classes):
    """A small model, so that the time and memory are those of the files."""
    import keras

    import segtf

    keras.utils.set_random_seed(0)
    model = segtf.unet((128, 128, 3), num_classes=classes if classes > 2 else 1, base_filters=4)
    labels = segtf.LabelMap(tuple(f"class {index}" for index in range(classes)))
    return segtf.export(model, folder, labels=labels, speed=False).path


class Reader:
    """A process that answers files until one ends it; then another takes its place."""

    def __init__(self, name, model):
        self.command = [sys.executable, __file__, "--reader", name, "--model", str(model)]
        self.process = None

    def ask(self, path):
        """What the process says of a file: a dict, of `ended` alone if it has no answer."""
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self.process.stdout.readline()
        print(path, file=self.process.stdin, flush=True)
        if select.select([self.process.stdout], [], [], PATIENCE)[0]:
            line = self.process.stdout.readline()
            if line:
                return json.loads(line)
        is_slow = self.process.poll() is None
        self.close()
        return {"ended": f"no answer in {PATIENCE} s" if is_slow else "the process ended"}

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def read_requests(reader, model):
    """Be the process: a path a line comes in, an answer a line goes out."""
    answers, sys.stdout = sys.stdout, sys.stderr
    answer = {"serving_default": graph_answer, "segtf predict": predict_answer}[reader](model)
    for _ in range(2):
        answer(encoded(PICTURE, "JPEG"))
    idle = give_back_memory()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        data = Path(line.strip()).read_bytes()
        give_back_memory()
        clocks = time.perf_counter, time.process_time
        starts = [clock() for clock in clocks]
        mask, error = answer(data)
        seconds = min(clock() - start for clock, start in zip(clocks, starts, strict=True))
        megabytes = (status("VmHWM") - idle) / 1024
        said = {"seconds": seconds, "megabytes": megabytes, "error": error, "mask": mask}
        print(json.dumps(said), file=answers, flush=True)


def graph_answer(model):
    import tensorflow as tf

    signature = tf.saved_model.load(model).signatures["serving_default"]

    def answer(data):
        said = signature(image_bytes=tf.constant([data]))
        error = said["error"].numpy()[0].decode()
        return (None, error) if error else (digest(said["mask_bytes"].numpy()[0]), "")

    return answer


def predict_answer(model):
    import segtf
    from segtf.data.decode import ImageError
    from segtf.mask_files import write_mask

    predict = segtf.load(model)
    out = Path(tempfile.mkdtemp()) / "mask.png"

    def answer(data):
        try:
            write_mask(predict(data).mask, out)
        except ImageError as error:
            return None, str(error)
        return digest(out.read_bytes()), ""

    return answer


def digest(png):
    """Size of a mask and a number for its pixels."""
    import hashlib
    import io

    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    mask = Image.open(io.BytesIO(png))
    return [mask.height, mask.width, hashlib.sha256(mask.tobytes()).hexdigest()]


def give_back_memory():
    """Return what the allocator keeps to the system, forget the peak, and say what is resident."""
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def status(name):
    """A figure of this process, in kB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise ValueError(f"Expected a figure of /proc/self/status. Received: {name}")


class Row:
    """What the readers make of a file."""

    def __init__(self, name, size, answers):
        self.name, self.size, self.answers = name, size, answers

    def faults(self):
        """What is wrong with the answers, a list of texts."""
        faults = []
        for reader, said in zip(READERS, self.answers, strict=True):
            if "ended" in said:
                faults.append(f"{reader}: {said['ended']}")
                continue
            if said["seconds"] > MOST_SECONDS:
                faults.append(f"{reader}: {said['seconds']:.1f} s")
            if said["megabytes"] > MOST_MEGABYTES:
                faults.append(f"{reader}: {said['megabytes']:.0f} MB")
        masks = [said.get("mask") for said in self.answers]
        if None not in masks and masks[0] != masks[1]:
            faults.append("two masks that differ")
        return faults

    def cells(self):
        cells = [self.name, f"{self.size:,}"]
        for said in self.answers:
            if "ended" in said:
                cells += ["", "", said["ended"]]
                continue
            mask = said["mask"]
            answer = f"mask of {mask[0]} x {mask[1]}" if mask else said["error"]
            answer = " ".join(answer.replace("|", "/").split())
            cells += [f"{said['seconds']:.2f}", f"{max(said['megabytes'], 0):.0f}", answer]
        faults = "; ".join(self.faults())
        known = KNOWN.get(self.name)
        return [*cells, f"{faults} (known: {known})" if faults and known else faults]

    def line(self):
        cells = self.cells()
        short = (*cells[2:4], cells[4][:40], *cells[5:7], cells[7][:40], cells[8])
        return f"{self.name:48}{cells[1]:>12} " + " | ".join(short)


def rows_of(path):
    """Rows of a table that was written before, by the name of the file."""
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [line[2:-2].split(" | ") for line in lines if line.startswith("| ")][2:]
    return {cells[0]: cells for cells in rows}


def report(rows, options):
    from segtf.devices import read_cpu_name

    header = ["file", "bytes"]
    header += [f"{reader}: {what}" for reader in READERS for what in ("s", "MB", "answer")]
    header.append("fault")
    made = {row.name: row.cells() for row in rows}
    if options.files:
        made = {**rows_of(options.results), **made}
    table = [header, ["---"] * len(header), *(made[name] for name in FILES if name in made)]
    failed = [cells for cells in made.values() if cells[-1] and cells[0] not in KNOWN]
    said = (
        f"Made by `python benchmarks/hostile.py --classes {options.classes}` on "
        f"{read_cpu_name()}, {os.cpu_count()} cores: {len(made)} files, {len(failed)} with a fault "
        f"that is not known (more than {MOST_MEGABYTES} MB above idle or {MOST_SECONDS} s, a "
        "process that ended, or two masks that differ)."
    )
    lines = [f"| {' | '.join(cells)} |" for cells in table]
    options.results.parent.mkdir(exist_ok=True)
    options.results.write_text("\n".join(["# Hostile files", "", said, "", *lines]) + "\n")
    print(said)
    for cells in failed:
        print(f"{cells[0]}: {cells[-1]}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
