"""Models side by side: how alike, how right and how fast they are."""

import json

import keras
import pytest

from segtf.comparing.benchmark import benchmark
from segtf.comparing.run_images import run_source
from segtf.comparing.speed import measure_speed


def test_the_benchmark_sets_files_side_by_side(run_exports, dark_run, tmp_path):
    paths = [run_exports[format].path for format in ("tflite", "tflite-int8")]
    report = benchmark(
        paths, source=run_source(dark_run, "val", 100), out=tmp_path, threads=1, runs=5
    )
    exported = [export.report.rows[-1] for export in run_exports.values()]
    assert [row.mean_iou for row in report.rows] == [row.mean_iou for row in exported]
    assert [row.speed.threads for row in report.rows] == [1, 1]
    assert report.rows[0].agreement == 1.0
    assert report.rows[1].agreement < 1.0
    assert json.loads((tmp_path / "benchmark.json").read_text())["models"][1]["format"] == "tflite"
    with pytest.raises(ValueError, match=r"Expected models of 2 classes.*Received: .* of 3"):
        inputs = keras.Input((24, 32, 3))
        other = keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs))
        other.save(tmp_path / "other.keras")
        benchmark([paths[0], tmp_path / "other.keras"])


def test_a_file_that_cannot_be_run_is_named(tmp_path):
    (tmp_path / "broken.tflite").write_bytes(b"TFL3")
    with pytest.raises(ValueError, match=r"can be run. Received: .*broken\.tflite"):
        measure_speed(tmp_path / "broken.tflite", (8, 8))
