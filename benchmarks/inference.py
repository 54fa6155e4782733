"""Milliseconds an image: what segtf exports, against other runtimes with the same weights.

One image at a time, on all cores, from float32 pixels to logits (int8: uint8 pixels to class
ids). Each round runs every contestant once, in a process of its own, so that other work on the
machine meets all of them; the median over the rounds counts. Every contestant's logits are held
against Keras' first.

    python benchmarks/inference.py [--rounds 3] [--runs 20] [--size 256]

The first part is the default U-Net with made-up weights; the second compares, in TFLite, a
SegNet that unpools to the places of its maxima with one that interpolates. ONNX Runtime,
OpenVINO and PyTorch come with the extra `bench`. Figures go to
benchmarks/results/inference.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WARM_UP = 3
LARGEST_DIFFERENCE = 1e-3
CORES = len(os.sched_getaffinity(0))
RESULTS = Path(__file__).parent / "results" / "inference.json"


def main():
    options = parse()
    if options.contestant:
        print(json.dumps(CONTESTANTS[options.contestant](options)))
        return
    for name in ("torch", "onnxruntime", "openvino"):
        try:
            __import__(name)
        except ImportError:
            sys.exit(f"{name} is missing: pip install 'segtf[bench]'")
    with tempfile.TemporaryDirectory() as folder:
        options.folder = Path(folder)
        run_alone("prepare", options)
        names = [name for name in CONTESTANTS if name != "prepare"]
        rounds = {name: [] for name in names}
        for number in range(options.rounds):
            for name in names:
                rounds[name].append(run_alone(name, options))
                print(f"round {number + 1}: {name}: {rounds[name][-1]}", flush=True)
    report(options, rounds)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=20, help="timed runs of a contestant")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def run_alone(name, options):
    command = [sys.executable, __file__, "--contestant", name, "--folder", str(options.folder)]
    command += ["--runs", str(options.runs), "--size", str(options.size)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(answer.stdout.splitlines()[-1])


def prepare(options):
    """Write the same weights in every contestant's format, and what Keras answers."""
    import keras
    import numpy as np
    from torch_unet import weights_from_keras

    import segtf
    from segtf.data.synthetic import draw_synthetic

    shape = (options.size, options.size, 3)
    labels = segtf.LabelMap(("skin", "lesion"))
    image, _ = draw_synthetic(0, size=shape[:2])
    images = [draw_synthetic(index, size=shape[:2])[0] for index in range(1, 5)]
    keras.utils.set_random_seed(0)
    model = segtf.unet(input_shape=shape, num_classes=1)
    settle_batch_norm(model, images)
    folder = options.folder
    np.save(folder / "image.npy", image[np.newaxis].astype("float32"))
    np.save(folder / "logits.npy", model(image[np.newaxis].astype("float32")).numpy())
    np.savez(folder / "torch.npz", **weights_from_keras(model))
    # Made-up weights decide few pixels clearly, so that int8 is not held to its agreement here.
    exported = {"labels": labels, "resize": "stretch", "check_images": images, "speed": False}
    for format in ("saved_model", "tflite", "onnx"):
        segtf.export(model, folder / format, format=format, **exported)
    write_int8(model, labels, images, folder / "int8.tflite")
    for unpooling in ("indices", "bilinear"):
        segnet = segtf.segnet(shape, base_filters=16, unpooling=unpooling)
        settle_batch_norm(segnet, images)
        segtf.export(segnet, folder / unpooling, format="tflite", **exported)
    return {}


def settle_batch_norm(model, images):
    """Some steps of training mode, so that feature maps are neither empty nor huge."""
    import numpy as np

    for _ in range(20):
        model(np.stack(images).astype("float32"), training=True)


def write_int8(model, labels, images, path):
    from segtf.exporting.tflite.convert import convert
    from segtf.spec import ModelSpec

    spec = ModelSpec(labels, model.input_shape[1:3])
    path.write_bytes(convert(model, spec, "tflite-int8", images))


def timed(run, options, check=True):
    """Median milliseconds of `run(image)`, after its logits were held against Keras'."""
    import numpy as np

    image = np.load(options.folder / "image.npy")
    found = np.asarray(run(image))
    if check:
        wanted = np.load(options.folder / "logits.npy")
        difference = np.abs(found.reshape(wanted.shape) - wanted).max()
        if difference > LARGEST_DIFFERENCE * np.abs(wanted).max():
            raise SystemExit(f"the logits differ by {difference}")
    for _ in range(WARM_UP):
        run(image)
    seconds = []
    for _ in range(options.runs):
        start = time.perf_counter()
        run(image)
        seconds.append(time.perf_counter() - start)
    return {"milliseconds": round(statistics.median(seconds) * 1e3, 2)}


