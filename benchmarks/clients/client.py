"""One client: a process that runs an exported file in one runtime, and imports nothing of segtf.

    python client.py RUNTIME JOB.json

The job names the files, the images and a folder for the answers: for each row of the table
NAME.npz with the masks, and logits where there are any. What is printed is JSON: name of the row
to milliseconds, what they are of ("pixels to logits" or "file to mask"), or why there is no answer.
"""

import io
import json
import sys
import time
from pathlib import Path

import numpy as np
from picture import Spec
from PIL import Image

TO_LOGITS, TO_MASK = "pixels to logits", "file to mask"
FLOAT_FILES = ("model.tflite", "model-float16.tflite", "model-dynamic.tflite")
TFLITE_FILES = (*FLOAT_FILES, "model-int8.tflite")


def main():
    runtime, job = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    for name in ("segtf", "keras"):
        sys.modules[name] = None  # cannot be imported, not even by TensorFlow, which would
    try:
        rows = RUNTIMES[runtime](job)
    except ImportError as error:
        rows = {runtime: {"missing": f"not installed ({error.name})"}}
    print(json.dumps(rows))


def milliseconds_of(run, argument, job):
    """Of the quickest run, which other work on the machine delays least."""
    seconds = []
    for _ in range(job["runs"] + 3):
        start = time.perf_counter()
        run(argument)
        seconds.append(time.perf_counter() - start)
    return 1000 * min(seconds)


def pixels_row(name, spec, run, job, kind="logits", dtype=np.float32):
    """A row of a model that takes pixels: `run` gives what it says of a canvas `(1, H, W, C)`."""
    answers = {}
    for index, path in enumerate(job["images"]):
        image = spec.read(path)
        canvas = spec.canvas(image)[np.newaxis]
        said = np.asarray(run(canvas.astype(dtype)))[0]
        if kind == "probabilities":
            low = np.finfo(np.float32).tiny
            said = np.log(np.maximum(said, low))
            if spec.num_classes == 2:
                said = said - np.log(np.maximum(1 - np.exp(said), low))
        if kind == "ids":
            answers[f"mask{index}"] = spec.mask_of_ids(said, image.height, image.width)
        else:
            answers[f"mask{index}"] = spec.mask(said, image.height, image.width)
        if kind == "logits":
            answers[f"logits{index}"] = said
    np.savez(Path(job["out"]) / f"{name}.npz", **answers)
    milliseconds = milliseconds_of(run, canvas.astype(dtype), job)
    return {"milliseconds": milliseconds, "of": TO_LOGITS}


def files_row(name, run, job):
    """A row of a model that takes files: `run` gives the bytes of a PNG, and an error."""
    answers = {}
    for index, path in enumerate(job["images"]):
        png, error = run(Path(path).read_bytes())
        if error:
            raise SystemExit(f"Expected a mask of {path}. Received: {error}")
        answers[f"mask{index}"] = np.asarray(Image.open(io.BytesIO(png)))
    np.savez(Path(job["out"]) / f"{name}.npz", **answers)
    milliseconds = milliseconds_of(run, Path(job["images"][-1]).read_bytes(), job)
    return {"milliseconds": milliseconds, "of": TO_MASK}


def saved_model(job):
    import tensorflow as tf

    folder = job["saved_model"]
    spec, signatures = Spec.of_saved_model(folder), tf.saved_model.load(folder).signatures

    def of_file(data):
        said = signatures["serving_default"](image_bytes=tf.constant([data]))
        return said["mask_bytes"].numpy()[0], said["error"].numpy()[0]

    rows = {"SavedModel: serving_default": files_row("SavedModel: serving_default", of_file, job)}
    for name in ("logits", "probabilities", "class_ids"):
        kind = "ids" if name == "class_ids" else name

        def run(pixels, name=name):
            return signatures[name](pixels=tf.constant(pixels))[name].numpy()

        title = f"SavedModel: {name}"
        rows[title] = pixels_row(title, spec, run, job, kind, np.uint8)
    return rows


def grpc(job):
    import grpc
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    channel = grpc.insecure_channel(job["urls"]["grpc"].removeprefix("grpc://"))
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def run(data):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "segtf"
        tensor = request.inputs["image_bytes"]
        tensor.dtype = 7  # DT_STRING
        tensor.tensor_shape.dim.add().size = 1
        tensor.string_val.append(data)
        said = stub.Predict(request, timeout=60).outputs
        return said["mask_bytes"].string_val[0], said["error"].string_val[0]

    return {"gRPC, official stubs": files_row("gRPC, official stubs", run, job)}


def rest(job):
    import base64
    import urllib.request

    def run(data):
        body = json.dumps({"instances": [{"b64": base64.b64encode(data).decode()}]})
        url = f"{job['urls']['rest']}/v1/models/segtf:predict"
        with urllib.request.urlopen(url, body.encode(), timeout=60) as answer:
            (said,) = json.load(answer)["predictions"]
        return base64.b64decode(said["mask_bytes"]["b64"]), said["error"]

    return {"REST": files_row("REST", run, job)}


def tflite_files(client, job):
    """Names and paths of the files that were exported, and the rows, those of the others filled."""
    paths = {f"{client}: {file}": Path(job["mobile"]) / file for file in TFLITE_FILES}
    rows = {name: {} for name in paths}  # in this order, whichever is filled first
    for name, path in paths.items():
        if not path.exists():
            rows[name] = {"missing": job["refused"].get(path.name, "not exported")}
    return [(name, path) for name, path in paths.items() if not rows[name]], rows


