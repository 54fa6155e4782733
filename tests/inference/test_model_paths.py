"""What a path is a model of: one format says so, and no other."""

import keras
import pytest

from segtf.inference.formats import FORMATS, find_model
from segtf.runs import Run


@pytest.fixture
def paths(tmp_path):
    """One model of each kind, as far as a path tells."""
    for name in ("model.tflite", "model.onnx", "model.keras", "versions/2/saved_model.pb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    run = Run.create(tmp_path / "run", {})
    run.best_model.touch()
    pixels = keras.Input((4, 4, 3))
    return {
        "tflite": [tmp_path / "model.tflite"],
        "onnx": [tmp_path / "model.onnx"],
        "saved_model": [tmp_path / "versions", tmp_path / "versions" / "2"],
        "keras": [tmp_path / "model.keras", tmp_path / "run", run, keras.Model(pixels, pixels)],
    }


def test_one_format_matches_each_model(paths):
    assert set(paths) == {format.name for format in FORMATS}
    for name, models in paths.items():
        for model in models:
            matching = [format.name for format in FORMATS if format.matches(model)]
            assert matching == [name]
            assert find_model(model).format.name == name


def test_where_a_model_lies(paths, tmp_path):
    assert find_model(tmp_path / "versions").path == tmp_path / "versions" / "2"
    best = tmp_path / "run" / "best.keras"
    assert find_model(tmp_path / "run").path == find_model(best).path == best
    assert find_model(best).best_of.path == tmp_path / "run"
    assert find_model(tmp_path / "model.keras").best_of is None
    assert [find_model(one).brings_labels for one in paths["keras"]] == [False, True, True, False]


@pytest.mark.parametrize("name", ["other.txt", "empty", "gone.tflite"])
def test_what_is_no_model_is_named(name, tmp_path):
    (tmp_path / "other.txt").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=rf"Expected .* Received: .*{name}"):
        find_model(tmp_path / name)
