import keras
import numpy as np
import pytest

import segtf
from segtf.labels import LabelMap
from segtf.runs import Run
from segtf.spec import ModelSpec

LESION = LabelMap(("skin", "lesion"))
IMAGE = np.random.default_rng(0).integers(0, 256, (20, 26, 3), dtype=np.uint8)


def small_model(size=(16, 24), logits=1):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((*size, 3))
    scaled = keras.layers.Rescaling(1 / 127.5, -1)(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(logits, 3, padding="same")(scaled))


@pytest.fixture
def run(tmp_path):
    run = Run.create(tmp_path / "run", {})
    run.save_spec(ModelSpec(LESION, (16, 24), resize="letterbox", threshold=0.4))
    return run


def test_a_model_without_a_spec_gets_plain_class_names():
    assert segtf.load(small_model()).spec == ModelSpec(LabelMap(("class_0", "class_1")), (16, 24))
    names = segtf.load(small_model(logits=3)).spec.labels.names
    assert names == ("class_0", "class_1", "class_2")


def test_a_keras_file_is_its_model(tmp_path):
    model = small_model()
    model.save(tmp_path / "mine.keras")
    expected = segtf.load(model)(IMAGE)
    loaded = segtf.load(tmp_path / "mine.keras", labels=LESION)
    np.testing.assert_array_equal(loaded(IMAGE).probabilities, expected.probabilities)
    assert loaded.spec.labels == LESION


def test_a_run_brings_its_spec(run):
    small_model().save(run.best_model)
    for source in (run, run.path, str(run.path), run.best_model):
        assert segtf.load(source).spec == run.spec()
    assert segtf.load(run.path, threshold=0.7, resize="crop").spec == ModelSpec(
        LESION, (16, 24), resize="crop", threshold=0.7
    )


def test_a_run_without_a_model_says_so(run):
    with pytest.raises(ValueError, match=r"best\.keras.*Received"):
        segtf.load(run.path)


def test_a_unet_of_our_own_comes_back(tmp_path):
    model = segtf.unet(input_shape=(32, 32, 3), num_classes=1, base_filters=4, depth=2)
    model.save(tmp_path / "unet.keras")
    expected = segtf.load(model)(IMAGE).mask
    np.testing.assert_array_equal(segtf.load(tmp_path / "unet.keras")(IMAGE).mask, expected)


def test_any_size_works_at_the_size_asked_for():
    predict = segtf.load(small_model(size=(None, None)), size=(24, 8))
    assert predict.spec.size == (24, 8)
    assert predict.canvas(IMAGE).shape == (24, 8, 3)
    assert predict(IMAGE).mask.shape == IMAGE.shape[:2]


def test_any_size_needs_one():
    with pytest.raises(ValueError, match=r"size=\(height, width\).*Received"):
        segtf.load(small_model(size=(None, None)))


@pytest.mark.parametrize(
    "arguments",
    [
        {"size": (32, 32)},
        {"labels": LabelMap(("a", "b", "c"))},
        {"resize": "squeeze"},
        {"threshold": 1.5},
    ],
    ids=str,
)
def test_what_does_not_fit_the_model_is_refused(arguments, run):
    with pytest.raises(ValueError, match="Received"):
        segtf.load(small_model(), **arguments)
    small_model().save(run.best_model)
    with pytest.raises(ValueError, match="Received"):
        segtf.load(run.path, **arguments)


def test_a_spec_that_does_not_fit_its_model_is_noticed(run):
    small_model(logits=3).save(run.best_model)
    with pytest.raises(ValueError, match=r"Expected 1 logits.*Received: a model that gives 3"):
        segtf.load(run.path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "broken.keras").write_text("hello")
    (tmp_path / "broken.tflite").write_text("hello world, no model")
    for name in ("notes.txt", "broken.keras", "broken.tflite", "missing", ""):
        with pytest.raises(ValueError, match="Received"):
            segtf.load(tmp_path / name)
