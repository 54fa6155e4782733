"""Pillow opens the formats of the list only, whatever a file is called, in every place."""

import ast
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import segtf
from segtf.data import ImageError, read_image, read_mask
from segtf.data.array_files import MAX_PIXELS
from segtf.data.check.picture import PictureError, open_picture
from segtf.data.decode import FORMATS, image_size
from segtf.data.fast_decode import decodes_alike, read_pixels

PIXELS = np.zeros((4, 6, 3), np.uint8)
OTHERS = ["TGA", "ICO", "ICNS", "EPS", "PDF", "PCX", "SGI", "IM", "JPEG2000", "DDS"]


def encoded(name, **options):
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, name, **options)
    return file.getvalue()


@pytest.mark.parametrize("name", [one for one in OTHERS if one in Image.SAVE or not Image.init()])
def test_other_formats_are_refused(tmp_path, name):
    try:
        content = encoded(name)
    except (KeyError, OSError):
        pytest.skip(f"Pillow does not write {name} here")
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    for read in (read_image, read_mask, image_size, lambda source: read_pixels(source, 3)):
        with pytest.raises(ImageError, match="photo"):
            read(path)
    with pytest.raises(PictureError):
        open_picture(path, 3)
    assert not decodes_alike(content)


@pytest.mark.parametrize("name", [*FORMATS, "MPO"])
def test_formats_of_the_list_are_read(name):
    assert read_image(encoded(name)).shape == PIXELS.shape


def test_no_place_of_the_package_opens_any_other_way():
    """Every call of Image.open names its formats."""
    root = Path(segtf.__file__).parent
    files = [*root.rglob("*.py"), *(root.parent / "export").rglob("*.py")]
    bare = [
        f"{path}:{node.lineno}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("Image.open")
        and "formats" not in {keyword.arg for keyword in node.keywords}
    ]
    assert not bare


def png_with(chunks):
    content = encoded("PNG")
    extra = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return content[:33] + extra + content[33:]


BOMB = zlib.compress(bytes(64 * 2**20), 1)


def gif_with_a_larger_frame(side):
    content = bytearray(encoded("GIF"))
    place = content.index(b"\x2c")
    content[place + 5 : place + 9] = struct.pack("<HH", side, side)
    return bytes(content)


HOSTILE = {
    "a text that unpacks to 64 MB": png_with([(b"zTXt", b"a\0\0" + BOMB)]),
    "a profile that unpacks to 64 MB": png_with([(b"iCCP", b"a\0\0" + BOMB)]),
    "a frame beyond the screen": gif_with_a_larger_frame(60_000),
    "a TIFF of absurd strips": encoded("TIFF").replace(
        struct.pack("<HHI", 256, 3, 1), struct.pack("<HHI", 256, 4, 1), 1
    ),
}


def of_size(name, width, height):
    """A small file whose header says another size."""
    if name == "WEBP":
        content = bytearray(encoded("WEBP", lossless=True))
        content[21:25] = struct.pack("<I", (width - 1) | (height - 1) << 14)
    else:
        content = bytearray(encoded("AVIF"))
        place = content.index(b"ispe") + 8
        content[place : place + 8] = struct.pack(">II", width, height)
    return bytes(content)


@pytest.mark.parametrize("name", ["WEBP", "AVIF"])
def test_formats_whose_decoders_take_more_may_have_fewer_pixels(tmp_path, name):
    large, path = of_size(name, 8192, 4097), tmp_path / f"a.{name.lower()}"
    path.write_bytes(large)
    expected = f"at most 33554432 pixels of {name}, 65535 a side. Received: .*8192 x 4097"
    for read in (read_image, read_mask, image_size, lambda source: read_pixels(source, 3)):
        with pytest.raises(ImageError, match=expected):
            read(path)
    with pytest.raises(PictureError, match="the limit is 33554432 pixels"):
        open_picture(path, 3)
    assert not decodes_alike(large)
    assert image_size(of_size(name, 8192, 4096)) == (4096, 8192)


@pytest.mark.parametrize("length", [1000, 100_000])
def test_the_header_of_a_ppm_ends_soon(tmp_path, length):
    comment = b"P6 #" + length * b"x" + b"\n"
    (tmp_path / "a.ppm").write_bytes(comment + b"6 4 255\n" + PIXELS.tobytes())
    for source in (tmp_path / "a.ppm", (tmp_path / "a.ppm").read_bytes()):
        if length < 2**16:
            assert read_image(source).shape == PIXELS.shape
        else:
            with pytest.raises(ImageError, match="Expected an image that can be read"):
                read_image(source)


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_headers_that_promise_too_much_take_no_memory(content):
    import tracemalloc

    tracemalloc.start()
    try:
        pixels = read_image(content)
        assert pixels.shape[0] * pixels.shape[1] <= MAX_PIXELS
    except ImageError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 32 * 2**20
