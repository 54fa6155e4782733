"""Damaged and absurd model files: one line that names the file, soon and without gigabytes."""

import json
import resource
import zipfile

import keras
import numpy as np
import pytest
from keras import layers

import segtf
from segtf.inference.formats.tflite_file import tflite_details
from segtf.labels import LabelMap
from segtf.models.keras_file import read_keras_file
from segtf.runs import Run
from segtf.spec import ModelSpec

SPEC = ModelSpec(LabelMap(("skin", "lesion")), (8, 8))


def small_model():
    pixels = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="first")(pixels)
    return keras.Model(pixels, layers.Conv2D(1, 1)(x))


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "own.keras"
    small_model().save(path)
    return path


def changed(keras_file, path, change, compression=zipfile.ZIP_STORED):
    """Copy a .keras file with its settings changed by a function of their text."""
    with zipfile.ZipFile(keras_file) as old, zipfile.ZipFile(path, "w", compression) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = change(content.decode()).encode()
            new.writestr(name, content)
    return path


def one_line(path, load=segtf.load):
    """The message that a file is refused with."""
    with pytest.raises(ValueError, match="Received: ") as caught:
        load(path)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    assert len(message) < 600
    return message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"class_name": "Conv2D"', '"class_name": "Conv2Dx"'),
        ('"class_name": "Functional"', '"class_name": "Own"'),
        ('"module": "keras.layers"', '"module": "os"'),
        ('"filters": 4', '"filters": -4'),
        ('"filters": 4', '"filters": 5'),
        ('"filters": 4', '"filters": "four"'),
        ('"filters": 4', '"filters": 2000000000'),
        ('"filters": 1', '"filters": 40000000'),
        ('"kernel_size": [3, 3]', '"kernel_size": [300000, 300000]'),
        ("[null, 8, 8, 3]", "[null, 8, 8, 300000000]"),
        ("[null, 8, 8, 3]", "[null, 8000000, 8000000, 3]"),
        ('"config": {', '"config": ['),
        ("{", ""),
        ("}", "} and more"),
        ('"name"', '"nome"'),
    ],
)
def test_absurd_settings(old, new, keras_file, tmp_path):
    one_line(changed(keras_file, tmp_path / "bad.keras", lambda text: text.replace(old, new)))


def test_settings_of_another_kind(keras_file, tmp_path):
    for text in ("", "[]", "null", "3", '{"class_name": 3}', "[" * 100_000, '"' + "x" * 10_000):
        one_line(changed(keras_file, tmp_path / "bad.keras", lambda _, text=text: text))


def test_code_in_a_file_is_not_run(tmp_path):
    pixels = keras.Input((8, 8, 3))
    path = tmp_path / "lambda.keras"
    keras.Model(pixels, layers.Lambda(lambda x: 2 * x, output_shape=(8, 8, 3))(pixels)).save(path)
    assert "Lambda" in one_line(path)


def test_a_packed_giant_is_not_unpacked(keras_file, tmp_path):
    path = tmp_path / "bomb.keras"
    changed(keras_file, path, lambda text: text + " " * (120 * 2**20), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 2**20
    assert "unpacks to" in one_line(path)


def test_a_file_of_a_layer_is_no_model(tmp_path, keras_file):
    layer = json.dumps(keras.saving.serialize_keras_object(layers.ReLU()))
    one_line(changed(keras_file, tmp_path / "layer.keras", lambda _: layer))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_cut_keras_file(share, keras_file, tmp_path):
    content = keras_file.read_bytes()
    path = tmp_path / "cut.keras"
    path.write_bytes(content[: int(share * len(content))])
    one_line(path)


def test_flipped_bytes_of_a_keras_file(keras_file, tmp_path):
    """Whatever byte is wrong: the file is read, or refused in one line."""
    content, path = keras_file.read_bytes(), tmp_path / "flipped.keras"
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(content), 30):
        flipped = bytearray(content)
        flipped[place] ^= int(rng.integers(1, 256))
        path.write_bytes(flipped)
        try:
            read_keras_file(path)
        except ValueError as error:
            assert path.name in str(error) and "\n" not in str(error), error


