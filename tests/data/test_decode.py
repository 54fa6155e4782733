"""Files of every format and mode to pixels; TensorFlow's decoders where they agree with Pillow."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from segtf.data import ImageError, read_image, read_mask
from segtf.data.array_files import MAX_PIXELS
from segtf.data.decode import image_size
from segtf.data.fast_decode import decodes_alike, read_pixels

HEIGHT, WIDTH = 37, 53


def picture(mode):
    """A smooth picture with some detail, in a mode of Pillow's."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    rgb = np.stack([x * 4, y * 6, (x * y) % 256], -1).astype(np.uint8)
    if mode == "I;16":
        return Image.fromarray((x * 1000 + y * 7).astype(np.uint16))
    if mode in ("RGBA", "LA"):
        image = Image.fromarray(rgb).convert(mode)
        image.putalpha(Image.fromarray((x * 4).astype(np.uint8)))
        return image
    return Image.fromarray(rgb).convert(mode)


FILES = {
    # name: (suffix, mode, options of Image.save, whether TensorFlow decodes it)
    "jpeg": (".jpg", "RGB", {"quality": 90}, True),
    "jpeg, no subsampling": (".jpg", "RGB", {"quality": 90, "subsampling": 0}, True),
    "jpeg, progressive": (".jpg", "RGB", {"progressive": True}, True),
    "jpeg, grey": (".jpg", "L", {}, True),
    "jpeg, cmyk": (".jpg", "CMYK", {}, False),
    "jpeg, turned": (".jpg", "RGB", {"exif": 6}, False),
    "png": (".png", "RGB", {}, True),
    "png, grey": (".png", "L", {}, True),
    "png, alpha": (".png", "RGBA", {}, True),
    "png, grey with alpha": (".png", "LA", {}, False),
    "png, palette": (".png", "P", {}, False),
    "png, palette with a colour key": (".png", "P", {"transparency": b"\x00\x80"}, False),
    "png, two levels": (".png", "1", {}, False),
    "png, 16 bit grey": (".png", "I;16", {}, False),
    "png, turned": (".png", "RGB", {"exif": 8}, False),
    "bmp": (".bmp", "RGB", {}, False),
    "bmp, palette": (".bmp", "P", {}, False),
    "gif": (".gif", "P", {}, False),
    "webp, lossless": (".webp", "RGB", {"lossless": True}, True),
    "webp": (".webp", "RGB", {"quality": 80}, True),
    "webp, alpha": (".webp", "RGBA", {"lossless": True, "exact": True}, True),
    "tiff": (".tif", "RGB", {}, False),
    "tiff, compressed": (".tif", "RGB", {"compression": "tiff_lzw"}, False),
    "tiff, cmyk": (".tif", "CMYK", {}, False),
    "tiff, 16 bit grey": (".tif", "I;16", {}, False),
}


@pytest.fixture(params=FILES)
def file(request, tmp_path):
    suffix, mode, options, in_tensorflow = FILES[request.param]
    if "exif" in options:
        exif = Image.Exif()
        exif[0x0112] = options["exif"]
        options = {**options, "exif": exif}
    path = tmp_path / f"picture{suffix}"
    picture(mode).save(path, **options)
    return path, in_tensorflow


def by_pillow(path):
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode == "I;16":
            upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
        # By way of RGBA, since Pillow warns about palettes with transparency otherwise.
        return np.asarray(upright.convert("RGBA").convert("RGB"))


def test_both_ways_give_the_pixels_of_pillow(file):
    path, in_tensorflow = file
    expected = by_pillow(path)
    np.testing.assert_array_equal(read_image(path), expected)
    np.testing.assert_array_equal(read_pixels(path, 3), expected)
    assert decodes_alike(path.read_bytes()) == in_tensorflow
    assert image_size(path) == expected.shape[:2]


