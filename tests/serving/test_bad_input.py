"""What is wrong with an image is said, what is right is answered, and the server goes on."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from serving_examples import assert_same_mask, encode, picture

import segtf
from segtf.serving import Client

IMAGE = picture(42, 58)
GOOD = encode(IMAGE)


def png_that_claims(width, height):
    """A PNG of some bytes whose header promises a size that its pixels do not keep."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


WRONG = {
    "empty bytes": (b"", ["JPEG, PNG, GIF or BMP", "0 bytes"]),
    "not an image": (b"%PDF-1.7 and so on", ["JPEG, PNG, GIF or BMP", "18 bytes"]),
    "truncated JPEG": (encode(IMAGE, "JPEG")[:700], ["damaged or truncated", "700 bytes"]),
    "header only": (GOOD[:20], ["damaged or truncated", "20 bytes"]),
    "a bomb": (png_that_claims(60_000, 60_000), ["at most 67108864 pixels", "60000 x 60000"]),
    "a larger bomb": (png_that_claims(2**31 - 1, 2**31 - 1), ["at most 67108864 pixels"]),
    "webp": (encode(IMAGE, "WEBP"), ["JPEG, PNG, GIF or BMP"]),
}
WIDE = np.tile(picture(12, 2000), (1, 10, 1))
RIGHT = {
    "1x1": encode(picture(1, 1)),
    "20,000 wide": encode(WIDE),
    "20,000 high": encode(np.swapaxes(WIDE, 0, 1), "JPEG"),
    "CMYK": encode(Image.fromarray(IMAGE).convert("CMYK"), "JPEG"),
    "16 bits": encode(Image.fromarray(IMAGE[..., 0].astype(np.uint16) * 257)),
    "1 bit": encode(Image.fromarray(IMAGE).convert("1")),
    "bytes behind the end": encode(IMAGE, "JPEG") + b"more",
}


@pytest.fixture(autouse=True)
def _sent_as_it_is(monkeypatch):
    """The client would refuse some files itself, and bring others into a form that is read."""
    monkeypatch.setattr("segtf.serving.client.encoded", lambda image: image)


@pytest.fixture(scope="module")
def predict(base_path):
    return segtf.load(base_path / "2")


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(client, predict, name):
    data, causes = WRONG[name]
    before, wrong, after = client.segment([GOOD, data, GOOD])
    assert wrong.mask is None
    assert wrong.error.startswith("Expected ") and "Received: " in wrong.error
    assert all(cause in wrong.error for cause in causes), wrong.error
    for good in (before, after, *client.segment([GOOD])):
        assert_same_mask(good.mask, predict(GOOD).mask)


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_answered(client, predict, name):
    (answer,) = client.segment([RIGHT[name]])
    assert answer.error is None
    assert_same_mask(answer.mask, predict(RIGHT[name]).mask)


def test_a_thousand_images_in_one_request(url, predict):
    files = [encode(picture(8, 8 + index % 5, seed=index % 7)) for index in range(35)]
    expected = [one.mask for one in predict.batch(files)]
    with Client(url, timeout=120, batch_size=1000) as client:
        answers = client.segment([files[index % 35] for index in range(1000)])
    assert len(answers) == 1000
    for index, answer in enumerate(answers):
        assert_same_mask(answer.mask, expected[index % 35])


@pytest.mark.slow
def test_the_largest_image_is_answered(url):
    largest = encode(Image.new("RGB", (8192, 8192)))
    with Client(url, timeout=120) as client:
        answer, small = client.segment([largest, GOOD])
    assert answer.mask.shape == (8192, 8192)
    assert small.mask.shape == IMAGE.shape[:2]