def test_a_large_model_of_many_weights_is_read(tmp_path):
    """Numbers are absurd beside the weights in the file, not by themselves."""
    pixels = keras.Input((8, 8, 3))
    x = layers.DepthwiseConv2D(7, padding="same")(layers.Conv2D(9000, 1)(pixels))
    path = tmp_path / "wide.keras"
    keras.Model(pixels, layers.Conv2D(1, 1)(x)).save(path)
    assert read_keras_file(path).count_params() > 400_000


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The bytes of a TFLite file, and a SavedModel folder."""
    folder, model = tmp_path_factory.mktemp("exported"), small_model()
    tflite = segtf.export(model, folder, "tflite", speed=False).path.read_bytes()
    return tflite, segtf.export(model, folder / "saved", speed=False).path


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.7])
def test_a_cut_tflite_file(share, exported, tmp_path):
    path = tmp_path / "cut.tflite"
    path.write_bytes(exported[0][: int(share * len(exported[0]))])
    one_line(path)
    one_line(path, tflite_details)


def test_flipped_bytes_of_a_tflite_file(exported, tmp_path):
    content, path = exported[0], tmp_path / "flipped.tflite"
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(content), 150):
        flipped = bytearray(content)
        flipped[place] ^= int(rng.integers(1, 256))
        path.write_bytes(flipped)
        try:
            segtf.load(path)
        except ValueError as error:
            assert "Received: " in str(error) and "\n" not in str(error), error


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"format_version": 2', b'"format_version": 9'),
        (b'"name": "semantic"', b'"name": "panoptic"'),
        (b'"size": [8, 8]', b'"size": "88" '),
        (b'"channels": 3', b'"channels": x'),
        (b'"names"', b'"nemas"'),
        (b'"format_version"', b'"format_\xff\xff\xff\xff\xff\xff\xff"'),
    ],
)
def test_a_damaged_spec_in_a_tflite_file(old, new, exported, tmp_path):
    assert old in exported[0]
    path = tmp_path / "spec.tflite"
    path.write_bytes(exported[0].replace(old, new))
    one_line(path)


@pytest.mark.parametrize("kept", [0, 100, 4000])
def test_a_cut_saved_model(kept, exported, tmp_path):
    path = tmp_path / "1"
    (path / "assets.extra").mkdir(parents=True)
    for name in ("assets.extra/segtf.json", "saved_model.pb", "fingerprint.pb"):
        (path / name).write_bytes((exported[1] / name).read_bytes())
    (path / "saved_model.pb").write_bytes((exported[1] / "saved_model.pb").read_bytes()[:kept])
    one_line(path)
    (path / "assets.extra" / "segtf.json").write_text('{"format_version": 1, "labels": []}')
    one_line(path)


WRONG = {
    "size": [[8], "8x8", [8, "8"], [8, 0], [8.5, 8], [1e9, 1e9], None, [8, float("inf")]],
    "channels": ["3", 0, 2.5, None, True],
    "resize": ["squeeze", 3, ["stretch"]],
    "task": [
        *("semantic", None, {}, {"name": 3}, {"name": "other"}, {"name": "semantic"}),
        *({"name": "semantic", "threshold": one} for one in ("0.5", 0, 1, None, float("nan"))),
    ],
    "labels": [[], None, {"names": "ab"}, {"names": [1, 2]}, {"names": ["a"]}],
    "format_version": ["1", None, 3, 0, True],
}


@pytest.mark.parametrize("key", WRONG)
def test_a_spec_of_wrong_types_is_one_line(key, tmp_path):
    path = tmp_path / "spec.json"
    for value in WRONG[key]:
        path.write_text(json.dumps({**SPEC.to_dict(), key: value}))
        one_line(path, ModelSpec.load)
    values = SPEC.to_dict()
    del values[key]
    path.write_text(json.dumps(values))
    one_line(path, ModelSpec.load)


@pytest.mark.parametrize(
    "change", [{"ignore_class": "255"}, {"ignore_class": 300}, {"colors": [[0, 0, 0], [0, 0, 999]]}]
)
def test_labels_of_wrong_types_are_one_line(change, tmp_path):
    path, values = tmp_path / "spec.json", SPEC.to_dict()
    path.write_text(json.dumps({**values, "labels": {**values["labels"], **change}}))
    one_line(path, ModelSpec.load)


def test_a_run_with_a_damaged_spec_is_one_line(keras_file, tmp_path):
    run = Run.create(tmp_path / "run", {}, SPEC)
    run.best_model.write_bytes(keras_file.read_bytes())
    assert segtf.load(run).spec == SPEC
    (run.path / "spec.json").write_text("{")
    with pytest.raises(ValueError, match=r"spec\.json"):
        segtf.load(run)
    (run.path / "spec.json").unlink()
    with pytest.raises(ValueError, match=r"spec\.json, which does not exist"):
        segtf.load(run.best_model)


def test_nothing_large_is_made_of_what_is_refused(keras_file, tmp_path):
    """Not now, and not when the next model is built: Keras puts off making variables."""
    text = ('"filters": 1', '"filters": 40000000')
    bad = changed(keras_file, tmp_path / "bad.keras", lambda settings: settings.replace(*text))
    assert "weights, more than are in the file" in one_line(bad)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    segtf.load(keras_file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB


def test_flipped_bytes_of_an_onnx_file(tmp_path, capfd):
    for name in ("onnx", "onnxruntime", "tf2onnx"):
        pytest.importorskip(name)
    content = segtf.export(small_model(), tmp_path, "onnx", speed=False).path.read_bytes()
    path, rng = tmp_path / "flipped.onnx", np.random.default_rng(1)
    capfd.readouterr()
    for round_, place in enumerate(rng.integers(0, len(content), 60)):
        flipped = bytearray(content[:place] if round_ % 5 == 0 else content)
        if round_ % 5:
            flipped[place] ^= int(rng.integers(1, 256))
        path.write_bytes(flipped)
        try:
            segtf.load(path)(np.zeros((9, 9, 3), np.uint8))
        except ValueError as error:
            assert "Received: " in str(error) and "\n" not in str(error), error
    assert "EP Error" not in capfd.readouterr().out
