"""Hostile PNG files, made chunk by chunk."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

MAX = 8192
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE, _RGBA = 0, 2, 3, 6
_SAMPLES = {_GREY: 1, _RGB: 3, _PALETTE: 1, _RGBA: 4}
_END = ("IEND", b"")


def chunk(kind, content):
    checked = kind.encode() + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def png(*chunks):
    return _SIGNATURE + b"".join(chunk(*one) for one in chunks)


def header(width, height, depth=8, color=_RGB, compression=0, interlaced=0):
    return "IHDR", struct.pack(">IIBBBBB", width, height, depth, color, compression, 0, interlaced)


def zeros(count, piece=2**24):
    """`count` zeros, compressed."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(piece)) for _ in range(count // piece))
    return packed + packer.compress(bytes(count % piece)) + packer.flush()


def blank(width, height, depth=8, color=_RGB, interlaced=0, extra=0, before=()):
    """A picture of zeros, with more behind its last row or chunks before its pixels."""
    bits = depth * _SAMPLES[color]
    sizes = [(width, height)]
    if interlaced:
        steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
        steps += ((0, 1, 1, 2),)
        sizes = [(-((x - width) // dx), -((y - height) // dy)) for x, y, dx, dy in steps]
    count = sum(rows * (1 + -(-columns * bits // 8)) for columns, rows in sizes if columns)
    start = header(width, height, depth, color, interlaced=interlaced)
    return png(start, *before, ("IDAT", zeros(count + extra)), _END)


def noise_and_zeros(side, zeros_behind):
    """A picture that does not compress, and zeros behind its last row, which do."""
    rng = np.random.default_rng(0)
    packer = zlib.compressobj(9)
    rows = b"".join(b"\0" + rng.bytes(3 * side) for _ in range(side))
    packed = [packer.compress(rows)]
    packed += [packer.compress(bytes(2**24)) for _ in range(zeros_behind >> 24)]
    return png(header(side, side), ("IDAT", b"".join(packed) + packer.flush()), _END)


def plain(before=(), **options):
    """A picture of 128 x 96 with chunks before its pixels."""
    return _with(encoded(**options), before)


def encoded(mode="RGB", **options):
    rng = np.random.default_rng(0)
    pixels = np.kron(rng.integers(0, 256, (12, 16, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG", **options)
    return file.getvalue()


def _with(data, before):
    return data[:33] + b"".join(chunk(*one) for one in before) + data[33:]


def deep():
    """16 bits for a colour, which Pillow and libpng bring to 8 each in their own way, or alike."""
    rows = np.random.default_rng(0).integers(0, 2**16, (96, 128 * 3)).astype(">u2")
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    return png(header(128, 96, 16), ("IDAT", zlib.compress(data)), _END)


def palette(colors, used):
    rows = b"".join(b"\0" + bytes(i % used for i in range(128)) for _ in range(96))
    before = [("PLTE", bytes(3 * colors))] if colors else []
    return png(header(128, 96, color=_PALETTE), *before, ("IDAT", zlib.compress(rows)), _END)


def tiny_chunks():
    """Pixels in a chunk for each byte."""
    data = zlib.compress(b"".join(b"\0" + bytes(128 * 3) for _ in range(96)), 0)
    return png(header(128, 96), *(("IDAT", data[i : i + 1]) for i in range(len(data))), _END)


def animated(frames, size=(128, 96)):
    picture = Image.new("RGB", size)
    others = [Image.new("RGB", size, (i % 255 + 1, 0, 0)) for i in range(frames - 1)]
    file = io.BytesIO()
    picture.save(file, "PNG", save_all=True, append_images=others)
    return file.getvalue()


def exif(orientation):
    made = Image.Exif()
    made[0x0112] = orientation
    return encoded(exif=made)


def damaged(at):
    data = bytearray(encoded())
    data[at] ^= 0x55
    return bytes(data)


_GIGABYTE = 2**30
PNG_FILES = {
    "png: 2147483647 x 2147483647": lambda: blank(2**31 - 1, 1, extra=-(2**31) * 3 + 1000),
    "png: 65535 x 65535 by its header": lambda: png(
        header(65535, 65535), ("IDAT", zeros(999)), _END
    ),
    "png: 8192 x 8192 by its header": lambda: png(header(MAX, MAX), ("IDAT", zeros(999)), _END),
    "png: 0 x 0": lambda: png(header(0, 0), ("IDAT", zeros(9)), _END),
    "png: 8192 x 8192 of zeros": lambda: blank(MAX, MAX),
    "png: 8192 x 8192 grey": lambda: blank(MAX, MAX, color=_GREY),
    "png: 8192 x 8192 of 1 bit": lambda: blank(MAX, MAX, 1, _GREY),
    "png: 8192 x 8192 of 16 bits": lambda: blank(MAX, MAX, 16),
    "png: 8192 x 8192 of 16 bits with alpha": lambda: blank(MAX, MAX, 16, _RGBA),
    "png: 8192 x 8192 interlaced": lambda: blank(MAX, MAX, interlaced=1),
    "png: 8192 x 8192 interlaced, 16 bits, alpha": lambda: blank(MAX, MAX, 16, _RGBA, 1),
    "png: 8192 x 8192 of a palette": lambda: blank(
        MAX, MAX, 8, _PALETTE, before=[("PLTE", bytes(768))]
    ),
    "png: 67108864 x 1": lambda: blank(MAX * MAX, 1),
    "png: 1 x 67108864": lambda: blank(1, MAX * MAX),
    "png: 1000000 x 67": lambda: blank(1_000_000, 67),
    "png: 1 x 1 and a gigabyte more": lambda: blank(1, 1, extra=_GIGABYTE),
    "png: 1000 x 1000 and 2 gigabytes more": lambda: noise_and_zeros(1000, 2 * _GIGABYTE),
    "png: iCCP of a gigabyte": lambda: plain([("iCCP", b"x\0\0" + zeros(_GIGABYTE))]),
    "png: zTXt of a gigabyte": lambda: plain([("zTXt", b"x\0\0" + zeros(_GIGABYTE))]),
    "png: iTXt of a gigabyte": lambda: plain([("iTXt", b"x\0\1\0\0\0" + zeros(_GIGABYTE))]),
    "png: 2000 zTXt of a megabyte": lambda: plain([("zTXt", b"x\0\0" + zeros(2**20))] * 2000),
    "png: 100000 tEXt": lambda: plain([("tEXt", b"x\0y")] * 100_000),
    "png: tEXt of 20 MB": lambda: plain([("tEXt", b"x\0" + b"y" * 20_000_000)]),
    "png: eXIf of 20 MB": lambda: plain([("eXIf", b"MM\0*\0\0\0\x08\xff\xff" + bytes(20_000_000))]),
    "png: eXIf that points at itself": lambda: plain(
        [("eXIf", b"MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08")]
    ),
    "png: eXIf that turns": lambda: exif(6),
    "png: 100000 empty IDAT": lambda: plain([("IDAT", b"")] * 100_000),
    "png: a chunk for each byte": tiny_chunks,
    "png: chunk of 4 GB": lambda: encoded()[:33] + b"\xff\xff\xff\xfftEXt" + encoded()[33:],
    "png: palette that ends early": lambda: palette(3, 128),
    "png: no palette": lambda: palette(0, 2),
    "png: palette of 400": lambda: palette(400, 128),
    "png: depth of 3": lambda: png(header(9, 9, 3), ("IDAT", zeros(999)), _END),
    "png: colour of kind 5": lambda: png(header(9, 9, 8, 5), ("IDAT", zeros(999)), _END),
    "png: unknown filter": lambda: png(
        header(9, 9), ("IDAT", zlib.compress((b"\x07" + bytes(27)) * 9)), _END
    ),
    "png: two headers": lambda: plain([header(MAX, MAX)]),
    "png: header behind its pixels": lambda: png(("IDAT", zeros(999)), header(9, 9), _END),
    "png: 16 bits": deep,
    "png: transparent palette": lambda: encoded("P", transparency=3),
    "png: transparent colour": lambda: encoded(transparency=(0, 0, 0)),
    "png: grey with alpha": lambda: encoded("LA"),
    "png: interlaced noise of 9 x 7": lambda: blank(9, 7, interlaced=1),
    "png: animated, 200 frames": lambda: animated(200),
    "png: animated, 8 frames of 4000 x 4000": lambda: animated(8, (4000, 4000)),
    "png: signature alone": lambda: encoded()[:8],
    "png: ends in its header": lambda: encoded()[:20],
    "png: ends before its pixels": lambda: encoded()[:33],
    "png: ends in its pixels": lambda: encoded()[:200],
    "png: ends before its end": lambda: encoded()[:-12],
    "png: damaged header": lambda: damaged(18),
    "png: damaged pixels": lambda: damaged(90),
    "png: damaged checksum": lambda: damaged(31),
}
