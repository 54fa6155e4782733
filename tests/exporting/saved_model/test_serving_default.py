import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from export_examples import LABELS, blocks, encode, small_model
from PIL import Image, PngImagePlugin

import segtf
from segtf.data.decode import ImageError, read_image
from segtf.exporting.saved_model import graphs
from segtf.exporting.saved_model.graphs import signature_functions
from segtf.spec import ModelSpec

IMAGE = Image.fromarray(blocks(42, 58))


@pytest.fixture(scope="module")
def serve(exported):
    signature = tf.saved_model.load(str(exported.path)).signatures["serving_default"]
    return lambda files: signature(image_bytes=tf.constant(files, tf.string))


@pytest.fixture(scope="module")
def predict(exported):
    return segtf.load(exported.path)


def masks(answers):
    return [tf.io.decode_png(png).numpy()[..., 0] for png in answers["mask_bytes"]]


FORMATS = {
    "jpeg": encode(IMAGE, "JPEG"),
    "jpeg, progressive": encode(IMAGE, "JPEG", progressive=True),
    "jpeg, grey": encode(IMAGE.convert("L"), "JPEG"),
    "jpeg, CMYK": encode(IMAGE.convert("CMYK"), "JPEG"),
    "jpeg, bytes behind its end": encode(IMAGE, "JPEG") + b"more",
    "png": encode(IMAGE),
    "png, palette": encode(IMAGE.quantize(16)),
    "png, grey": encode(IMAGE.convert("L")),
    "png, 1 bit": encode(IMAGE.convert("1")),
    "png, alpha": encode(IMAGE.convert("RGBA")),
    "png, 16 bits": encode(Image.fromarray(np.asarray(IMAGE)[..., 0].astype(np.uint16) * 257 + 9)),
    "gif": encode(IMAGE, "GIF"),
    "gif, animated": encode(IMAGE, "GIF", save_all=True, append_images=[IMAGE.rotate(180)]),
    "bmp": encode(IMAGE, "BMP"),
}


def test_image_files_are_read_as_the_predictor_reads_them(serve, predict):
    answers = serve(list(FORMATS.values()))
    assert set(answers["error"].numpy()) == {b""}
    expected = predict.batch(FORMATS.values())
    for name, mask, prediction in zip(FORMATS, masks(answers), expected, strict=True):
        np.testing.assert_array_equal(mask, prediction.mask, err_msg=name)
    np.testing.assert_allclose(answers["coverage"], [one.coverage for one in expected], atol=1e-6)
    np.testing.assert_allclose(
        answers["confidence"], [one.confidence for one in expected], atol=1e-5
    )


def test_exif_orientations_are_applied(serve, predict):
    files = []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x010F], exif[0x0112] = "maker", orientation
        files.append(encode(IMAGE, "JPEG", exif=exif))
    answers = serve(files)
    for mask, prediction in zip(masks(answers), predict.batch(files), strict=True):
        np.testing.assert_array_equal(mask, prediction.mask)
    assert [mask.shape for mask in masks(answers)] == [(42, 58)] * 4 + [(58, 42)] * 4


def tiff_segment(*entries):
    """A segment of EXIF that says each time, by type and value, how the picture is turned."""
    tiff = b"II*\0" + struct.pack("<IH", 8, len(entries))
    for kind, value in entries:
        tiff += struct.pack("<HHII", 0x0112, kind, 1, value)
    return b"\xff\xe1" + struct.pack(">H", len(tiff) + 12) + b"Exif\0\0" + tiff + bytes(4)


def test_orientation_in_a_png_and_in_xmp(serve, predict):
    exif = Image.Exif()
    exif[0x0112] = 6
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    far = b"".join(b"\xff\xe2" + struct.pack(">H", 60002) + bytes(60000) for _ in range(3))
    jpeg, twice = encode(IMAGE, "JPEG", exif=exif), encode(IMAGE, "JPEG")
    files = [
        encode(IMAGE, "PNG", exif=exif),
        encode(IMAGE, "JPEG", xmp=xmp),
        jpeg[:2] + far + jpeg[2:],
        twice[:2] + tiff_segment((3, 6), (3, 3)) + twice[2:],
        twice[:2] + tiff_segment((4, 6)) + twice[2:],
    ]
    for mask, prediction in zip(masks(serve(files)), predict.batch(files), strict=True):
        assert mask.shape == (58, 42)
        np.testing.assert_array_equal(mask, prediction.mask)


def test_a_png_that_hides_its_orientation_is_refused(serve):
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", "\nexif\n 6\n4d4d", zip=True)
    (error,) = serve([encode(IMAGE, pnginfo=info)])["error"].numpy()
    assert b"upright" in error


def in_scans(count):
    """A progressive JPEG that repeats its last scan."""
    jpeg = encode(IMAGE, "JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + count * scan + b"\xff\xd9"


COSTLY = {
    "jpeg, many scans": (in_scans(1200), "several scans"),
    "png, much behind its pixels": (encode(IMAGE)[:-12] + bytes(600_000), "bytes a pixel"),
    "png, longer than its side may be": (encode(Image.new("L", (70_000, 1))), "a side"),
}


@pytest.mark.parametrize("name", COSTLY)
def test_what_costs_more_than_its_size_says_is_refused(serve, name):
    file, said = COSTLY[name]
    (error,) = serve([file])["error"].numpy()
    assert said in error.decode()
    if "png, much" not in name:  # Pillow leaves that alone
        with pytest.raises(ImageError, match=said):
            read_image(file)


def test_some_scans_more_are_read(serve, predict):
    file = in_scans(30)
    np.testing.assert_array_equal(masks(serve([file]))[0], predict(file).mask)


def test_exif_in_the_other_byte_order_and_behind_a_comment(serve, predict):
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 8, 0)
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + b"\0\0\0\0"
    segment = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
    comment = b"\xff\xfe" + struct.pack(">H", 5) + b"abc"
    plain = encode(IMAGE, "JPEG")
    data = plain[:2] + comment + segment + plain[2:]
    (mask,) = masks(serve([data]))
    assert mask.shape == (58, 42)
    np.testing.assert_array_equal(mask, predict(data).mask)