def litert(job):
    from ai_edge_litert.interpreter import Interpreter

    files, rows = tflite_files("LiteRT", job)
    for name, path in files:
        interpreter = Interpreter(str(path), num_threads=job["cores"])
        interpreter.allocate_tensors()
        given = interpreter.get_input_details()[0]
        received = interpreter.get_output_details()[0]

        def run(pixels, interpreter=interpreter, given=given, received=received):
            interpreter.set_tensor(given["index"], pixels)
            interpreter.invoke()
            return interpreter.get_tensor(received["index"])

        kind = "ids" if received["dtype"] == np.uint8 else "logits"
        rows[name] = pixels_row(name, Spec.of_tflite(path), run, job, kind, given["dtype"])
    return rows


def mediapipe(job):
    name = "MediaPipe: model-float16.tflite, image brought to its size first"
    as_it_is = "MediaPipe: {}, the image as it is"
    path = Path(job["mobile"]) / "model-float16.tflite"
    if not path.exists():
        return {name: {"missing": job["refused"].get(path.name, "not exported")}}
    spec = Spec.of_tflite(path)
    try:
        segment = mediapipe_segmenter(path)
    except (RuntimeError, ValueError) as error:
        return {name: {"missing": f"refused: {str(error).splitlines()[0][:90]}"}}

    rows = {
        name: pixels_row(
            name, spec, lambda pixels: segment(pixels[0]), job, "probabilities", np.uint8
        )
    }
    if spec.rule != "stretch":
        return rows
    for one in (path, path.with_name("model-float16-plain.tflite")):
        name = as_it_is.format(one.name)
        if not one.exists():
            rows[name] = {"missing": job["refused"].get(one.name, "not exported")}
            continue
        segment, answers = mediapipe_segmenter(one), {}
        for index, image in enumerate(map(spec.read, job["images"])):
            chances = segment(np.asarray(image))[0]
            # Brought to the image's size by MediaPipe itself.
            least = 1 / (1 + np.exp(-spec.least_logit))
            ids = chances[..., 0] >= least if chances.shape[-1] == 1 else chances.argmax(-1)
            answers[f"mask{index}"] = ids.astype(np.uint8)
        np.savez(Path(job["out"]) / f"{name}.npz", **answers)
        rows[name] = {"milliseconds": None}
    return rows


def mediapipe_segmenter(path):
    """A function of uint8 pixels that returns probabilities `(1, H, W, K)` of their size."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.ImageSegmenterOptions(
        base_options=BaseOptions(model_asset_path=str(path)), output_confidence_masks=True
    )
    segmenter = vision.ImageSegmenter.create_from_options(options)

    def segment(pixels):
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(pixels))
        masks = segmenter.segment(image).confidence_masks
        planes = [np.squeeze(mask.numpy_view()) for mask in masks]
        return np.stack(planes, axis=-1)[np.newaxis]

    return segment


def onnx_runtime(job):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job["cores"]
    session = onnxruntime.InferenceSession(job["onnx"], options, ["CPUExecutionProvider"])
    spec = Spec(session.get_modelmeta().custom_metadata_map["SEGTF_SPEC"])
    name = "ONNX Runtime"
    return {name: pixels_row(name, spec, lambda x: session.run(None, {"pixels": x})[0], job)}


def openvino(job):
    import onnx
    import openvino

    told = {one.key: one.value for one in onnx.load(job["onnx"]).metadata_props}
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": job["cores"],
    }
    model = openvino.Core().compile_model(job["onnx"], "CPU", settings)
    name = "OpenVINO, precision hint f32"
    spec = Spec(told["SEGTF_SPEC"])
    return {name: pixels_row(name, spec, lambda x: model(x)[0], job)}


def litert_js(job):
    from browser import Browser

    files, rows = tflite_files("LiteRT.js in Chromium", job)
    with Browser(job["node_modules"], job["mobile"]) as browser:
        for name, path in files:
            file = path.name
            is_int8 = file == "model-int8.tflite"
            dtype = np.uint8 if is_int8 else np.float32
            spec = Spec.of_tflite(path)
            shape = (*spec.size,) if is_int8 else (*spec.size, -1)
            said = browser.run(file, np.zeros((1, *spec.size, spec.channels), dtype), 0)
            if "error" in said:
                rows[name] = {"missing": f"refused: {said['error'][:90]}"}
                continue

            def run(pixels, file=file, shape=shape):
                return browser.run(file, pixels, 0)["values"].reshape(1, *shape)

            kind = "ids" if is_int8 else "logits"
            rows[name] = pixels_row(name, spec, run, {**job, "runs": 1}, kind, dtype)
            blank = np.zeros((1, *spec.size, spec.channels), dtype)
            # Timed in the page: what goes to it and back is not the browser's work.
            rows[name]["milliseconds"] = browser.run(file, blank, job["runs"])["milliseconds"]
    return rows


RUNTIMES = {
    "SavedModel": saved_model,
    "gRPC": grpc,
    "REST": rest,
    "LiteRT": litert,
    "MediaPipe": mediapipe,
    "ONNX Runtime": onnx_runtime,
    "OpenVINO": openvino,
    "LiteRT.js": litert_js,
}


if __name__ == "__main__":
    main()