def saved_model(options, onednn):
    from segtf.cli.start import start_tensorflow

    start_tensorflow(onednn=onednn)
    import tensorflow as tf

    run = tf.saved_model.load(str(options.folder / "saved_model" / "1")).signatures["logits"]
    # The signature takes pixels as they are in files.
    return timed(lambda image: run(tf.cast(image, tf.uint8))["logits"].numpy(), options)


def tflite(options, file, check=True):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(options.folder / file), num_threads=CORES)
    interpreter.allocate_tensors()
    entry, exit_ = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def run(image):
        interpreter.set_tensor(entry["index"], image.astype(entry["dtype"]))
        interpreter.invoke()
        return interpreter.get_tensor(exit_["index"])

    return timed(run, options, check)


def onnx_runtime(options):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = CORES
    path = str(options.folder / "onnx" / "model.onnx")
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    return timed(lambda image: session.run(None, {entry: image})[0], options)


def openvino(options):
    import openvino

    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": CORES}
    # What everybody else computes in; by default it is bfloat16 on CPUs that have it.
    settings["INFERENCE_PRECISION_HINT"] = "f32"
    path = options.folder / "onnx" / "model.onnx"
    model = openvino.Core().compile_model(path, "CPU", settings)
    return timed(lambda image: model(image)[0], options)


def pytorch(options, channels_last=False, compiled=False):
    import numpy as np
    import torch
    from torch_unet import TorchUNet

    memory = torch.channels_last if channels_last else torch.contiguous_format
    model = TorchUNet().eval().to(memory_format=memory)
    with np.load(options.folder / "torch.npz") as weights:
        model.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    forward = torch.compile(model) if compiled else model

    def run(image):
        with torch.inference_mode():
            pixels = torch.from_numpy(image).permute(0, 3, 1, 2).to(memory_format=memory)
            return forward(pixels).permute(0, 2, 3, 1).numpy()

    return timed(run, options)


CONTESTANTS = {
    "prepare": prepare,
    "SavedModel": lambda options: saved_model(options, onednn=False),
    "SavedModel, oneDNN": lambda options: saved_model(options, onednn=True),
    "TFLite float32": lambda options: tflite(options, "tflite/model.tflite"),
    "TFLite int8": lambda options: tflite(options, "int8.tflite", check=False),
    "ONNX Runtime": onnx_runtime,
    "OpenVINO": openvino,
    "PyTorch": pytorch,
    "PyTorch, channels last": lambda options: pytorch(options, channels_last=True),
    "PyTorch, compiled, channels last": lambda options: pytorch(options, True, compiled=True),
    "SegNet in TFLite, unpooling": lambda options: tflite(
        options, "indices/model.tflite", check=False
    ),
    "SegNet in TFLite, bilinear": lambda options: tflite(
        options, "bilinear/model.tflite", check=False
    ),
}


def report(options, rounds):
    medians = {
        name: statistics.median(one["milliseconds"] for one in figures)
        for name, figures in rounds.items()
    }
    print(f"\none image of {options.size} x {options.size}, {CORES} threads")
    for name, milliseconds in medians.items():
        print(f"{name:36}{milliseconds:8.1f} ms")
    ours = medians["TFLite float32"]
    peers = ("ONNX Runtime", "OpenVINO")
    torches = [medians[name] for name in medians if name.startswith("PyTorch")]
    saved = min(medians["SavedModel"], medians["SavedModel, oneDNN"])
    segnets = [medians[f"SegNet in TFLite, {way}"] for way in ("unpooling", "bilinear")]
    ratios = {
        "TFLite float32 / fastest other runtime": ours / min(medians[name] for name in peers),
        "TFLite int8 / float32": medians["TFLite int8"] / ours,
        "SavedModel / PyTorch": saved / min(torches),
        "SegNet, unpooling / bilinear": segnets[0] / segnets[1],
    }
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f} times the time")
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {"cores": CORES, "load": os.getloadavg()[0]}
    content = {
        "size": options.size,
        "machine": machine,
        "milliseconds": medians,
        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()},
        "rounds": rounds,
    }
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
