"""Mask files that can be read in two ways: read as people mean them, or refused with both ways."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from segtf.data import ImageError, Sample, read_class_ids, read_mask
from segtf.data.mask_pictures import TwoReadings
from segtf.data.masks import ColorMask, color_values
from segtf.labels import LabelMap

IDS = np.uint8([[0, 1, 1], [0, 2, 2]])
WHITE = np.uint8([[0, 255, 255], [0, 0, 255]])


def save(path, pixels, **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels))
    image.save(path, **options)
    return path


def palette(ids, colors):
    image = Image.fromarray(np.asarray(ids, np.uint8)).convert("P")
    image.putpalette([level for color in colors for level in color])
    return image


def greys(*levels):
    return [(level,) * 3 for level in levels]


def png(bits, color_type, rows, width, height):
    """A PNG as Pillow does not write it."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    lines = b"".join(b"\0" + bytes(row) for row in rows)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def with_alpha(colors, alpha, mode):
    image = Image.fromarray(np.asarray(colors, np.uint8)).convert(mode[:-1])
    image.putalpha(Image.fromarray(np.asarray(alpha, np.uint8)))
    assert image.mode == mode
    return image


OPAQUE = np.full(IDS.shape, 255, np.uint8)
INSIDE = np.where(IDS > 0, 255, 0).astype(np.uint8)

