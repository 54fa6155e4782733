import io

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import segtf
from segtf.inference.predictor import Predictor
from segtf.labels import LabelMap
from segtf.tasks import strips

pytestmark = pytest.mark.calls_model


def red_model(size=(32, 32), channels=3):
    """Foreground where the first channel is bright; known without training."""
    inputs = keras.Input((*size, channels))
    head = keras.layers.Conv2D(1, 1)
    model = keras.Model(inputs, head(inputs))
    kernel = np.zeros((1, 1, channels, 1))
    kernel[0, 0, 0, 0] = 1 / 16
    head.set_weights([kernel, np.full(1, -127.5 / 16)])
    return model


def half_red(height, width):
    """An image whose right half is red."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, width // 2 :, 0] = 255
    return image


@pytest.fixture(scope="module")
def predict():
    return segtf.load(red_model())


@pytest.fixture(scope="module")
def predict_letterboxed():
    return segtf.load(red_model(), resize="letterbox")


@settings(max_examples=15, deadline=None)
@given(st.integers(4, 90), st.integers(2, 45), st.booleans())
def test_the_mask_lies_on_the_image(predict, predict_letterboxed, height, half_width, stretched):
    image = half_red(height, 2 * half_width)
    mask = (predict if stretched else predict_letterboxed)(image).mask
    assert mask.dtype == np.uint8
    assert mask.shape == image.shape[:2]
    # The edge between the halves moves by less than a pixel of the canvas, seen in the image.
    blur = int(np.ceil(max(height, 2 * half_width) / 32)) + 1
    away = np.abs(np.arange(2 * half_width) + 0.5 - half_width) > blur
    np.testing.assert_array_equal(mask[:, away], (image[..., 0] > 0)[:, away])


def test_a_crop_leaves_the_sides_out():
    prediction = segtf.load(red_model(), resize="crop")(half_red(32, 64))
    assert set(np.unique(prediction.mask[:, 16:48])) == {0, 1}
    assert (prediction.mask[:, :16] == 255).all()
    assert (prediction.mask[:, 48:] == 255).all()
    assert prediction.probabilities[:, :16].max() == 0
    np.testing.assert_allclose(prediction.coverage, [0.5, 0.5])


def test_probabilities_are_those_of_the_mask(predict):
    prediction = predict(half_red(40, 50))
    assert prediction.probabilities.shape == (40, 50, 1)
    assert prediction.probabilities.dtype == np.float32
    np.testing.assert_array_equal(prediction.probabilities[..., 0] >= 0.5, prediction.mask)
    assert 0.9 < prediction.confidence <= 1


def encoded(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_picture_modes_are_read(predict, mode):
    picture = Image.fromarray(half_red(32, 32))
    expected = predict(np.asarray(picture)).mask
    np.testing.assert_array_equal(predict(picture.convert(mode)).mask, expected)


def test_paths_bytes_and_pictures_are_read(predict, tmp_path):
    picture = Image.fromarray(half_red(20, 30))
    (tmp_path / "a.png").write_bytes(encoded(picture, "PNG"))
    expected = predict(np.asarray(picture)).mask
    sources = (tmp_path / "a.png", str(tmp_path / "a.png"), encoded(picture, "PNG"), picture)
    for prediction in predict.batch(sources):
        np.testing.assert_array_equal(prediction.mask, expected)


def test_the_mask_is_upright_like_the_image_shown(predict):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    data = encoded(Image.fromarray(half_red(32, 48)), "JPEG", exif=exif)
    mask = predict(data).mask
    assert mask.shape == (48, 32)
    assert mask[:20].max() == 0
    assert mask[28:].min() == 1


def test_a_batch_is_what_single_calls_are(predict):
    images = [half_red(20, 30), half_red(33, 64), half_red(5, 8)]
    for image, prediction in zip(images, predict.batch(images), strict=True):
        single = predict(image)
        np.testing.assert_array_equal(prediction.mask, single.mask)
        np.testing.assert_allclose(prediction.confidence, single.confidence, rtol=1e-5)
    assert predict.batch([]) == []


def test_grey_and_four_channel_models():
    grey = segtf.load(red_model(channels=1))
    assert grey(half_red(20, 30)[..., 0]).mask[:, 20:].min() == 1
    assert grey(Image.fromarray(half_red(20, 30))).mask.shape == (20, 30)
    four = segtf.load(red_model(channels=4))
    assert four(np.zeros((9, 9, 4), np.uint8)).mask.shape == (9, 9)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((0, 8, 3), np.uint8),
        b"no image",
        "missing.png",
    ],
    ids=["channels", "dtype", "empty", "bytes", "path"],
)
def test_what_is_no_image_is_refused(predict, image):
    with pytest.raises(ValueError, match="Received"):
        predict(image)


def test_the_threshold_moves_the_decision():
    image = np.full((32, 32, 3), 140, np.uint8)  # probability 0.69
    assert segtf.load(red_model())(image).mask.min() == 1
    assert segtf.load(red_model(), threshold=0.8)(image).mask.max() == 0


def test_several_classes():
    inputs = keras.Input((16, 16, 3))
    head = keras.layers.Conv2D(3, 1)
    model = keras.Model(inputs, head(inputs))
    head.set_weights([np.eye(3)[np.newaxis, np.newaxis], np.zeros(3)])
    image = np.zeros((16, 48, 3), np.uint8)
    for index in range(3):
        image[:, 16 * index : 16 * index + 16, index] = 255
    labels = LabelMap(("red", "green", "blue"))
    prediction = segtf.load(model, labels=labels)(image)
    expected = np.repeat(np.arange(3), 16)
    np.testing.assert_array_equal(prediction.mask[:, 8::16], np.tile(expected[8::16], (16, 1)))
    np.testing.assert_allclose(prediction.coverage, [1 / 3] * 3, atol=0.03)
    np.testing.assert_allclose(prediction.probabilities.sum(-1), 1, atol=1e-5)


def test_a_list_is_several_images(predict, tmp_path):
    images = [half_red(20, 30), Image.fromarray(half_red(9, 12))]
    for several in (images, tuple(images)):
        for prediction, single in zip(predict(several), predict.batch(images), strict=True):
            np.testing.assert_array_equal(prediction.mask, single.mask)
    assert predict([]) == []
    stacked = np.stack([half_red(20, 30)] * 2)
    assert [one.mask.shape for one in predict.batch(stacked)] == [(20, 30)] * 2
    for single in (tmp_path / "a.png", "a.png", b"bytes", images[1]):
        with pytest.raises(ValueError, match="Expected several images"):
            predict.batch(single)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_class_ids_are_decided_already_whatever_the_threshold(threshold):
    class DecidedBackend:
        spec = segtf.ModelSpec(LabelMap(("rest", "red")), (32, 32), threshold=threshold)

        def __call__(self, canvases):
            return {"class_ids": (canvases[..., 0] > 127).astype(np.uint8)}

    mask = Predictor(DecidedBackend())(half_red(64, 64)).mask
    np.testing.assert_array_equal(mask, half_red(64, 64)[..., 0] > 0)


@pytest.mark.parametrize("rule", ["stretch", "letterbox", "crop"])
@pytest.mark.parametrize("values_at_once", [None, 400])
def test_probabilities_asked_for_at_once_change_nothing(rule, values_at_once, monkeypatch):
    """Logits come to the image's size once then, for the mask and for these."""
    if values_at_once:
        monkeypatch.setattr(strips, "_VALUES_AT_ONCE", values_at_once)
    predict = segtf.load(red_model(), resize=rule)
    image = half_red(41, 90)
    plain, whole = predict(image), predict(image, probabilities=True)
    monkeypatch.setattr(strips, "restore", None)  # nothing is brought to the image's size again
    np.testing.assert_array_equal(whole.mask, plain.mask)
    np.testing.assert_array_equal(whole.coverage, plain.coverage)
    assert whole.confidence == pytest.approx(plain.confidence, rel=1e-6)
    shown = whole.probabilities
    monkeypatch.undo()
    np.testing.assert_allclose(shown, plain.probabilities, atol=1e-5)