def test_grey_is_one_channel(file):
    path, _ = file
    grey = read_pixels(path, 1)
    assert grey.shape == (*by_pillow(path).shape[:2], 1)
    np.testing.assert_array_equal(grey, read_image(path, 1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.jpg"
    picture("RGB").save(path, exif=exif, quality=95)
    stored = np.asarray(Image.open(path))
    turned = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.swapaxes(0, 1),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(stored),
    }
    np.testing.assert_array_equal(read_pixels(path, 3), turned[orientation])


def png_16_bit_rgb(values):
    """Pillow does not write these."""
    height, width, _ = values.shape
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def test_16_bit_colour_keeps_its_upper_8_bits(tmp_path):
    values = np.arange(5 * 7 * 3, dtype=np.uint16).reshape(5, 7, 3) * 600
    path = tmp_path / "deep.png"
    path.write_bytes(png_16_bit_rgb(values))
    np.testing.assert_array_equal(read_pixels(path, 3), values >> 8)
    np.testing.assert_array_equal(read_image(path), values >> 8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_arrays_of_many_channels(tmp_path, dtype):
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (9, 11, 5)).astype(dtype)
    expected = values if dtype == np.uint8 else values >> 8
    np.save(tmp_path / "a.npy", values)
    tifffile.imwrite(tmp_path / "last.tif", values)
    tifffile.imwrite(tmp_path / "pages.tif", np.moveaxis(values, -1, 0), photometric="minisblack")
    for name in ("a.npy", "last.tif", "pages.tif"):
        np.testing.assert_array_equal(read_pixels(tmp_path / name, 5), expected)
        with pytest.raises(ImageError, match=name):
            read_pixels(tmp_path / name, 4)
    assert image_size(tmp_path / "a.npy") == (9, 11)


def test_array_as_mask(tmp_path):
    np.save(tmp_path / "mask.npy", np.array([[0, 1], [2, 255]], np.uint8))
    assert read_mask(tmp_path / "mask.npy").tolist() == [[0, 1], [2, 255]]


def write(path, content):
    path.write_bytes(content)
    return path


def encoded(format_, **options):
    buffer = io.BytesIO()
    picture("RGB").save(buffer, format_, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("truncated.jpg", encoded("JPEG")[:600]),
        ("truncated.png", encoded("PNG")[:200]),
        ("truncated.webp", encoded("WEBP")[:100]),
        ("truncated.tif", encoded("TIFF")[:500]),
        ("text.png", b"no picture"),
        ("empty.jpg", b""),
        ("damaged.npy", b"\x93NUMPY and then nothing"),
        ("bomb.png", encoded("PNG").replace(struct.pack(">I", WIDTH), struct.pack(">I", 2**24), 1)),
    ],
)
def test_errors_name_the_file(tmp_path, name, content):
    with pytest.raises(ImageError, match=name):
        read_pixels(write(tmp_path / name, content), 3)


def test_size_of_a_truncated_png_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ImageError, match=r"short\.png"):
        image_size(write(tmp_path / "short.png", encoded("PNG")[:200]))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"missing\.png"):
        read_pixels(tmp_path / "missing.png", 3)


def test_too_large_array_is_not_read(tmp_path):
    side = int(MAX_PIXELS**0.5) + 1
    array = np.lib.format.open_memmap(
        tmp_path / "large.npy", mode="w+", dtype=np.uint8, shape=(side, side)
    )
    del array
    with pytest.raises(ImageError, match="at most"):
        read_pixels(tmp_path / "large.npy", 1)


@pytest.mark.parametrize("mode", ["La", "RGBa"])
def test_premultiplied_alpha_is_read(mode):
    image = picture(mode.upper()).convert(mode)
    for channels in (1, 3):
        assert read_image(image, channels).shape == (HEIGHT, WIDTH, channels)


@pytest.mark.parametrize("name", ["9" * 400 + ".png", "9" * 400 + ".npy", "a\0b.png"])
def test_a_name_that_no_file_can_have_is_that_of_none(tmp_path, name):
    for read in (read_image, image_size):
        with pytest.raises(ImageError, match="does not exist"):
            read(tmp_path / name)