READ = {
    "grey": (lambda path: save(path, IDS), ".png", IDS),
    "16 bits": (lambda path: save(path, IDS.astype(np.uint16)), ".png", IDS),
    "one bit": (lambda path: save(path, IDS > 0), ".png", IDS > 0),
    "one bit BMP": (lambda path: save(path, IDS > 0), ".bmp", IDS > 0),
    "equal channels": (lambda path: save(path, np.dstack([IDS] * 3)), ".png", IDS),
    "floats that are whole": (lambda path: save(path, IDS.astype(np.float32)), ".tif", IDS),
    "palette of colours": (
        lambda path: save(path, palette(IDS, [(0, 0, 0), (128, 0, 0), (0, 128, 0)])),
        ".png",
        IDS,
    ),
    "grey palette": (lambda path: save(path, Image.fromarray(IDS).convert("P")), ".png", IDS),
    "grey palette of 0 and 255": (
        lambda path: save(path, Image.fromarray(WHITE).convert("P")),
        ".png",
        WHITE,
    ),
    "black and white palette": (
        lambda path: save(path, palette(IDS > 0, greys(0, 255))),
        ".png",
        IDS > 0,
    ),
    "ramp to look at": (lambda path: save(path, palette(IDS, greys(0, 127, 255))), ".png", IDS),
    "GIF": (lambda path: save(path, IDS), ".gif", IDS),
    "PGM": (lambda path: save(path, IDS), ".pgm", IDS),
    "PGM as text": (
        lambda path: path.write_text(f"P2 3 2 255\n{' '.join(str(value) for value in IDS.flat)}\n"),
        ".pgm",
        IDS,
    ),
    "grey and opaque": (lambda path: save(path, with_alpha(IDS, OPAQUE, "LA")), ".png", IDS),
    "half transparent": (
        lambda path: save(path, with_alpha(IDS, OPAQUE // 2, "LA")),
        ".png",
        IDS,
    ),
    "transparent background": (
        lambda path: save(path, with_alpha(IDS, INSIDE, "LA")),
        ".png",
        IDS,
    ),
    "transparent background, RGBA": (
        lambda path: save(path, with_alpha(IDS, INSIDE, "RGBA")),
        ".png",
        IDS,
    ),
    "fax: white is 0": (
        lambda path: tifffile.imwrite(path, IDS == 0, photometric="miniswhite", software=False),
        ".tif",
        IDS > 0,
    ),
    "a reduced copy in it": (
        lambda path: write_pyramid(path, IDS),
        ".tif",
        IDS,
    ),
    "four bits of nothing": (
        lambda path: path.write_bytes(png(4, 0, [[0, 0], [0, 0]], 3, 2)),
        ".png",
        IDS * 0,
    ),
    "array": (lambda path: np.save(path, IDS), ".npy", IDS),
    "array of truth values": (lambda path: np.save(path, IDS > 0), ".npy", IDS > 0),
    "array of whole floats": (lambda path: np.save(path, IDS.astype(np.float64)), ".npy", IDS),
    "array of int64": (lambda path: np.save(path, IDS.astype(np.int64)), ".npy", IDS),
    "array with an axis of one": (lambda path: np.save(path, IDS[..., None]), ".npy", IDS),
    "array with a first axis of one": (lambda path: np.save(path, IDS[None]), ".npy", IDS),
    "array of equal channels": (lambda path: np.save(path, np.dstack([IDS] * 3)), ".npy", IDS),
    "array of one column": (lambda path: np.save(path, IDS[:, :1]), ".npy", IDS[:, :1]),
}


def write_pyramid(path, ids):
    with tifffile.TiffWriter(path) as file:
        file.write(ids, photometric="minisblack")
        file.write(ids[::2, ::2], photometric="minisblack", subfiletype=1)


@pytest.mark.parametrize(("write", "suffix", "expected"), READ.values(), ids=READ)
def test_what_has_one_meaning_is_read(tmp_path, write, suffix, expected):
    write(tmp_path / f"mask{suffix}")
    values = read_mask(tmp_path / f"mask{suffix}")
    assert values.dtype in (np.uint8, np.int32)
    assert values.tolist() == np.asarray(expected, int).tolist()


def frames(path, **options):
    first, second = Image.fromarray(IDS), Image.fromarray(IDS[::-1].copy())
    first.save(path, save_all=True, append_images=[second], **options)


REFUSED = {
    "GIF of two frames": (lambda path: frames(path, duration=100), ".gif", "pages or frames"),
    "PNG of two frames": (lambda path: frames(path, duration=100), ".png", "pages or frames"),
    "TIFF of two pages": (frames, ".tif", "2 pages"),
    "TIFF of a page a class": (
        lambda path: tifffile.imwrite(
            path, np.stack([i == IDS for i in range(4)]) * np.uint8(1), photometric="minisblack"
        ),
        ".tif",
        "4 pages",
    ),
    "black under transparency": (
        lambda path: save(path, with_alpha(IDS * 0, INSIDE, "LA")),
        ".png",
        "of one colour under a transparency that varies",
    ),
    "white under transparency": (
        lambda path: save(path, with_alpha(IDS * 0 + 255, INSIDE, "RGBA")),
        ".png",
        "of one colour under a transparency that varies",
    ),
    "values under transparency": (
        lambda path: save(path, with_alpha(IDS + 1, INSIDE, "LA")),
        ".png",
        "other values than 0 under pixels that are wholly transparent",
    ),
    "white first": (
        lambda path: save(path, palette(IDS > 0, greys(255, 0))),
        ".png",
        r"grey palette in another order than its numbers \(0 is grey 255, 1 is grey 0\)",
    ),
    "the object first": (
        lambda path: save(path, palette(IDS > 0, [(255, 0, 0), (0, 0, 0)])),
        ".png",
        "number 1 is black and number 0 is not",
    ),
    "white first, BMP": (
        lambda path: save(path, palette(IDS > 0, greys(255, 0))),
        ".bmp",
        "grey palette in another order",
    ),
    "white first, 1 bit PNG": (
        lambda path: save(path, palette(IDS > 0, greys(255, 0)), bits=1),
        ".png",
        "grey palette in another order",
    ),
    "all white": (
        lambda path: save(path, palette(IDS * 0, greys(255, 0))),
        ".png",
        "0 is grey 255",
    ),
    "as quantize numbers": (
        lambda path: save(path, Image.fromarray(WHITE).quantize(2)),
        ".png",
        "grey palette in another order",
    ),
    "ids as greys": (
        lambda path: save(path, palette(IDS, greys(2, 0, 1))),
        ".png",
        "grey palette in another order",
    ),
    "a GIF of 0, 1 and 255": (
        lambda path: save(path, np.uint8([[0, 1, 255]])),
        ".gif",
        "2 is grey 255",
    ),
    "ids with a gap as GIF": (
        lambda path: save(path, np.uint8([[0, 5, 5]])),
        ".gif",
        "1 is grey 5",
    ),
    "two bits": (
        lambda path: path.write_bytes(png(2, 0, [[0b00011000]], 4, 1)),
        ".png",
        "stores 2 bits a pixel: as numbers they go from 0 to 3, as grey levels from 0 to 255",
    ),
    "four bits of 0 and 15": (
        lambda path: path.write_bytes(png(4, 0, [[0x0F]], 2, 1)),
        ".png",
        "stores 4 bits a pixel",
    ),
    "16 bits and alpha": (
        lambda path: path.write_bytes(png(16, 4, [[0, 1, 255, 255]], 1, 1)),
        ".png",
        "several channels of 16 bits",
    ),
    "16 bits in colour": (
        lambda path: path.write_bytes(png(16, 2, [[0, 1] * 3], 1, 1)),
        ".png",
        "several channels of 16 bits",
    ),
    "16 bits in colour, TIFF": (
        lambda path: tifffile.imwrite(
            path, np.dstack([IDS] * 3).astype(np.uint16), photometric="rgb"
        ),
        ".tif",
        "several channels of 16 bits",
    ),
    "white is 2, PGM": (
        lambda path: path.write_bytes(b"P5 3 2 2\n" + bytes([0, 1, 2, 0, 0, 1])),
        ".pgm",
        "white is 2: ids would be stretched",
    ),
    "white is 2, PGM as text": (
        lambda path: path.write_bytes(b"P2 3 2 2\n0 1 2 0 0 1\n"),
        ".pgm",
        "white is 2: ids would be stretched",
    ),
    "truth values by tifffile": (
        lambda path: tifffile.imwrite(path, IDS > 0),
        ".tif",
        "holds truth values as tifffile writes them",
    ),
    "8 bits BMP of two greys": (
        lambda path: save(path, palette(np.tile(IDS > 0, (1, 9)), greys(0, 255))),
        ".bmp",
        "palette of greys that Pillow reads wrongly",
    ),
    "8 bits, white is 0": (
        lambda path: tifffile.imwrite(path, WHITE, photometric="miniswhite"),
        ".tif",
        "says that white is 0",
    ),
    "16 bits, white is 0": (
        lambda path: tifffile.imwrite(path, IDS.astype(np.uint16), photometric="miniswhite"),
        ".tif",
        "says that white is 0",
    ),
    "two channels": (
        lambda path: tifffile.imwrite(
            path,
            np.dstack([IDS > 0, IDS == 0]) * np.uint8(1),
            photometric="minisblack",
            planarconfig="contig",
        ),
        ".tif",
        "has 2 channels, of which Pillow reads 1",
    ),
    "signed bytes": (
        lambda path: tifffile.imwrite(path, IDS.astype(np.int8) - 1),
        ".tif",
        "holds numbers below 0",
    ),
    "one-hot array": (
        lambda path: np.save(path, np.eye(5, dtype=np.uint8)[IDS + 2]),
        ".npy",
        r"has the shape \(2, 3, 5\)",
    ),
    "one-hot array of two": (
        lambda path: np.save(path, np.stack([IDS == 0, IDS > 0], -1)),
        ".npy",
        r"has the shape \(2, 3, 2\)",
    ),
    "one-hot array of three": (
        lambda path: np.save(path, np.eye(3, dtype=np.uint8)[IDS]),
        ".npy",
        r"has the shape \(2, 3, 3\)",
    ),
    "channels first": (
        lambda path: np.save(path, np.stack([IDS] * 4)),
        ".npy",
        r"has the shape \(4, 2, 3\)",
    ),
}


@pytest.mark.parametrize(("write", "suffix", "cause"), REFUSED.values(), ids=REFUSED)
def test_what_has_two_meanings_is_refused_with_both(tmp_path, write, suffix, cause):
    write(tmp_path / f"mask{suffix}")
    with pytest.raises(TwoReadings, match=rf"(?s)one way only.*Received: .*mask{suffix}.*{cause}"):
        read_mask(tmp_path / f"mask{suffix}")


NO_IDS = {
    "fractions": (lambda path: save(path, IDS.astype(np.float32) / 2), ".tif"),
    "array of fractions": (lambda path: np.save(path, IDS / 2), ".npy"),
    "array of NaN": (lambda path: np.save(path, np.where(IDS, np.nan, 0)), ".npy"),
    "array of infinity": (lambda path: np.save(path, np.where(IDS, np.inf, 0)), ".npy"),
    "array beyond 32 bits": (lambda path: np.save(path, IDS.astype(np.int64) << 40), ".npy"),
    "array of complex numbers": (lambda path: np.save(path, IDS * 1j), ".npy"),
    "array of text": (lambda path: np.save(path, IDS.astype(str)), ".npy"),
    "array of times": (lambda path: np.save(path, IDS.astype("timedelta64[s]")), ".npy"),
    "array of nothing": (lambda path: np.save(path, IDS[:0]), ".npy"),
    "array of one axis": (lambda path: np.save(path, IDS[0]), ".npy"),
    "array of records": (lambda path: np.save(path, np.zeros((2, 3), [("a", "u1")])), ".npy"),
    "colours": (lambda path: save(path, np.dstack([IDS, IDS, IDS * 0])), ".png"),
    "CMYK": (lambda path: save(path, Image.fromarray(WHITE).convert("CMYK")), ".jpg"),
    "LAB": (lambda path: save(path, Image.new("LAB", (3, 2))), ".tif"),
}


@pytest.mark.parametrize(("write", "suffix"), NO_IDS.values(), ids=NO_IDS)
def test_what_holds_no_class_ids_is_refused(tmp_path, write, suffix):
    write(tmp_path / f"mask{suffix}")
    with pytest.raises(ImageError, match=rf"Expected .*Received: .*mask{suffix}"):
        read_mask(tmp_path / f"mask{suffix}")


def test_colour_masks_have_one_reading_too(tmp_path):
    values = color_values([((0, 0, 0), 0), ((255, 0, 0), 1)])
    labels = LabelMap(("a", "b"))
    red = np.where(INSIDE[..., None] > 0, np.uint8([255, 0, 0]), 0).astype(np.uint8)

    def read(pixels, **options):
        path = save(tmp_path / "mask.png", pixels, **options)
        return read_class_ids(Sample("a", path, ColorMask(path), mask_values=values), labels)

    assert (read(red) == (INSIDE > 0)).all()
    assert (read(np.dstack([red, OPAQUE])) == (INSIDE > 0)).all()
    assert (read(np.dstack([red, INSIDE])) == (INSIDE > 0)).all()
    with pytest.raises(TwoReadings, match="wholly transparent"):
        read(np.dstack([red, 255 - INSIDE]))
    with pytest.raises(TwoReadings, match="pages or frames"):
        read(Image.fromarray(red), save_all=True, append_images=[Image.fromarray(red * 0)])


def test_encoded_bytes_and_pictures_are_judged_alike():
    buffer = io.BytesIO()
    frames(buffer, format="GIF", duration=100)
    with pytest.raises(TwoReadings, match="bytes, which holds"):
        read_mask(buffer.getvalue())
    assert read_mask(Image.fromarray(IDS)).tolist() == IDS.tolist()
