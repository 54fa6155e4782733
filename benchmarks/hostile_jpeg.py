"""Hostile JPEG files, made segment by segment."""

import io
import struct

import numpy as np
from PIL import Image

MAX = 8192
_BASELINE, _EXTENDED, _PROGRESSIVE, _LOSSLESS, _ARITHMETIC = 0xC0, 0xC1, 0xC2, 0xC3, 0xC9
_RUNS_PER_BYTE = 16384 * 8 // 15
_TABLES = {"dc": b"\0", "ac": b"\xe0"}
"""Huffman tables of one code of one bit: no difference; an end of band for 16384 blocks or more."""


def segment(marker, content):
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def frame(marker, width, height, components=3, sampling=0x11, depth=8):
    content = struct.pack(">BHHB", depth, height, width, components)
    for index in range(components):
        content += bytes((index + 1, sampling if index == 0 else 0x11, 0))
    return segment(marker, content)


def tables():
    dc = bytes([0x00, 1]) + bytes(15) + _TABLES["dc"]
    ac = bytes([0x10, 1]) + bytes(15) + _TABLES["ac"]
    return segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC4, dc) + segment(0xC4, ac)


def scan(components, first, last, high=0, low=0):
    ids = b"".join(bytes((one, 0)) for one in components)
    return segment(0xDA, bytes((len(components),)) + ids + bytes((first, last, high << 4 | low)))


