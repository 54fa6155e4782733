"""Settings of LiteRT on a CPU: threads, delegates and XNNPACK's flags, for each kind of file.

The wall time of one image, the least of several rounds in which all settings take turns; and
whether the answer is that of the default. Weights are made up.

    python benchmarks/tflite_settings.py [--models unet unet-efficientnet-lite0] [--size 256]

The table goes to benchmarks/results/tflite_settings.md.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.cpu_kernel_mode import CpuKernelMode
from ai_edge_litert.cpu_options import CpuOptions
from ai_edge_litert.hardware_accelerator import HardwareAccelerator
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.options import Options

from segtf.devices import read_cpu_name

RESULTS = Path(__file__).parent / "results" / "tflite_settings.md"
FORMATS = ("tflite", "tflite-float16", "tflite-dynamic", "tflite-int8")
ROUNDS = 5
QUANTIZED = 0x1 | 0x2
"""XNNPACK's flags of signed and unsigned quantisation, which are on by default."""


class OfInterpreter:
    """`Interpreter`, which takes XNNPACK by itself."""

    def __init__(self, path, threads):
        self.one = Interpreter(str(path), num_threads=threads)
        self.one.allocate_tensors()
        (given,), (received,) = self.one.get_input_details(), self.one.get_output_details()
        self.given, self.received, self.dtype = given["index"], received["index"], given["dtype"]

    def __call__(self, image):
        self.one.set_tensor(self.given, image.astype(self.dtype))
        self.one.invoke()
        return self.one.get_tensor(self.received)


class OfCompiledModel:
    """`CompiledModel`, what Android's and Apple's packages have."""

    def __init__(self, path, **settings):
        options = Options(
            hardware_accelerators=HardwareAccelerator.CPU, cpu_options=CpuOptions(**settings)
        )
        self.one = CompiledModel.from_file(str(path), options=options)
        self.inputs, self.outputs = (
            self.one.create_input_buffers(0),
            self.one.create_output_buffers(0),
        )
        details = Interpreter(str(path))
        (given,), (received,) = details.get_input_details(), details.get_output_details()
        self.dtype, self.gives = given["dtype"], received["dtype"]
        self.shape = received["shape"]

    def __call__(self, image):
        self.inputs[0].write(image.astype(self.dtype))
        self.one.run_by_index(0, self.inputs, self.outputs)
        count = int(np.prod(self.shape))
        return self.outputs[0].read(count, self.gives).reshape(self.shape)


SETTINGS = {
    "Interpreter, 1 thread": lambda path: OfInterpreter(path, 1),
    "Interpreter, 2 threads": lambda path: OfInterpreter(path, 2),
    "CompiledModel, 1 thread": lambda path: OfCompiledModel(path, num_threads=1),
    "CompiledModel, 2 threads": lambda path: OfCompiledModel(path, num_threads=2),
    "the same, built-in kernels": lambda path: OfCompiledModel(
        path, num_threads=2, kernel_mode=CpuKernelMode.BUILTIN
    ),
    "the same, XNNPACK's latest operations": lambda path: OfCompiledModel(
        path, num_threads=2, xnnpack_flags=QUANTIZED | 0x40
    ),
    "the same, XNNPACK in float16": lambda path: OfCompiledModel(
        path, num_threads=2, xnnpack_flags=QUANTIZED | 0x4
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["unet", "unet-efficientnet-lite0"])
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    lines = [f"{options.size}x{options.size}, ms of wall time, {read_cpu_name()}, 2 cores.", ""]
    for model in options.models:
        lines += [f"| {model} | {' | '.join(FORMATS)} |", f"|---|{'---:|' * len(FORMATS)}"]
        with tempfile.TemporaryDirectory() as folder:
            columns = [measure(path) for path in files(model, options.size, Path(folder))]
        for name in SETTINGS:
            lines.append(f"| {name} | {' | '.join(column[name] for column in columns)} |")
            print(lines[-1], flush=True)
        lines.append("")
    RESULTS.write_text("\n".join(lines[:-1]) + "\n")


def files(name, size, folder):
    from segtf.exporting.tflite.convert import convert
    from segtf.labels import LabelMap
    from segtf.models import build_model
    from segtf.spec import ModelSpec

    model, spec = (
        build_model(name, (size, size, 3), 1),
        ModelSpec(LabelMap(("a", "b")), (size, size)),
    )
    for format in FORMATS:
        path = folder / f"{format}.tflite"
        path.write_bytes(convert(model, spec, format, [picture(size, seed) for seed in range(4)]))
        yield path


def picture(size, seed=0):
    coarse = np.random.default_rng(seed).integers(0, 256, (size // 16, size // 16, 3))
    return np.kron(coarse, np.ones((16, 16, 1))).astype("uint8")


def measure(path):
    """Cells of a column: the time of each setting, or why it has none."""
    size = Interpreter(str(path)).get_input_details()[0]["shape"][1]
    image, ready, cells = picture(size)[np.newaxis], {}, {}
    for name, make in SETTINGS.items():
        try:
            ready[name] = make(path)
            ready[name](image)
        except Exception as error:  # each setting has its own way to refuse
            cells[name] = f"refused: {str(error).splitlines()[0][:60]}"
            ready.pop(name, None)
    taken = {name: [] for name in ready}
    for _ in range(ROUNDS):
        for name, run in ready.items():
            start = time.perf_counter()
            run(image)
            taken[name].append(1e3 * (time.perf_counter() - start))
    usual = ready["Interpreter, 1 thread"](image).astype(np.float32)
    for name, run in ready.items():
        differs = float(np.abs(run(image).astype(np.float32) - usual).max())
        note = f" (differs by {differs:.2g})" if differs > 1e-3 else ""
        cells[name] = f"{min(taken[name]):.1f}{note}"
    return cells


if __name__ == "__main__":
    main()
