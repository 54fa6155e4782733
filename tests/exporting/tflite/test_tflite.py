import dataclasses
import json
import zlib

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from export_examples import LABELS, blocks, small_model

import segtf
from segtf.exporting import ExportError
from segtf.exporting.info import describe_export, export_info
from segtf.exporting.tflite.convert import VARIANTS, convert
from segtf.exporting.tflite.sensitivity import int8_candidates
from segtf.inference.formats.tflite_file import TFLiteBackend
from segtf.runs import Run
from segtf.spec import ModelSpec

FORMATS = ("tflite", "tflite-float16", "tflite-dynamic", "tflite-int8")
SPEC = ModelSpec(LABELS[1], (24, 32), resize="letterbox")


def input_and_output(path):
    interpreter = Interpreter(str(path))
    (pixels,), (outputs,) = interpreter.get_input_details(), interpreter.get_output_details()
    return pixels, outputs


def test_files_have_the_names_that_are_documented(tflite_exports):
    assert [tflite_exports[format].path.name for format in FORMATS] == [
        "model.tflite",
        "model-float16.tflite",
        "model-dynamic.tflite",
        "model-int8.tflite",
    ]
    for export in tflite_exports.values():
        assert export.path.stat().st_size == export.size_in_bytes


@pytest.mark.parametrize("format", FORMATS)
def test_shapes_are_static_and_the_batch_is_one(tflite_exports, format):
    pixels, outputs = input_and_output(tflite_exports[format].path)
    assert tuple(pixels["shape_signature"]) == (1, 24, 32, 3)
    whole = format == "tflite-int8"
    assert tuple(outputs["shape_signature"]) == ((1, 24, 32) if whole else (1, 24, 32, 1))
    assert pixels["dtype"] == outputs["dtype"] == (np.uint8 if whole else np.float32)


@pytest.mark.calls_model
@pytest.mark.parametrize("format", FORMATS)
def test_each_file_brings_its_spec_and_its_agreement(tflite_exports, format):
    export = tflite_exports[format]
    assert segtf.load(export.path).spec == SPEC
    assert export.format == format
    assert 0.9 < export.agreement <= 1
    assert (export.max_difference is None) == (format == "tflite-int8")


@pytest.mark.calls_model
def test_float32_says_what_keras_says(tflite_exports, binary_model):
    export = tflite_exports["tflite"]
    reference = segtf.load(binary_model, labels=LABELS[1], resize="letterbox")
    image = blocks(50, 41)
    mask = segtf.load(export.path)(image).mask
    np.testing.assert_array_equal(mask, reference(image).mask)
    assert set(np.unique(mask)) == {0, 1}
    assert export.max_difference < 1e-4


@pytest.mark.calls_model
def test_int8_takes_pixels_as_they_are_and_decides(tflite_exports, binary_model):
    path = tflite_exports["tflite-int8"].path
    pixels, _ = input_and_output(path)
    assert pixels["quantization"] == (1.0, 0)
    predict = segtf.load(path)
    image = blocks(24, 32, seed=3)
    expected = segtf.load(binary_model)(image).mask
    assert (predict(image).mask == expected).mean() > 0.95
    assert predict(blocks(50, 70)).mask.shape == (50, 70)
    assert predict(image).confidence is None
    with pytest.raises(ValueError, match="class ids only"):
        _ = predict(image).probabilities
    with pytest.raises(ValueError, match="Expected no threshold"):
        segtf.load(path, threshold=0.7)


@pytest.mark.calls_model
@pytest.mark.parametrize("format", FORMATS)
def test_no_images_have_no_answers(tflite_exports, format):
    predict = segtf.load(tflite_exports[format].path)
    whole = format == "tflite-int8"
    outputs = predict.backend(np.zeros((0, 24, 32, 3), np.uint8))
    answers = outputs["class_ids" if whole else "logits"]
    assert answers.shape == ((0, 24, 32) if whole else (0, 24, 32, 1))
    assert answers.dtype == (np.uint8 if whole else np.float32)


