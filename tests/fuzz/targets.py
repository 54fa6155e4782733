"""What is fuzzed: everything that reads what others wrote.

Each target is prepared once and is then a function of bytes. It may refuse them with a
`ValueError`; anything else that it raises is a fault, and so is an input that takes gigabytes or
minutes.
"""

import contextlib
import tempfile
import zipfile
from pathlib import Path

import numpy as np


def images():
    """Image files in Python: pictures, and arrays by path."""
    from segtf.data.decode import image_size, read_image

    folder = _folder()

    def run(data):
        if data.startswith(b"\x93NUMPY"):
            return read_image(_written(folder / "image.npy", data), 3)
        if data.startswith((b"II*\0", b"MM\0*")):
            _refusing(lambda: read_image(_written(folder / "image.tif", data), 4))
        _refusing(lambda: image_size(data))
        pixels = read_image(data, 3)
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        return read_image(data, 1)

    return run


def masks():
    """Mask files in Python, up to class ids."""
    from segtf.data import Sample
    from segtf.data.masks import ColorMask, read_class_ids
    from segtf.labels import LabelMap

    labels, path = LabelMap(("skin", "lesion")), _folder() / "mask.png"

    def run(data):
        _written(path, data)
        _refusing(lambda: read_class_ids(Sample("a", path, path), labels))
        colored = Sample("a", path, ColorMask(path), mask_values={0: 0, 0xFF0000: 1})
        return read_class_ids(colored, labels)

    return run


def graph():
    """Image files in an exported graph, which refuses with a text and never fails."""
    import tensorflow as tf

    from segtf.exporting.saved_model.decode_graph import decode_in_graph

    @tf.function(input_signature=[tf.TensorSpec((), tf.string)], autograph=False)
    def decode(data):
        return decode_in_graph(data, 3)

    def run(data):
        pixels, error = decode(tf.constant(data, tf.string))
        if (error.numpy() == b"") != (tf.size(pixels).numpy() > 0):
            raise RuntimeError(f"Expected pixels or an error. Received: {pixels.shape}, {error}")

    return run


def coco():
    """COCO annotation files, up to masks."""
    from segtf.data import load_source
    from segtf.data.masks import read_class_ids

    folder = _folder()
    (folder / "images").mkdir()

    def run(data):
        _written(folder / "annotations" / "instances.json", data)
        source = load_source("coco", folder)
        for sample in source.samples[:4]:
            _refusing(lambda sample=sample: read_class_ids(sample, source.labels))

    return run


def tools():
    """Files of label tools, up to masks; how they begin tells of which."""
    from PIL import Image

    from segtf.data import load_source
    from segtf.data.masks import read_parts

    folder, image = _folder(), Image.new("RGB", (8, 6))
    places = {
        "labelme": "labelme/a.json",
        "supervisely": "supervisely/set/ann/a.png.json",
        "label-studio": "label-studio/export.json",
        "cvat": "cvat/annotations.xml",
        "yolo": "yolo/labels/a.txt",
        "nuclei": "nuclei/train.csv",
    }
    beside = {"supervisely": "img", "yolo": "../images"}
    for name, place in places.items():
        path = (folder / place).parent
        path = path.parent / beside[name] if name in beside else path
        path.mkdir(parents=True, exist_ok=True)
        image.save(path / "a.png")
    meta = b'{"classes": [{"title": "dog", "color": "#ff0000"}, {"title": "cat"}]}'
    _written(folder / "supervisely" / "meta.json", meta)
    _written(folder / "yolo" / "data.yaml", b"names: [dog, cat]\n")
    starts = {b"{": ("labelme", "supervisely"), b"[": ("label-studio",), b"<": ("cvat",)}

    def read(name, data):
        _written(folder / places[name], data)
        options = {"file": "export.json"} if name == "label-studio" else {}
        source = load_source(name, folder / name, **options)
        for sample in source.samples[:4]:
            _refusing(lambda sample=sample: read_parts(sample, ("classes", "instances"), 9))

    def run(data):
        for name in starts.get(data[:1], ("yolo", "nuclei")):
            _refusing(lambda name=name: read(name, data))

    return run


def tables():
    """Tables of colours, tables of pairs and lists of class names."""
    from segtf.data.sources.tables import read_color_table, read_rows
    from segtf.labels import LabelMap

    path = _folder() / "table.csv"

    def run(data):
        _written(path, data)
        for read in (read_color_table, read_rows, LabelMap.from_file):
            _refusing(lambda read=read: read(path))

    return run


def keras_files():
    """``.keras`` files: bytes that are JSON become the description of the network in one."""
    import keras

    from segtf.models.keras_file import read_keras_file

    path = _folder() / "model.keras"
    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(2, 3, padding="same", activation="relu")(pixels)
    model = keras.Model(pixels, keras.layers.Conv2D(1, 1)(x))
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        others = {name: archive.read(name) for name in archive.namelist() if name != "config.json"}

    def run(data):
        if data.startswith(b"{"):
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in {**others, "config.json": data}.items():
                    archive.writestr(name, content)
        else:
            _written(path, data)
        read_keras_file(path)

    return run


def tflite():
    """``.tflite`` files, up to an answer."""
    import segtf

    path = _folder() / "model.tflite"

    def run(data):
        predict = segtf.load(_written(path, data))
        if np.prod(predict.spec.size) <= 2**16:
            predict(np.zeros((5, 7, predict.spec.channels), np.uint8))

    return run


def spec():
    """What travels with a model, and what a run says about itself."""
    from segtf.runs import Run
    from segtf.spec import ModelSpec
    from segtf.training.config import TrainConfig

    folder = _folder()

    def run(data):
        for name in ("spec.json", "config.json", "split.json"):
            _written(folder / name, data)
        run = Run.open(folder)
        _refusing(run.spec)
        _refusing(run.split)
        _refusing(lambda: ModelSpec.load(folder / "spec.json"))
        _refusing(lambda: TrainConfig.from_dict(run.config().get("training", {})))

    return run


def answers():
    """What a server says over REST."""
    from segtf.serving.access import Access
    from segtf.serving.answers import make_answers
    from segtf.serving.rest import RestTransport
    from segtf.serving.target import Target

    target = Target("http://127.0.0.1:9", "segtf", None, None)
    transport = RestTransport(target, Access())

    def run(data):
        transport._send = lambda *request: (200, data, None)
        _refusing(lambda: make_answers(transport.predict([b"image"], 1.0), 1))
        _refusing(lambda: transport.status(1.0))
        _refusing(lambda: transport.metadata(1.0))

    return run


TARGETS = {
    "images": images,
    "masks": masks,
    "graph": graph,
    "coco": coco,
    "tools": tools,
    "tables": tables,
    "keras": keras_files,
    "tflite": tflite,
    "spec": spec,
    "answers": answers,
}
OF_JSON = ("coco", "tools", "keras", "spec", "answers")
SEEDS = Path(__file__).parent / "seeds"


def prepared(name):
    """Return a target as a function of bytes that raises nothing but for a fault."""
    run = TARGETS[name]()
    return lambda data: _refusing(lambda: run(data))


def _refusing(call):
    with contextlib.suppress(ValueError):
        call()


def _folder():
    return Path(tempfile.mkdtemp(prefix="segtf-fuzz-"))


def _written(path, data):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path
