"""What an exported model says about itself and about its origin."""

import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from export_examples import LABELS, small_model

import segtf
from segtf.cli import main
from segtf.data import fingerprint, load_source
from segtf.exporting import export_info
from segtf.runs import Run
from segtf.spec import FORMAT_VERSION


@pytest.fixture(scope="module")
def trained_run(small_run, tmp_path_factory):
    """A run that has been trained and not evaluated."""
    run = Run(shutil.copytree(small_run.path, tmp_path_factory.mktemp("info") / "run"))
    (run.report / "metrics.json").unlink(missing_ok=True)
    return run


@pytest.fixture(scope="module")
def exported_run(trained_run, tmp_path_factory):
    return segtf.export(trained_run, tmp_path_factory.mktemp("info"))


def test_the_origin_of_a_run_is_inside(exported_run, trained_run, synthetic_folder):
    path, details = export_info(exported_run.path.parent)
    assert path == exported_run.path
    assert details["format_version"] == 2
    assert details["labels"] == trained_run.spec().labels.to_dict()
    origin = details["provenance"]
    assert origin["data"] == {
        "name": "synthetic",
        "fingerprint": fingerprint(load_source("synthetic", synthetic_folder)),
        "trained_on": 10,
        "held_out": 2,
        "licence": None,
    }
    assert set(origin["packages"]) == {"segtf", "tensorflow", "keras", "numpy"}
    assert origin["packages"]["tensorflow"] == tf.__version__
    best = max(row["val_mean_dice"] for row in trained_run.history())
    assert origin["metrics"]["from"] == "training"
    assert origin["metrics"]["val_mean_dice"] == best
    assert str(trained_run.path) not in json.dumps(details)
    assert str(synthetic_folder) not in json.dumps(details)


def test_an_evaluation_counts_for_more_than_the_training(trained_run, tmp_path):
    run = Run(shutil.copytree(trained_run.path, tmp_path / "run"))
    evaluation = segtf.evaluate(run.path)
    exported = segtf.export(run.best_model, tmp_path / "served")
    metrics = export_info(exported.path)[1]["provenance"]["metrics"]
    assert metrics["from"] == "evaluation"
    assert (metrics["split"], metrics["images"]) == ("val", 2)
    assert metrics["mean_dice"] == pytest.approx(evaluation.summary()["mean_dice"])


def test_a_model_without_a_run_has_no_data(exported, binary_model):
    _, details = export_info(exported.path)
    origin = details["provenance"]
    assert (origin["data"], origin["metrics"]) == (None, None)
    assert (origin["model"], origin["parameters"]) == ("small", binary_model.count_params())


def test_the_command_shows_it(exported_run, exported, capsys):
    for path, lines in (
        (
            exported_run.path,
            (
                "data       name synthetic, fingerprint sha256:",
                "licence not stated",
                "mean dice 0.",
            ),
        ),
        (exported.path, ("class 1    lesion, colour #", "not known: made without a run")),
    ):
        with pytest.raises(SystemExit) as done:
            main(["export", "info", str(path)])
        assert done.value.code == 0
        printed = capsys.readouterr().out
        assert printed.startswith(f"{path}\n  format     SavedModel, format version 2\n")
        assert all(line in printed for line in lines), printed


def test_tflite_files_are_shown_too(tflite_exports, capsys):
    path = tflite_exports["tflite-int8"].path
    assert export_info(path)[1]["resize"] == "letterbox"
    with pytest.raises(SystemExit):
        main(["export", "info", str(path)])
    printed = capsys.readouterr().out
    assert "format     TFLite, format version 2\n  runtime    TFLite " in printed


def test_other_files_are_refused(tmp_path, exported, capsys):
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"))
    newer = shutil.copytree(exported.path, tmp_path / "newer")
    asset = newer / "assets.extra/segtf.json"
    asset.write_text(json.dumps({**json.loads(asset.read_text()), "format_version": 99}))
    for path, cause in (
        (tmp_path / "none", "does not exist"),
        (tmp_path, "segtf.export wrote"),
        (newer, "a newer segtf may be needed"),
    ):
        with pytest.raises(SystemExit) as done:
            main(["export", "info", str(path)])
        assert done.value.code == 2
        assert cause in capsys.readouterr().err


