"""Run as a script in a process of its own: how long does a model take, and how much memory?

It loads nothing but the runtime of the model's format, so that the figures are the model's.
Prints JSON: the seconds of each run, and the memory at its peak in bytes, or `null` where the
system does not tell.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

_WARM_UP, _LEAST = 2, 5


def main(format, path, size, threads, rounds, seconds):
    """Measure the model at `path`, of a format by its name, on one image of `size`."""
    if format == "saved_model":
        # Its weights are constants, as a rule, with which oneDNN is the faster. On some CPUs
        # TensorFlow leaves it off unless asked, as export/serving/compose.yaml does.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    load = {"tflite": _tflite, "onnx": _onnx}.get(format, _tensorflow)
    prepare = load(threads)
    before = _resident("VmRSS")
    run = prepare(path, size)
    for _ in range(_WARM_UP):
        run()
    taken = []
    end = time.perf_counter() + seconds
    while len(taken) < rounds and (len(taken) < _LEAST or time.perf_counter() < end):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    peak = _resident("VmHWM")
    memory = None if None in (before, peak) else peak - before
    print(json.dumps({"seconds": taken, "peak_memory": memory}))


def _resident(name):
    """Bytes of this process in memory, now (VmRSS) or at most (VmHWM), as Linux gives them."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(lines[name].split()[0]) * 1024


def _pixels(shape, dtype):
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


def _tflite(threads):
    from ai_edge_litert.interpreter import Interpreter

    def prepare(path, size):
        interpreter = Interpreter(path, num_threads=threads)
        given, received = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        pixels = _pixels((1, *size, given["shape"][3]), given["dtype"])
        interpreter.resize_tensor_input(given["index"], pixels.shape)
        interpreter.allocate_tensors()

        def run():
            interpreter.set_tensor(given["index"], pixels)
            interpreter.invoke()
            return interpreter.get_tensor(received["index"])

        return run

    return prepare


def _onnx(threads):
    import onnxruntime

    def prepare(path, size):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
        (given,) = session.get_inputs()
        pixels = _pixels((1, *size, given.shape[3]), np.float32)
        return lambda: session.run(None, {given.name: pixels})

    return prepare


def _tensorflow(threads):
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import tensorflow as tf

    import segtf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    load = segtf.load  # imports all that it needs, which is not counted as the model's memory

    def prepare(path, size):
        # Taken for logits: random pixels are not to be judged by what comes out.
        predictor = load(path, size=size, outputs="logits")
        pixels = _pixels((1, *size, predictor.spec.channels), np.uint8)
        return lambda: predictor.backend(pixels)

    return prepare


if __name__ == "__main__":
    name, model, *numbers = sys.argv[1:]
    height, width, *settings = map(int, numbers[:4])
    main(name, model, (height, width), *settings, float(numbers[4]))
