"""Image files made to hurt whoever decodes them: `FILES`, name to a function that makes the bytes.

Small files that promise much or hold much, damage at every structure, and what one decoder reads
and another does not. `MAX` is about the largest picture that segtf takes. GIF, PNG and JPEG, which
need more room, are in `hostile_gif`, `hostile_png` and `hostile_jpeg`.
"""

import io
import struct
import zipfile

import numpy as np
from hostile_gif import GIF_FILES, gif
from hostile_jpeg import JPEG_FILES
from hostile_png import PNG_FILES
from PIL import Image

MAX = 8192
"""Height and width of 2**26 pixels, the most that segtf decodes."""

_RNG = np.random.default_rng(0)
PIXELS = np.kron(_RNG.integers(0, 256, (12, 16, 3)), np.ones((8, 8, 1))).astype(np.uint8)
PICTURE = Image.fromarray(PIXELS)


def encoded(image, format, **options):
    """An image as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def blank(mode, size, format, **options):
    """A file of a picture of one colour."""
    return encoded(Image.new(mode, size), format, **options)


def bmp(width=128, height=96, bits=24, compression=0, colors=b"", data=b"", offset=None, used=0):
    start = 54 + len(colors) if offset is None else offset
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, used, 0)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + header + colors + data


def core_bmp():
    """The header of OS/2: 16 bits for a side, and data where others have their compression."""
    header = struct.pack("<IHHHH", 12, 16, 16, 1, 24)
    data = b"\x18\0" + bytes(range(256)) * 3
    return b"BM" + struct.pack("<IHHI", 26 + len(data), 0, 0, 26) + header + data


BMP_FILES = {
    "bmp: 65535 x 65535": lambda: bmp(65535, 65535),
    "bmp: 2147483647 x 2147483647": lambda: bmp(2**31 - 1, 2**31 - 1),
    "bmp: 8192 x 8192 without its data": lambda: bmp(MAX, MAX, data=bytes(1000)),
    "bmp: height of -2147483648": lambda: bmp(1, -(2**31)),
    "bmp: width of -128": lambda: bmp(-128, 96, data=bytes(128 * 96 * 3)),
    "bmp: 0 x 0": lambda: bmp(0, 0),
    "bmp: RLE8 of 8192 x 8192": lambda: bmp(
        MAX, MAX, 8, 1, bytes(1024), (b"\xff\0" * 32 + b"\x20\0\0\0") * MAX + b"\0\1"
    ),
    "bmp: RLE8 that jumps": lambda: bmp(MAX, MAX, 8, 1, bytes(1024), b"\0\2\xff\xff" * 1000),
    "bmp: RLE4 damaged": lambda: bmp(128, 96, 4, 2, bytes(64), b"\x09\x11\0\x05\x22" * 50),
    "bmp: palette that ends early": lambda: bmp(128, 96, 8, 0, bytes(8), bytes(128 * 96), used=2),
    "bmp: palette of 4 billion colours": lambda: bmp(128, 96, 8, used=2**32 - 1, data=bytes(9000)),
    "bmp: 1 bit": lambda: encoded(PICTURE.convert("1"), "BMP"),
    "bmp: 16 bits": lambda: bmp(128, 96, 16, data=bytes(range(256)) * 96),
    "bmp: 32 bits": lambda: encoded(PICTURE.convert("RGBA"), "BMP"),
    "bmp: header of OS/2": core_bmp,
    "bmp: data behind its end": lambda: bmp(offset=2**31, data=bytes(128 * 96 * 3)),
    "bmp: data in its header": lambda: bmp(offset=0, data=bytes(128 * 96 * 3)),
    "bmp: header alone": lambda: encoded(PICTURE, "BMP")[:54],
    "bmp: ends in its data": lambda: encoded(PICTURE, "BMP")[:-500],
}


def webp_header(width, height):
    """A lossless WebP that is all promise."""
    bits = (width - 1) | (height - 1) << 14
    data = b"VP8L" + struct.pack("<IBI", 5, 0x2F, bits) + b"\0"
    return b"RIFF" + struct.pack("<I", 4 + len(data)) + b"WEBP" + data


def extended_webp():
    canvas = struct.pack("<I", 0x12) + b"\xff\xff\xff" + b"\xff\xff\xff"
    data = b"VP8X" + struct.pack("<I", 10) + canvas
    return b"RIFF" + struct.pack("<I", 4 + len(data)) + b"WEBP" + data


def tiff(width, height, entries=(), next_=0, data=b""):
    """A TIFF of grey bytes in one strip, or of other entries, and perhaps another page."""
    place = 8 + 2 + 12 * (8 + len(entries)) + 4
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: place, 278: height}
    tags |= {279: len(data), **dict(entries)}
    content = struct.pack("<H", len(tags))
    for tag, value in sorted(tags.items()):
        content += struct.pack("<HHII", tag, 4, 1, value)
    return b"II*\0" + struct.pack("<I", 8) + content + struct.pack("<I", next_) + data


OTHER_FILES = {
    "webp: 16383 x 16383 by its header": lambda: webp_header(16383, 16383),
    "webp: 8192 x 8192 by its header": lambda: webp_header(MAX, MAX),
    "webp: canvas of 16777216 x 16777216": extended_webp,
    "webp: 8192 x 8192": lambda: blank("RGB", (MAX, MAX), "WEBP", lossless=True, method=0),
    "webp: 4096 x 8192": lambda: blank("RGB", (8192, 4096), "WEBP", lossless=True, method=0),
    "webp: 4096 x 8192 with alpha": lambda: blank("RGBA", (8192, 4096), "WEBP", method=0),
    "webp: animated": lambda: encoded(
        PICTURE, "WEBP", save_all=True, append_images=[PICTURE.rotate(180)] * 20
    ),
    "webp: ends in its data": lambda: encoded(PICTURE, "WEBP")[:-40],
    "tiff: 4294967295 x 4294967295": lambda: tiff(2**32 - 1, 2**32 - 1),
    "tiff: 8192 x 8192 without its data": lambda: tiff(MAX, MAX, data=bytes(100)),
    "tiff: 8192 x 8192, deflated": lambda: blank(
        "RGB", (MAX, MAX), "TIFF", compression="tiff_deflate"
    ),
    "tiff: pages in a ring": lambda: tiff(16, 16, next_=8, data=bytes(256)),
    "tiff: strip beyond its end": lambda: tiff(128, 96, {273: 2**31}),
    "tiff: 65535 samples": lambda: tiff(128, 96, {277: 65535}, data=bytes(1000)),
    "tiff: CMYK": lambda: encoded(PICTURE.convert("CMYK"), "TIFF"),
    "tiff: ends in its data": lambda: encoded(PICTURE, "TIFF")[:-5000],
    "ppm: 65535 x 65535": lambda: b"P6 65535 65535 255\n" + bytes(1000),
    "ppm: 8192 x 8192 without its data": lambda: b"P6 8192 8192 255\n" + bytes(1000),
    "pgm: comment of 20 MB": lambda: b"P5 #" + b"x" * 20_000_000,
    "avif: 8192 x 8192": lambda: blank("RGB", (MAX, MAX), "AVIF", speed=10),
    "avif: 4096 x 8192": lambda: blank("RGB", (8192, 4096), "AVIF", speed=10),
    "avif: 4096 x 8192 with alpha, whole colour": lambda: blank(
        "RGBA", (8192, 4096), "AVIF", speed=10, subsampling="4:4:4"
    ),
    "avif: ends in its data": lambda: encoded(PICTURE, "AVIF")[:-60],
    "empty": lambda: b"",
    "one byte": lambda: b"\xff",
    "30 MB of zeros": lambda: bytes(30_000_000),
    "30 MB of noise behind the beginning of a JPEG": lambda: (
        b"\xff\xd8\xff" + _RNG.bytes(30_000_000)
    ),
    "30 MB of noise behind the beginning of a PNG": lambda: (
        b"\x89PNG\r\n\x1a\n" + _RNG.bytes(30_000_000)
    ),
    "text": lambda: b"no image at all",
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>',
    "zip": lambda: _zip(),
    "jpeg and zip at once": lambda: encoded(PICTURE, "JPEG") + _zip(),
    "gif and script at once": lambda: b"GIF89a/*" + gif()[8:] + b"*/=1;",
    "png behind a jpeg": lambda: encoded(PICTURE, "JPEG") + encoded(PICTURE, "PNG"),
    "jpeg behind a png": lambda: encoded(PICTURE, "PNG") + encoded(PICTURE, "JPEG"),
}


def _zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(10_000_000))
    return file.getvalue()


FILES = {**GIF_FILES, **PNG_FILES, **JPEG_FILES, **BMP_FILES, **OTHER_FILES}