def test_int8_of_several_classes(tmp_path):
    images = [blocks(24, 32, seed=seed) for seed in range(8)]
    model = small_model(logits=3)
    export = segtf.export(model, tmp_path, "tflite-int8", calibration=images)
    expected = segtf.load(model)(images[0]).mask
    assert len(np.unique(expected)) == 3
    assert (segtf.load(export.path)(images[0]).mask == expected).mean() > 0.95


def test_weights_are_quantized_per_channel(tflite_exports):
    interpreter = Interpreter(str(tflite_exports["tflite-int8"].path))
    scales = [
        len(detail["quantization_parameters"]["scales"])
        for detail in interpreter.get_tensor_details()
        if detail["dtype"] == np.int8 and len(detail["shape"]) == 4
    ]
    assert max(scales) == 4


def test_names_and_buffers_survive_the_metadata(tflite_exports):
    path = tflite_exports["tflite"].path
    runner = Interpreter(str(path)).get_signature_runner()
    assert list(runner.get_input_details()) == ["pixels"]
    assert list(runner.get_output_details()) == ["logits"]
    model = schema.Model.GetRootAs(path.read_bytes())
    entries = {model.Metadata(i).Name(): model.Metadata(i) for i in range(model.MetadataLength())}
    assert b"min_runtime_version" in entries
    buffer = model.Buffers(entries[b"SEGTF_SPEC"].Buffer()).DataAsNumpy().tobytes()
    assert json.loads(buffer)["labels"]["names"] == ["skin", "lesion"]


def test_litert_is_tflite_and_takes_the_place_of_the_file(tmp_path):
    (tmp_path / "model.tflite").write_text("an older one")
    export = segtf.export(small_model(), tmp_path, "litert")
    assert export.format == "tflite"
    beside = [f"model.tflite.parity.{suffix}" for suffix in ("json", "md", "png")]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "labels.txt",
        "model.card.md",
        "model.sha256",
        "model.spec.json",
        "model.tflite",
        *beside,
    ]
    assert segtf.load(export.path)(blocks(9, 9)).mask.shape == (9, 9)


def test_a_file_without_a_spec_needs_its_labels(tmp_path, tflite_exports):
    content = tflite_exports["tflite"].path.read_bytes().replace(b"SEGTF_SPEC", b"OTHER_SPEC")
    (tmp_path / "other.tflite").write_bytes(content)
    predict = segtf.load(tmp_path / "other.tflite", labels=LABELS[1], resize="crop")
    assert predict.spec == ModelSpec(LABELS[1], (24, 32), resize="crop")
    assert segtf.load(tmp_path / "other.tflite").spec.labels.names == ("class_0", "class_1")


def test_any_size_is_exported_at_the_size_asked_for(tmp_path):
    model = small_model(size=(None, None))
    path = segtf.export(model, tmp_path, "tflite", size=(16, 8)).path
    assert tuple(input_and_output(path)[0]["shape_signature"]) == (1, 16, 8, 3)


@pytest.mark.parametrize("variant", ["tflite", "tflite-int8"])
@pytest.mark.parametrize("build", [segtf.unet, pytest.param(segtf.segnet, marks=pytest.mark.slow)])
def test_any_size_on_request(tmp_path, variant, build):
    """Of sizes that no level divides, so that the padding is in the file too."""
    keras.utils.set_random_seed(1)
    settings = {"base_filters": 2} | ({"depth": 2} if build is segtf.unet else {})
    model = build((None, None, 3), num_classes=1, **settings)
    model.layers[-1].set_weights([100 * weights for weights in model.layers[-1].get_weights()])
    content = convert(
        model, ModelSpec(LABELS[1], (22, 35)), variant, [blocks(22, 35)], dynamic_size=True
    )
    (tmp_path / "model.tflite").write_bytes(content)
    pixels, _ = input_and_output(tmp_path / "model.tflite")
    assert tuple(pixels["shape_signature"]) == (1, -1, -1, 3)
    for size in ((22, 35), (40, 18)):
        spec = ModelSpec(LABELS[1], size)
        given = blocks(*size, seed=3)[np.newaxis]
        (received,) = TFLiteBackend(tmp_path / "model.tflite", spec)(given).values()
        expected = model(given.astype(np.float32)).numpy()
        if variant == "tflite":
            np.testing.assert_allclose(received, expected, rtol=1e-3, atol=1e-4)
        else:
            assert received.shape == (1, *size)