def progressive(width, height, scans, components=1):
    """A picture of one colour, of a first scan and `scans` further ones of some 100 bytes each."""
    blocks = -(-width // 8) * -(-height // 8)
    everything = range(1, components + 1)
    parts = [b"\xff\xd8", tables(), frame(_PROGRESSIVE, width, height, components)]
    parts += [scan(everything, 0, 0), bytes(-(-blocks * components // 8))]
    band = bytes(-(-blocks // _RUNS_PER_BYTE) + 2)
    for index in range(scans):
        # Bands one after the other, bit by bit: as the format has it, if nobody writes it so.
        bit, place = divmod(index, 63 * components)
        component, coefficient = divmod(place, 63)
        bit = min(bit, 13)
        high = 0 if bit == 0 else 14 - bit
        coefficients = coefficient + 1, coefficient + 1
        parts += [scan([component + 1], *coefficients, high, 13 - bit), band]
    return b"".join((*parts, b"\xff\xd9"))


def baseline(width, height, components=3, data=b"", sampling=0x11, marker=_BASELINE, depth=8):
    """A header that promises, and data that need not be there."""
    parts = b"\xff\xd8", tables(), frame(marker, width, height, components, sampling, depth)
    return b"".join((*parts, scan(range(1, components + 1), 0, 63), data, b"\xff\xd9"))


def picture():
    rng = np.random.default_rng(0)
    return Image.fromarray(
        np.kron(rng.integers(0, 256, (12, 16, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    )


def encoded(mode="RGB", **options):
    file = io.BytesIO()
    picture().convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


def blank(mode, size, **options):
    file = io.BytesIO()
    Image.new(mode, size).save(file, "JPEG", **options)
    return file.getvalue()


def ahead(*segments):
    """A picture with segments before its own."""
    data = encoded()
    return data[:2] + b"".join(segments) + data[2:]


def ends(marker, more=0):
    """A picture that ends behind a marker."""
    data = encoded()
    return data[: data.index(bytes((0xFF, marker))) + 2 + more]


def exif(entries, count=None, order=b"MM"):
    """A segment of EXIF of entries of four numbers each."""
    mark = ">" if order == b"MM" else "<"
    content = order + struct.pack(mark + "HIH", 42, 8, len(entries) if count is None else count)
    for entry in entries:
        content += struct.pack(mark + "HHIHxx", *entry)
    return segment(0xE1, b"Exif\0\0" + content + bytes(4))


def turned():
    made = Image.Exif()
    made[0x0112] = 6
    return made


def without(marker):
    data = encoded()
    at = data.index(bytes((0xFF, marker)))
    return data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0] :]


def stray(size=100_000):
    return ahead()[:-2] + np.random.default_rng(0).bytes(size) + b"\xff\xd9"


JPEG_FILES = {
    "jpeg: 65500 x 65500 by its header": lambda: baseline(65500, 65500),
    "jpeg: 8192 x 8192 by its header": lambda: baseline(MAX, MAX),
    "jpeg: 65500 x 1024 by its header": lambda: baseline(65500, 1024),
    "jpeg: 0 x 0": lambda: baseline(0, 0),
    "jpeg: 8192 x 8192": lambda: blank("RGB", (MAX, MAX)),
    "jpeg: 8192 x 8192 grey": lambda: blank("L", (MAX, MAX)),
    "jpeg: 8192 x 8192 CMYK": lambda: blank("CMYK", (MAX, MAX)),
    "jpeg: 8192 x 8192 progressive": lambda: blank("RGB", (MAX, MAX), progressive=True),
    "jpeg: 8192 x 8192 progressive, turned": lambda: blank(
        "RGB", (MAX, MAX), progressive=True, exif=turned()
    ),
    "jpeg: 8192 x 8192 progressive CMYK": lambda: blank("CMYK", (MAX, MAX), progressive=True),
    "jpeg: 8192 x 8192 progressive by its header": lambda: baseline(MAX, MAX, marker=_PROGRESSIVE),
    "jpeg: 8192 x 8192 in 60 scans": lambda: progressive(MAX, MAX, 60),
    "jpeg: 8192 x 8192 in 800 scans": lambda: progressive(MAX, MAX, 800),
    "jpeg: 8192 x 8192 in 20000 scans": lambda: progressive(MAX, MAX, 20_000),
    "jpeg: 2048 x 2048 in 2000 scans of colour": lambda: progressive(2048, 2048, 2000, 3),
    "jpeg: 64 x 64 in 200000 scans": lambda: progressive(64, 64, 200_000),
    "jpeg: sampled 4 x 4": lambda: baseline(MAX, MAX, sampling=0x44),
    "jpeg: 12 bits": lambda: baseline(128, 96, marker=_EXTENDED, depth=12),
    "jpeg: without loss": lambda: baseline(128, 96, marker=_LOSSLESS),
    "jpeg: arithmetic coding": lambda: baseline(128, 96, marker=_ARITHMETIC),
    "jpeg: 8192 x 8192 of arithmetic coding": lambda: baseline(MAX, MAX, marker=_ARITHMETIC),
    "jpeg: no tables": lambda: without(0xC4),
    "jpeg: no quantisation": lambda: without(0xDB),
    "jpeg: two frames": lambda: ahead(frame(_BASELINE, MAX, MAX)),
    "jpeg: CMYK": lambda: encoded("CMYK"),
    "jpeg: progressive": lambda: encoded(progressive=True),
    "jpeg: 30000 empty segments": lambda: ahead(b"\xff\xe5\0\2" * 30_000),
    "jpeg: 400 segments of 64 kB": lambda: ahead(segment(0xE5, bytes(65_000)) * 400),
    "jpeg: segment of length 0": lambda: ahead(b"\xff\xe1\0\0"),
    "jpeg: a million fill bytes": lambda: ahead(b"\xff" * 1_000_000),
    "jpeg: EXIF of 65535 entries": lambda: ahead(exif([], 65_535)),
    "jpeg: EXIF that points beyond": lambda: ahead(
        segment(0xE1, b"Exif\0\0MM\0*\x7f\xff\xff\xff" + bytes(20))
    ),
    "jpeg: EXIF that turns twice": lambda: ahead(exif([(0x112, 3, 1, 6), (0x112, 3, 1, 3)])),
    "jpeg: orientation of 4 billion": lambda: ahead(exif([(0x112, 3, 1, 65_535)])),
    "jpeg: orientation of another type": lambda: ahead(exif([(0x112, 4, 1, 6)])),
    "jpeg: two segments of EXIF": lambda: ahead(exif([(0x112, 3, 1, 1)]), exif([(0x112, 3, 1, 6)])),
    "jpeg: beginning alone": lambda: b"\xff\xd8\xff",
    "jpeg: ends in its tables": lambda: ends(0xDB, 20),
    "jpeg: ends in its frame": lambda: ends(0xC0, 3),
    "jpeg: ends in its codes": lambda: ends(0xC4, 10),
    "jpeg: ends in its scan": lambda: ends(0xDA, 4),
    "jpeg: ends in its data": lambda: encoded()[:-500],
    "jpeg: without its end": lambda: encoded()[:-2],
    "jpeg: noise for data": stray,
}
