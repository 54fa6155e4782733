"""GIFs in exported graphs: the first frame alone, on its screen, as Pillow shows it."""

import resource
import struct

import numpy as np
import pytest
import tensorflow as tf
from export_examples import encode
from hostile_gif import first_image
from PIL import Image

from segtf.data.decode import read_image
from segtf.exporting.saved_model.decode_graph import decode_in_graph

PIXELS = np.random.default_rng(0).integers(0, 256, (42, 58, 3), dtype=np.uint8)
IMAGE = Image.fromarray(PIXELS).quantize(17)
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def decode():
    graph = tf.function(
        lambda data: decode_in_graph(data, 3),
        input_signature=[tf.TensorSpec((), tf.string)],
        autograph=False,
    )

    def run(data):
        pixels, error = graph(tf.constant(data))
        return pixels.numpy(), error.numpy().decode()

    return run


def placed(data, screen, left_top, size=None):
    """The same with another screen (width, height), place and size of the first frame."""
    at, changed = first_image(data), bytearray(data)
    changed[6:10] = struct.pack("<HH", *screen)
    changed[at + 1 : at + 5] = struct.pack("<HH", *left_top)
    if size:
        changed[at + 5 : at + 9] = struct.pack("<HH", *size)
    return bytes(changed)


PLAIN, TRANSPARENT = encode(IMAGE, "GIF"), encode(IMAGE, "GIF", transparency=3)
CASES = {
    "plain": PLAIN,
    "interlaced": encode(IMAGE, "GIF", interlace=1),
    "not interlaced": encode(IMAGE, "GIF", interlace=0),
    "transparent": TRANSPARENT,
    "several frames": encode(IMAGE, "GIF", save_all=True, append_images=[IMAGE.rotate(180)]),
    "frame smaller than its screen": placed(PLAIN, (100, 90), (7, 9)),
    "likewise, transparent": placed(TRANSPARENT, (100, 90), (7, 9)),
    "frame larger than its screen": placed(PLAIN, (20, 10), (0, 0)),
    "frame across the edge of its screen": placed(PLAIN, (60, 43), (5, 3)),
    "long comment": encode(IMAGE, "GIF", comment=b"x" * 1000),
    "grey": encode(IMAGE.convert("L"), "GIF"),
    "1 bit": encode(IMAGE.convert("1"), "GIF"),
    "many blocks": encode(Image.fromarray(np.tile(PIXELS[..., 0], (8, 8))), "GIF"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_pillow_shows(decode, name):
    pixels, error = decode(CASES[name])
    assert error == ""
    np.testing.assert_array_equal(pixels, read_image(CASES[name], 3))


@pytest.mark.parametrize("length", [13, 20, 100, len(PLAIN) - 200, len(PLAIN) - 4])
def test_a_truncated_file_is_refused(decode, length):
    pixels, error = decode(PLAIN[:length])
    assert pixels.size == 0
    assert error.startswith("Expected an image that can be decoded. Received: ")


def test_the_size_is_that_of_the_first_frame_whatever_the_header_says(decode):
    _, error = decode(placed(PLAIN, (58, 42), (0, 0), size=(65_535, 65_535)))
    assert error == "Expected at most 67108864 pixels. Received: 65535 x 65535 (height x width)"


def test_many_frames_take_no_more_memory_than_one(decode):
    data = encode(Image.new("P", (2000, 2000)), "GIF")
    start = first_image(data)
    many = data[:start] + 200 * data[start:-1] + b";"
    assert len(many) < 2 * MEGABYTE
    decode(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pixels, error = decode(many)
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert (pixels.shape, error) == ((2000, 2000, 3), "")
    assert grown < 200 * MEGABYTE  # 2.4 GB if every frame is decoded