def png_of_size(width, height):
    """A PNG whose header promises a size that its pixels do not keep."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


BAD = {
    "empty": b"",
    "text": b"no image at all",
    "webp": encode(IMAGE, "WEBP"),
    "jpeg, magic only": b"\xff\xd8\xff",
    "jpeg, truncated": FORMATS["jpeg"][: len(FORMATS["jpeg"]) // 2],
    "jpeg, without its end": FORMATS["jpeg"][:-2],
    "png, truncated header": FORMATS["png"][:20],
    "png, truncated": FORMATS["png"][:-40],
    "png, damaged": FORMATS["png"][:60] + bytes(4) + FORMATS["png"][64:],
    "gif, truncated": FORMATS["gif"][:100],
    "bmp, truncated": FORMATS["bmp"][:500],
    "bmp, palette": encode(IMAGE.quantize(16), "BMP"),
    "size zero": png_of_size(0, 5),
    "too large": png_of_size(100_000, 100_000),
    "too large for 64 bits": png_of_size(2**32 - 1, 2**32 - 1),
}


def test_a_bad_image_spoils_only_its_own_answer(serve, predict):
    files = [file for bad in BAD.values() for file in (bad, FORMATS["jpeg"])]
    answers = serve(files)
    errors = dict(zip(BAD, answers["error"].numpy()[::2], strict=True))
    assert all(b"Expected" in error and b"Received" in error for error in errors.values()), errors
    assert b"at most" in errors["too large"] and b"100000 x 100000" in errors["too large"]
    assert b"JPEG, PNG, GIF or BMP" in errors["text"]
    assert set(answers["mask_bytes"].numpy()[::2]) == {b""}
    assert not answers["coverage"].numpy()[::2].any()
    assert not answers["confidence"].numpy()[::2].any()
    assert set(answers["error"].numpy()[1::2]) == {b""}
    expected = predict(FORMATS["jpeg"]).mask
    for png in answers["mask_bytes"][1::2]:
        np.testing.assert_array_equal(tf.io.decode_png(png)[..., 0], expected)


@pytest.mark.parametrize("name", ["jpeg", "jpeg, progressive", "png", "gif", "bmp"])
def test_damage_anywhere_never_fails_the_request(serve, name):
    rng = np.random.default_rng(0)
    damaged = []
    for index in range(40):
        data = bytearray(FORMATS[name])
        # Half of the damage goes where the headers are.
        reach = len(data) if index % 2 else 64
        for at in rng.integers(0, reach, size=4):
            data[at] = rng.integers(256)
        damaged.append(bytes(data))
    answers = serve(damaged)
    answered = [bool(png) for png in answers["mask_bytes"].numpy()]
    assert answered == [not error for error in answers["error"].numpy()]


def test_images_of_any_size_in_one_request(serve, predict):
    images = [blocks(height, width) for height, width in ((1, 1), (5, 300), (24, 32), (97, 61))]
    answers = serve([encode(Image.fromarray(image)) for image in images])
    for mask, prediction in zip(masks(answers), predict.batch(images), strict=True):
        np.testing.assert_array_equal(mask, prediction.mask)


def test_an_empty_request_has_an_empty_answer(serve):
    answers = serve([])
    shapes = {name: tuple(values.shape) for name, values in answers.items()}
    assert shapes == {
        "mask_bytes": (0,),
        "coverage": (0, 2),
        "confidence": (0,),
        "class_names": (0, 2),
        "error": (0,),
    }


def test_a_large_request_is_worked_through_in_parts(monkeypatch, binary_model, predict):
    """Here of two images each; by default of at most 32, or a megapixel."""
    monkeypatch.setattr(graphs, "_MOST_IMAGES", 2)
    function = signature_functions(binary_model, predict.spec)["serving_default"]
    images = [blocks(20 + index, 30, seed=index) for index in range(5)]
    answers = function(tf.constant([*(encode(image) for image in images), b"no image"]))
    assert [bool(error) for error in answers["error"].numpy()] == [False] * 5 + [True]
    expected = predict.batch(images)
    for png, prediction in zip(answers["mask_bytes"][:5], expected, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(png)[..., 0], prediction.mask)
    coverage = [one.coverage for one in expected]
    np.testing.assert_allclose(answers["coverage"][:5], coverage, atol=1e-6)


@pytest.mark.parametrize("rule", ["letterbox", "crop"])
def test_other_resize_rules(rule):
    model, spec = small_model(logits=3), ModelSpec(LABELS[3], (24, 32), resize=rule)
    function = signature_functions(model, spec)["serving_default"]
    predict = segtf.load(model, labels=LABELS[3], resize=rule)
    images = [blocks(height, width) for height, width in ((24, 32), (60, 20), (20, 60), (33, 44))]
    answers = function(tf.constant([encode(image) for image in images]))
    for mask, prediction in zip(masks(answers), predict.batch(images), strict=True):
        np.testing.assert_array_equal(mask, prediction.mask)
    assert (masks(answers)[1] == 255).any() == (rule == "crop")