def test_a_file_of_any_size_is_loaded_at_any(tmp_path):
    model = small_model(size=(None, None))
    export = segtf.export(model, tmp_path, "tflite", size=(16, 8), dynamic_size=True, speed=False)
    assert segtf.load(export.path).spec.size == (16, 8)
    image = blocks(30, 20)
    expected = segtf.load(model, size=(24, 40))(image).mask
    np.testing.assert_array_equal(segtf.load(export.path, size=(24, 40))(image).mask, expected)


def test_layers_stay_in_float32_where_that_agrees_better(tmp_path):
    keras.utils.set_random_seed(2)
    model = segtf.unet((32, 32, 3), num_classes=3, base_filters=4, depth=2)
    images = [blocks(32, 32, seed=seed) for seed in range(6)]
    spec = ModelSpec(LABELS[3], (32, 32))
    (tmp_path / "plain.tflite").write_bytes(convert(model, spec, "tflite-int8", images))
    reference = segtf.load(model)
    export = segtf.export(model, tmp_path, "tflite-int8", calibration=images, speed=False)

    def agreement(path):
        ids = TFLiteBackend(path, spec)(np.stack(images))["class_ids"]
        return np.mean([ids[i] == reference(image).mask for i, image in enumerate(images)])

    assert export.report.details["kept_in_float32"]
    assert agreement(tmp_path / "plain.tflite") < 0.995
    assert agreement(export.path) > agreement(tmp_path / "plain.tflite")
    pixels, classes = input_and_output(export.path)
    assert pixels["dtype"] == classes["dtype"] == np.uint8
    assert pixels["quantization"] == (1.0, 0)


def test_operations_that_are_not_built_in_are_named(tmp_path):
    inputs = keras.Input((16, 16, 3))
    outputs = keras.ops.erf(keras.layers.Conv2D(1, 3, padding="same")(inputs))
    with pytest.raises(ExportError, match=r"built-in operations.*Received: tf\.Erf$"):
        segtf.export(keras.Model(inputs, outputs), tmp_path, "tflite")
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_differs_leaves_what_was_there(tmp_path):
    """Green is far away in calibration: red, which decides here, falls below one step of int8."""
    inputs = keras.Input((16, 16, 3))
    head = keras.layers.Conv2D(1, 1)
    model = keras.Model(inputs, head(inputs))
    head.set_weights([np.reshape([0.01, 100, 0], (1, 1, 3, 1)), np.full(1, -1.275)])
    red = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8) * [1, 0, 0]
    (tmp_path / "model-int8.tflite").write_text("as it was")
    with pytest.raises(ExportError, match=r"Expected at least 95.00% .*Received"):
        segtf.export(
            model,
            tmp_path,
            "tflite-int8",
            calibration=[np.full((16, 16, 3), 255, np.uint8)],
            check_images=[red.astype(np.uint8)],
        )
    assert [path.name for path in tmp_path.iterdir()] == ["model-int8.tflite"]
    assert (tmp_path / "model-int8.tflite").read_text() == "as it was"


def test_the_same_model_gives_the_same_file(tmp_path, tflite_exports, binary_model):
    again = segtf.export(binary_model, tmp_path, "tflite", labels=LABELS[1], resize="letterbox")
    first = tflite_exports["tflite"].path.read_bytes()
    assert zlib.crc32(again.path.read_bytes()) == zlib.crc32(first)


