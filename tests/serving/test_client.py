import numpy as np
import pytest
from PIL import Image
from serving_examples import assert_same_mask, encode, picture

import segtf
from segtf.serving import Client, TensorInfo, VersionStatus

IMAGES = [picture(30, 50), picture(7, 9, seed=1), picture(24, 32, seed=2)]


@pytest.fixture(scope="module")
def predict(base_path):
    return segtf.load(base_path / "2")


def test_answers_are_those_of_the_predictor(client, predict, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encode(IMAGES[0], "JPEG"))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = tmp_path / "turned.jpg"
    turned.write_bytes(encode(IMAGES[0], "JPEG", exif=exif))
    opened = Image.open(turned)
    images = [path, str(path), encode(IMAGES[1]), Image.fromarray(IMAGES[2]), opened, *IMAGES]
    answers = client.segment(images)
    for answer, prediction in zip(answers, predict.batch(images), strict=True):
        assert_same_mask(answer.mask, prediction.mask)
        assert answer.mask.dtype == np.uint8
        assert answer.coverage == pytest.approx(
            dict(zip(("skin", "lesion"), prediction.coverage, strict=True)), abs=1e-6
        )
        assert answer.confidence == pytest.approx(prediction.confidence, abs=1e-5)
        assert answer.error is None
    assert answers[4].mask.shape == (50, 30)


def test_grey_cmyk_and_palette_pictures(client, predict):
    picture = Image.fromarray(IMAGES[0])
    images = [picture.convert(mode) for mode in ("L", "P", "1", "RGBA")]
    images += [np.asarray(images[0]), np.asarray(images[0])[..., np.newaxis]]
    expected = [predict(image) for image in images[:4]]
    for answer, prediction in zip(client.segment(images), expected + expected[:1] * 2, strict=True):
        assert_same_mask(answer.mask, prediction.mask)
    cmyk = picture.convert("CMYK")
    assert_same_mask(client.segment([cmyk])[0].mask, predict(cmyk.convert("RGB")).mask)


def test_a_bad_image_has_an_error_and_the_others_an_answer(client):
    good, bad, other = client.segment([IMAGES[0], b"no image", IMAGES[1]])
    assert good.mask.shape == (30, 50) and other.mask.shape == (7, 9)
    assert (bad.mask, bad.coverage, bad.confidence) == (None, {}, None)
    assert "8 bytes" in bad.error


def test_long_lists_go_in_batches_and_keep_their_order(url, predict, models, monkeypatch):
    sizes = []
    real = models.predict
    monkeypatch.setattr(
        models,
        "predict",
        lambda request: (
            sizes.append(request.inputs["image_bytes"].tensor_shape.dim[0].size) or real(request)
        ),
    )
    images = [picture(5, 5 + index, seed=index) for index in range(7)]
    with Client(url, batch_size=3, timeout=30) as client:
        answers = client.segment(iter(images))
        assert sizes == [3, 3, 1]
        assert [answer.mask.shape for answer in answers] == [(5, 5 + index) for index in range(7)]
        assert client.segment([]) == []
        assert sizes == [3, 3, 1]
        monkeypatch.setattr("segtf.serving.client.MAX_REQUEST_BYTES", len(encode(images[0])) + 1)
        client.segment(images[:2])
    assert sizes == [3, 3, 1, 1, 1]


def test_versions_and_labels(url, base_path):
    masks = {}
    for asked in ({"version": 1}, {"label": "stable"}, {"version": 2}, {"label": "canary"}, {}):
        with Client(url, timeout=30, **asked) as client:
            masks[str(asked)] = client.segment(IMAGES[:1])[0].mask
            version = client.metadata().version
            assert_same_mask(
                masks[str(asked)], segtf.load(base_path / str(version))(IMAGES[0]).mask
            )
            assert version == (1 if asked in ({"version": 1}, {"label": "stable"}) else 2)
    assert (masks["{'version': 1}"] != masks["{}"]).any()


def test_status(client):
    assert sorted(client.status(), key=lambda one: one.version) == [
        VersionStatus(1, "AVAILABLE"),
        VersionStatus(2, "AVAILABLE"),
    ]


def test_metadata(client):
    metadata = client.metadata()
    assert (metadata.model, metadata.version) == ("segtf", 2)
    default = metadata.signatures["serving_default"]
    assert default.inputs == {"image_bytes": TensorInfo("DT_STRING", (None,))}
    assert default.outputs["coverage"] == TensorInfo("DT_FLOAT", (None, 2))
    pixels = TensorInfo("DT_UINT8", (None, 24, 32, 3))
    assert metadata.signatures["class_ids"].inputs == {"pixels": pixels}


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "127.0.0.1:8501"},
        {"url": "ftp://a"},
        {"url": "http://"},
        {"version": 1, "label": "a"},
        {"model": ""},
        {"timeout": 0},
        {"retries": -1},
        {"batch_size": 0},
    ],
)
def test_mistakes_are_refused_before_anything_is_sent(settings):
    with pytest.raises(ValueError, match=r"Expected .* Received: "):
        Client(**{"url": "http://127.0.0.1:1", **settings})


@pytest.mark.parametrize(
    "image",
    [
        3,
        None,
        np.zeros((4, 4)),
        np.zeros((4, 4, 2), "uint8"),
        np.zeros((0, 4), "u1"),
    ],
)
def test_what_is_no_image_is_refused(image):
    with (
        Client("http://127.0.0.1:1", retries=0) as client,
        pytest.raises(ValueError, match=r"Expected .* Received: "),
    ):
        client.segment([image])


def test_a_single_image_is_not_a_list():
    with Client("http://127.0.0.1:1", retries=0) as client:
        for image in ("a.jpg", b"abc", IMAGES[0]):
            with pytest.raises(ValueError, match=r"Expected a list.*Received"):
                client.segment(image)
