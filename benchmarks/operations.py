"""Where the time of one image goes, and what constants in a SavedModel cost.

Time is processor time in one thread, the least of several runs: what else the machine does hardly
changes it, and runtimes are compared by their work alone. Each contestant is measured in a process
of its own, with weights that are made up.

- TFLite by kind of operation: what a file that ends behind an operation takes more than one that
  ends before it; also of the file with the transposed convolutions as Keras has them.
- OpenVINO by kind of operation: its own counters, which are means of wall time, as shares of the
  processor time.
- SavedModel with the weights as variables and as constants of the graph, with oneDNN and without,
  and the megabytes that the process takes more after it was loaded and each signature was called.

    python benchmarks/operations.py [--models unet unet-large] [--size 256] [--runs 7]

Figures go to benchmarks/results/operations.json and operations.md.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from segtf.devices import read_cpu_name

RESULTS = Path(__file__).parent / "results" / "operations.json"


def main():
    options = parse()
    if options.contestant:
        print(json.dumps(CONTESTANTS[options.contestant](options)))
        return
    table = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for model in options.models:
        with tempfile.TemporaryDirectory() as folder:
            options.folder, options.model = Path(folder), model
            run_alone("prepare", options)
            found = {"cpu": read_cpu_name()}
            table[f"{model}, {options.size}x{options.size}"] = found
            for name in CONTESTANTS:
                if name != "prepare":
                    found[name] = run_alone(name, options)
                    write(table)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["unet", "unet-large"])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def run_alone(name, options):
    command = [sys.executable, __file__, "--contestant", name, "--model", options.model]
    command += ["--folder", str(options.folder), "--runs", str(options.runs)]
    command += ["--size", str(options.size)]
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0" if "without" in name else "1"}
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found = json.loads(answer.stdout.splitlines()[-1])
    print(options.model, name, found, flush=True)
    return found


def prepare(options):
    """Write the files of all contestants, and an image of coarse colours."""
    from segtf.exporting.onnx import convert_to_onnx
    from segtf.exporting.provenance import details_of
    from segtf.exporting.saved_model import graphs
    from segtf.exporting.saved_model.write import write_saved_model
    from segtf.exporting.tflite import convert
    from segtf.labels import LabelMap
    from segtf.models import build_model
    from segtf.spec import ModelSpec

    size, folder = (options.size, options.size), options.folder
    model, spec = build_model(options.model, (*size, 3), 1), ModelSpec(LabelMap(("a", "b")), size)
    coarse = np.random.default_rng(0).integers(0, 256, (1, size[0] // 16, size[1] // 16, 3))
    np.save(folder / "image.npy", np.kron(coarse, np.ones((1, 16, 16, 1))).astype("uint8"))
    (folder / "model.onnx").write_bytes(convert_to_onnx(model, spec, {}))
    (folder / "model.tflite").write_bytes(convert.convert(model, spec, "tflite"))
    convert.pointwise = contextlib.nullcontext
    (folder / "transposed.tflite").write_bytes(convert.convert(model, spec, "tflite"))
    for name, most in (("variables", 0), ("constants", 10**12)):
        graphs._MOST_CONSTANT_WEIGHTS = most
        (folder / name).mkdir()
        write_saved_model(model, spec, folder / name, details_of(spec, False, {}), "model")
    return {}


def least(run, options):
    """The least processor time of several calls, in milliseconds."""
    run()
    taken = []
    for _ in range(options.runs):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return 1e3 * min(taken)


def image_of(options):
    return np.load(options.folder / "image.npy").astype(np.float32)


def onnx_runtime(options):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    path, image = str(options.folder / "model.onnx"), image_of(options)
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    return {"ms": round(least(lambda: session.run(None, {entry: image}), options), 1)}


def openvino(options):
    import openvino

    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    path, image = options.folder / "model.onnx", image_of(options)
    request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()
    total = least(lambda: request.infer([image]), options)
    settings["PERF_COUNT"] = True
    request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()
    kinds = {}
    for _ in range(options.runs):
        request.infer([image])
    for node in request.profiling_info:
        spent = node.real_time.total_seconds()
        kinds[node.node_type] = kinds.get(node.node_type, 0.0) + spent
    share = total / sum(kinds.values())
    return {
        "ms": round(total, 1),
        "by_kind": rounded({kind: share * spent for kind, spent in kinds.items()}),
    }


def tflite(options, name):
    """All of the file, and its kinds of operation, each by the files that end at it."""
    content, image = (options.folder / name).read_bytes(), image_of(options)
    kinds, before = {}, 0.0
    for kind, part in beginnings(content):
        now = tflite_milliseconds(part, image, options)
        kinds[kind] = kinds.get(kind, 0.0) + now - before
        before = now
    return {"ms": round(tflite_milliseconds(content, image, options), 1), "by_kind": rounded(kinds)}


def beginnings(content):
    """For each operation of a TFLite file its kind, and the file that ends behind it."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    model.signatureDefs = []
    (graph,) = model.subgraphs
    operations = list(graph.operators)
    for place, operation in enumerate(operations):
        graph.operators = operations[: place + 1]
        made = [int(one) for each in graph.operators for one in each.outputs]
        read = {int(one) for each in graph.operators for one in each.inputs}
        graph.outputs = [one for one in made if one not in read]
        builder = flatbuffers.Builder(len(content))
        builder.Finish(model.Pack(builder), b"TFL3")
        code = model.operatorCodes[operation.opcodeIndex]
        yield names[max(code.builtinCode, code.deprecatedBuiltinCode)], bytes(builder.Output())


