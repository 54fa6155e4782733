"""Files for programs that shrink images plainly: the model takes twice the size, and halves it."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from export_examples import LABELS, blocks, small_model

import segtf
from segtf.cli import main
from segtf.exporting.plain_resize import PlainPredictor, shrinking


@pytest.fixture(scope="module")
def edges():
    """A model that sees edges, and images whose edges plain shrinking breaks up."""
    model = small_model((24, 32))
    stripes = np.random.default_rng(0).integers(0, 2, (6, 96, 128, 3), np.uint8) * 255
    smooth = [np.asarray(blocks(96, 128, seed=seed)) for seed in range(6)]
    return model, [one // 2 + other // 2 for one, other in zip(stripes, smooth, strict=True)]


def test_the_model_halves_pixels_as_training_does(binary_model):
    predict = segtf.load(binary_model)
    larger = shrinking(predict)
    assert larger.spec.size == (48, 64)
    assert larger.backend.model.output_shape == (None, 48, 64, 1)
    pixels = blocks(48, 64)[np.newaxis].astype(np.float32)
    halve = keras.Model(larger.backend.model.input, larger.backend.model.get_layer("halve").output)
    halved = tf.image.resize(pixels, (24, 32), antialias=True)
    # At the border, the filter of the resize ends; here, the last pixels go on.
    np.testing.assert_allclose(halve(pixels)[:, 1:-1, 1:-1], halved[:, 1:-1, 1:-1], atol=1e-3)
    assert halve(pixels)[:, 0].numpy().min() >= pixels[:, :2].min()


def test_what_is_shrunk_plainly_is_seen_as_it_is(edges):
    model, images = edges
    predict = segtf.load(model)
    masks = [predict(image).mask for image in images]
    plain, larger = PlainPredictor(predict.backend), PlainPredictor(shrinking(predict).backend)
    shares = [
        np.mean(
            [np.mean(way(image).mask == mask) for image, mask in zip(images, masks, strict=True)]
        )
        for way in (plain, larger)
    ]
    assert shares[1] > shares[0] + 0.02


INT8 = pytest.param("tflite-int8", marks=pytest.mark.slow)


@pytest.mark.parametrize("format", ["tflite-float16", INT8])
def test_a_file_of_twice_the_size(edges, tmp_path, format, capsys):
    model, images = edges
    settings = {"calibration": images, "labels": LABELS[1], "speed": False}
    export = segtf.export(model, tmp_path, format, for_resize="plain", **settings)
    assert export.path.name == f"model-{format.removeprefix('tflite-')}-plain.tflite"
    assert Interpreter(str(export.path)).get_input_details()[0]["shape"].tolist() == [1, 48, 64, 3]
    losses = json.loads(export.path.with_name(f"{export.path.name}.parity.json").read_text())
    losses = losses["plain_resize"]
    assert losses["exported"]["agreement"] > losses["as_it_is"]["agreement"]
    assert losses["exported"]["iou_drop"] is None
    # It is used as any other file is.
    assert segtf.load(export.path)(images[0]).mask.shape == (96, 128)
    with pytest.raises(SystemExit):
        main(["export", "info", str(export.path)])
    said = capsys.readouterr().out
    assert "48 x 64 x 3" in said and "stretch, shrunk plainly" in said


@pytest.mark.parametrize(
    ("format", "settings"),
    [
        ("tflite", {"for_resize": "area"}),
        ("onnx", {"for_resize": "plain"}),
        ("saved_model", {"for_resize": "plain"}),
        ("tflite", {"for_resize": "plain", "dynamic_size": True}),
    ],
)
def test_what_has_no_twice_the_size_is_refused(binary_model, tmp_path, format, settings):
    with pytest.raises(ValueError, match="Received: "):
        segtf.export(binary_model, tmp_path / "out", format, **settings)
    assert not (tmp_path / "out").exists()


def test_a_file_that_would_be_worse_is_refused(binary_model, tmp_path):
    """Images smaller than the model are not shrunk at all."""
    images = [np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)]
    with pytest.raises(ValueError, match="the model as it is, which is the better one"):
        segtf.export(
            binary_model, tmp_path, "tflite", for_resize="plain", check_images=images, speed=False
        )
