"""What a model takes: time and memory for one image, in a process of its own, and disk."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from segtf.inference.formats import find_model
from segtf.resources import usable_cores

_PROBE = Path(__file__).with_name("probe.py")


@dataclass(frozen=True)
class Speed:
    """What one image takes on the CPU, from pixels of the model's size to what it gives.

    Args:
        p50_ms: milliseconds that half of the runs stay below.
        p95_ms: milliseconds that 95% of the runs stay below.
        runs: number of runs, after two to warm up.
        threads: threads that the runtime may use.
        peak_memory: bytes in memory at the peak, above those of the runtime without a model;
            `None` where the system does not tell.
    """

    p50_ms: float
    p95_ms: float
    runs: int
    threads: int
    peak_memory: int | None

    def to_dict(self):
        """Return plain numbers for JSON."""
        return asdict(self)


def measure_speed(path, size, threads=None, runs=50, seconds=5.0):
    """Measure a model file on the CPU of this machine.

    Args:
        path: a run folder, ``.keras`` or ``.tflite`` file, SavedModel folder or ``.onnx`` file.
        size: height and width of the image.
        threads: threads that the runtime may use; by default all available cores.
        runs: number of runs, 5 or more.
        seconds: longest time, in seconds, that the runs take, after the first five.

    Returns:
        A `Speed`.

    Raises:
        ValueError: for a path that is no model, or if it could not be run, with the end of what its
            process wrote.
    """
    threads = threads or usable_cores()
    # -P: the names of the files beside the probe are not those of modules.
    format = find_model(path).format.name
    command = [sys.executable, "-P", _PROBE, format, path, *size, threads, runs, seconds]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise ValueError(
            f"Expected a model that can be run. Received: {path}: {done.stderr.strip()[-300:]}"
        )
    measured = json.loads(done.stdout.splitlines()[-1])
    milliseconds = 1000 * np.array(measured["seconds"])
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return Speed(float(p50), float(p95), len(milliseconds), threads, measured["peak_memory"])


def size_in_bytes(path):
    """Return the size of a file, or of all files in a folder."""
    path = Path(path)
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
