"""Hostile GIF files, made from whole ones."""

import io
import struct

import numpy as np
from PIL import Image

MAX = 8192
_RNG = np.random.default_rng(0)
PICTURE = Image.fromarray(
    np.kron(_RNG.integers(0, 256, (12, 16, 3)), np.ones((8, 8, 1))).astype(np.uint8)
)


def gif(screen=(128, 96), frame=None, place=(0, 0), image=PICTURE, frames=1, before=b""):
    """A GIF whose header and first frame say what they are told to."""
    file = io.BytesIO()
    image.convert("P").save(file, "GIF")
    data = bytearray(file.getvalue())
    at = first_image(data)
    data[6:10] = struct.pack("<HH", *screen)
    data[at + 1 : at + 5] = struct.pack("<HH", *place)
    if frame:
        data[at + 5 : at + 9] = struct.pack("<HH", *frame)
    return bytes(data[:at]) + before + frames * bytes(data[at:-1]) + b";"


def first_image(data):
    """Position of the first image in a whole GIF, behind header, colours and extensions."""
    at = 13 + (3 * 2 ** ((data[10] & 7) + 1) if data[10] & 128 else 0)
    while data[at] == 0x21:
        at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    return at


def _first_codes(data):
    """Position of the data of the first image, behind its colours: the size of its codes."""
    at = first_image(data) + 10
    return at + (3 * 2 ** ((data[at - 1] & 7) + 1) if data[at - 1] & 128 else 0)


def gif_of_tiny_blocks():
    """Data in a million blocks of one byte each."""
    data = gif()
    at = _first_codes(data)
    return data[: at + 1] + b"\1\0" * 1_000_000 + b"\0;"


def gif_code_size(size):
    data = bytearray(gif())
    at = _first_codes(data)
    data[at] = size
    return bytes(data)


def gif_two_sizes():
    """A first frame of one pixel, and one of 64 megapixels behind it."""
    small, large = gif(image=Image.new("P", (1, 1))), gif(image=Image.new("P", (MAX, MAX)))
    return small[:-1] + large[first_image(large) :]


GIF_FILES = {
    "gif: frame of 65535 x 65535": lambda: gif(frame=(65535, 65535)),
    "gif: screen of 65535 x 65535": lambda: gif(screen=(65535, 65535)),
    "gif: screen of 8192 x 8192, small frame": lambda: gif(screen=(MAX, MAX)),
    "gif: frame of 8192 x 8192 without its data": lambda: gif(frame=(MAX, MAX)),
    "gif: 8192 x 8192": lambda: gif(screen=(MAX, MAX), image=Image.new("P", (MAX, MAX))),
    "gif: 300 frames of 4000 x 4000": lambda: gif(image=Image.new("P", (4000, 4000)), frames=300),
    "gif: 20000 small frames": lambda: gif(image=Image.new("P", (16, 16)), frames=20_000),
    "gif: large second frame": gif_two_sizes,
    "gif: frame outside of its screen": lambda: gif(place=(65000, 65000)),
    "gif: frame half outside of its screen": lambda: gif(place=(100, 50)),
    "gif: screen of 0 x 0": lambda: gif(screen=(0, 0)),
    "gif: frame of 0 x 0": lambda: gif(frame=(0, 0)),
    "gif: 100000 comments": lambda: gif(before=b"\x21\xfe\x01x\0" * 100_000),
    "gif: comment of 20 MB": lambda: gif(
        before=b"\x21\xfe" + (b"\xff" + bytes(255)) * 80_000 + b"\0"
    ),
    "gif: blocks of one byte": gif_of_tiny_blocks,
    "gif: codes of 0 bits": lambda: gif_code_size(0),
    "gif: codes of 200 bits": lambda: gif_code_size(200),
    "gif: header alone": lambda: gif()[:13],
    "gif: ends in its colours": lambda: gif()[:40],
    "gif: ends in its descriptor": lambda: gif()[: first_image(gif()) + 4],
    "gif: ends in its data": lambda: gif()[:-300],
    "gif: no frame": lambda: gif()[: first_image(gif())] + b";",
    "gif: random data": lambda: gif()[: first_image(gif()) + 11] + _RNG.bytes(5000),
}