def tflite_milliseconds(content, image, options):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    return least(interpreter.invoke, options)


def saved_model(options, name):
    import psutil
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    process, folder = psutil.Process(), options.folder / name
    pixels = tf.constant(image_of(options).astype(np.uint8))
    files = tf.expand_dims(tf.io.encode_png(pixels[0]), 0)
    before, start = process.memory_info().rss, time.process_time()
    model = tf.saved_model.load(str(folder))
    seconds = time.process_time() - start
    run = model.signatures["logits"]
    spent = least(lambda: run(pixels=pixels), options)
    for other in ("probabilities", "class_ids"):
        model.signatures[other](pixels=pixels)
    model.signatures["serving_default"](image_bytes=files)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        "ms": round(spent, 1),
        "load_seconds": round(seconds, 1),
        "megabytes_of_memory": round((process.memory_info().rss - before) / 1e6),
        "megabytes_on_disk": round(size / 1e6, 1),
    }


def rounded(kinds):
    ordered = sorted(kinds, key=kinds.get, reverse=True)
    return {kind: round(kinds[kind], 1) for kind in ordered if kinds[kind] >= 0.05}


CONTESTANTS = {
    "prepare": prepare,
    "ONNX Runtime": onnx_runtime,
    "OpenVINO": openvino,
    "SavedModel, constants": lambda options: saved_model(options, "constants"),
    "SavedModel, variables": lambda options: saved_model(options, "variables"),
    "SavedModel, constants, without oneDNN": lambda options: saved_model(options, "constants"),
    "SavedModel, variables, without oneDNN": lambda options: saved_model(options, "variables"),
    "TFLite": lambda options: tflite(options, "model.tflite"),
    "TFLite, transposed convolutions": lambda options: tflite(options, "transposed.tflite"),
}


def write(table):
    RESULTS.write_text(json.dumps(table, indent=2) + "\n")
    lines = []
    for name, found in table.items():
        lines += [
            f"{name}, one thread of {found['cpu']}",
            "",
            "| runtime | ms | times ONNX Runtime | of which | s to load | MB of memory "
            "| MB on disk |",
            "| --- | ---: | ---: | --- | ---: | ---: | ---: |",
        ]
        peer = found["ONNX Runtime"]["ms"]
        for runtime, one in found.items():
            if runtime == "cpu":
                continue
            kinds = ", ".join(f"{kind} {spent}" for kind, spent in one.get("by_kind", {}).items())
            more = [one.get(key, "-") for key in ("load_seconds", "megabytes_of_memory")]
            more.append(one.get("megabytes_on_disk", "-"))
            cells = [runtime, one["ms"], f"{one['ms'] / peer:.2f}", kinds or "-", *more]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        lines.append("")
    RESULTS.with_suffix(".md").write_text("\n".join(lines[:-1]) + "\n")


if __name__ == "__main__":
    main()