def test_the_fingerprint_is_of_contents(synthetic_folder, tmp_path):
    first = fingerprint(load_source("synthetic", synthetic_folder))
    copy = shutil.copytree(synthetic_folder, tmp_path / "copy")
    assert fingerprint(load_source("synthetic", copy)) == first
    mask = next((copy / "masks").iterdir())
    mask.write_bytes(mask.read_bytes() + b"\0")
    changed = fingerprint(load_source("synthetic", copy))
    mask.unlink()
    (copy / "images" / f"{mask.stem}.jpg").unlink()
    fewer = fingerprint(load_source("synthetic", copy))
    assert len({first, changed, fewer}) == 3


def test_pixel_signatures_of_any_size(trained_run, exported_run, tmp_path):
    static = tf.saved_model.load(str(exported_run.path))
    exported = segtf.export(trained_run.path, tmp_path, dynamic_size=True)
    assert export_info(exported.path)[1]["dynamic_size"]
    dynamic = tf.saved_model.load(str(exported.path))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("uint8")
    for name in ("logits", "probabilities", "class_ids"):
        np.testing.assert_allclose(
            dynamic.signatures[name](pixels=tf.constant(pixels))[name],
            static.signatures[name](pixels=tf.constant(pixels))[name],
            atol=1e-4,
        )
        other = dynamic.signatures[name](pixels=tf.zeros((1, 45, 61, 3), tf.uint8))[name]
        assert other.shape[1:3] == (45, 61)
    image = np.zeros((40, 50, 3), "uint8")
    assert segtf.load(exported.path)(image).mask.shape == (40, 50)


def shown(path, capsys):
    with pytest.raises(SystemExit) as done:
        main(["export", "info", str(path)])
    printed = capsys.readouterr()
    assert done.value.code == 0, printed.err
    return printed.out


def test_runs_and_keras_files_are_shown_too(trained_run, binary_model, tmp_path, capsys):
    for path in (trained_run.path, trained_run.best_model):
        printed = shown(path, capsys)
        version = f"Keras, format version {FORMAT_VERSION}"
        assert printed.startswith(f"{trained_run.best_model}\n  format     {version}")
        assert "data       name synthetic, fingerprint sha256:" in printed
    binary_model.save(tmp_path / "own.keras")
    printed = shown(tmp_path / "own.keras", capsys)
    assert "takes      24 x 32 x 3, pixels 0..255\n" in printed
    assert "class 1    class_1, colour #" in printed
    small_model((None, None)).save(tmp_path / "any.keras")
    assert "takes      any x any x 3, pixels 0..255\n" in shown(tmp_path / "any.keras", capsys)


def test_a_run_that_says_not_how_its_model_is_built(trained_run, tmp_path):
    run = Run(shutil.copytree(trained_run.path, tmp_path / "run"))
    config = run.path / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "training": {}}))
    exported = segtf.export(run, tmp_path, "tflite", dynamic_size=True, speed=False)
    image = np.random.default_rng(0).integers(0, 256, (36, 44, 3)).astype("uint8")
    logits = segtf.load(exported.path, size=(36, 44)).backend(image[np.newaxis])["logits"]
    told = segtf.export(trained_run, tmp_path / "told", "tflite", dynamic_size=True, speed=False)
    expected = segtf.load(told.path, size=(36, 44)).backend(image[np.newaxis])["logits"]
    np.testing.assert_allclose(logits, expected, atol=1e-3)
    odd = np.zeros((1, 37, 41, 3), "uint8")
    answer = segtf.load(exported.path, size=(37, 41)).backend(odd)
    assert answer["logits"].shape == (1, 37, 41, 1)


def test_sizes_that_cannot_be_dynamic(tmp_path):
    any_size = small_model(size=(None, None))
    exported = segtf.export(any_size, tmp_path, labels=LABELS[1], size=(24, 32), dynamic_size=True)
    logits = tf.saved_model.load(str(exported.path)).signatures["logits"]
    assert logits(pixels=tf.zeros((1, 9, 7, 3), tf.uint8))["logits"].shape == (1, 9, 7, 1)
    pixels = keras.Input((8, 8, 3))
    dense = keras.layers.Dense(64)(keras.layers.Flatten()(pixels))
    one_size = keras.Model(pixels, keras.layers.Reshape((8, 8, 1))(dense))
    with pytest.raises(ValueError, match="Expected a model that works at any size, or a run that"):
        segtf.export(one_size, tmp_path, dynamic_size=True)
    assert {path.name for path in tmp_path.iterdir()} == {"1", "1.parity.png"}