def test_what_cannot_be_exported_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"format as one of .*Received: 'coreml'"):
        segtf.export(small_model(), tmp_path, "coreml")
    with pytest.raises(ValueError, match=r"calibration=.*Received: none"):
        segtf.export(small_model(), tmp_path, "tflite-int8")
    run = Run.create(tmp_path / "run", {})
    with pytest.raises(ValueError, match=r"best\.keras.*Received"):
        segtf.export(run.path, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


GIVEN = [
    ("tflite-int8", "logits", "model-int8-logits.tflite"),
    ("tflite", "class_ids", "model-class-ids.tflite"),
]


@pytest.mark.parametrize(("format", "gives", "name"), GIVEN)
def test_int8_gives_logits_and_float_gives_class_ids(binary_model, tmp_path, format, gives, name):
    images = [blocks(24, 32, seed=seed) for seed in range(8)]
    settings = {"labels": LABELS[1], "calibration": images, "speed": False}
    export = segtf.export(binary_model, tmp_path, format, gives=gives, **settings)
    assert export.path.name == name
    pixels, outputs = input_and_output(export.path)
    assert pixels["dtype"] == (np.uint8 if format == "tflite-int8" else np.float32)
    assert outputs["dtype"] == (np.uint8 if gives == "class_ids" else np.float32)
    assert (export.max_difference is None) == (gives == "class_ids")
    predict, image = segtf.load(export.path), blocks(50, 41)
    assert (predict(image).mask == segtf.load(binary_model)(image).mask).mean() > 0.9
    if gives == "logits":
        assert predict(image).probabilities.shape == (50, 41, 1)
    runner = Interpreter(str(export.path)).get_signature_runner()
    assert list(runner.get_output_details()) == [gives]
    assert said(export.path, "gives") == gives.replace("_", " ")


def said(path, name):
    """What a line of `segtf export info` says."""
    lines = [line.split(maxsplit=1) for line in describe_export(*export_info(path))[1:]]
    return dict(lines)[name]


@pytest.mark.parametrize(("format", "gives"), [("onnx", "logits"), ("tflite", "masks")])
def test_only_tflite_gives_what_is_asked_for(tmp_path, format, gives):
    with pytest.raises(ValueError, match=r"Expected gives .* Received"):
        segtf.export(small_model(), tmp_path, format, gives=gives)


def test_a_refusal_names_the_format_that_fits(binary_model, tmp_path, monkeypatch):
    for name, least in (("tflite-int8", 1.1), ("tflite-dynamic", 1.1)):
        variant = dataclasses.replace(VARIANTS[name], least_agreement=least)
        monkeypatch.setitem(VARIANTS, name, variant)
    images = [blocks(24, 32, seed=seed) for seed in range(4)]
    wanted = (
        r"Received: .*%\. tflite-float16 keeps to its limits: (99|100)\.\d\d% of the pixels agree"
    )
    with pytest.raises(ExportError, match=wanted):
        segtf.export(binary_model, tmp_path, "tflite-int8", calibration=images, speed=False)
    assert not list(tmp_path.glob("*.tflite"))


def test_what_costs_most_is_found_from_images():
    """A channel a thousandth of what it is concatenated with is lost in int8."""
    keras.utils.set_random_seed(0)
    pixels = keras.Input((16, 16, 3))
    x = keras.layers.Rescaling(1 / 255)(pixels)
    x = keras.layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = keras.layers.Conv2D(2, 3, padding="same", activation="relu")(x)
    large = keras.layers.Conv2D(2, 3, padding="same", activation="relu")(x)
    small = keras.layers.Conv2D(2, 3, padding="same", activation="relu")(x)
    scaled = keras.layers.Rescaling(1e-3)(small)
    joined = keras.layers.Concatenate(name="joined")([large, scaled])
    model = keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(joined))
    spec, images = ModelSpec(LABELS[1], (16, 16)), [blocks(16, 16, seed=s) for s in range(4)]
    kept = [names for _, names in int8_candidates(model, spec, images)]
    costliest = [names for names in kept if any("joined" in name for name in names)]
    assert costliest
    assert len(costliest[0]) <= 6
