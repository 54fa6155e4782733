"""What `segtf request` writes is what `segtf predict` writes, whatever the image file is."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, PngImagePlugin
from serving_examples import encode, picture

from segtf.data.decode import ImageError, read_image
from segtf.exporting.saved_model.decode_graph import decode_in_graph
from segtf.serving import Client
from segtf.serving import images as sent

PIXELS = picture(40, 72)
PICTURE = Image.fromarray(PIXELS)


def exif(orientation):
    made = Image.Exif()
    made[0x0112] = orientation
    return made


def far_exif():
    """A JPEG whose EXIF comes behind 180 kB of other segments."""
    jpeg = encode(PICTURE, "JPEG", exif=exif(6))
    filler = b"\xff\xe2" + struct.pack(">H", 60002) + bytes(60000)
    return jpeg[:2] + 3 * filler + jpeg[2:]


def xmp_orientation():
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-'
        b'rdf-syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        b'tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    return encode(PICTURE, "JPEG", xmp=xmp)


def top_down_bmp():
    bmp = bytearray(encode(PICTURE, "BMP"))
    bmp[22:26] = struct.pack("<i", -PIXELS.shape[0])
    return bytes(bmp)


def animation(format):
    other = Image.fromarray(255 - PIXELS)
    return encode(PICTURE, format, save_all=True, append_images=[other])


def small_first_frame():
    """A GIF whose frame covers a part of its screen."""
    gif = bytearray(encode(PICTURE.convert("P"), "GIF"))
    gif[6:10] = struct.pack("<HH", 100, 80)
    return bytes(gif)


def transparent():
    palette = PICTURE.convert("P")
    palette.info["transparency"] = 3
    return encode(palette, "PNG", transparency=3)


def text_png():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "eXIf")
    return encode(PICTURE, "PNG", pnginfo=info)


def many_texts():
    info = PngImagePlugin.PngInfo()
    for index in range(100):
        info.add_text(f"Comment {index}", "text", zip=True)
    return encode(PICTURE, "PNG", pnginfo=info)


FILES = {
    "JPEG": encode(PICTURE, "JPEG"),
    "grey JPEG": encode(PICTURE.convert("L"), "JPEG"),
    "CMYK JPEG": encode(PICTURE.convert("CMYK"), "JPEG"),
    "progressive JPEG": encode(PICTURE, "JPEG", progressive=True),
    **{f"JPEG turned {turn}": encode(PICTURE, "JPEG", exif=exif(turn)) for turn in (3, 6, 7)},
    "EXIF far into a JPEG": far_exif(),
    "XMP in a JPEG": xmp_orientation(),
    "PNG": encode(PICTURE),
    "EXIF in a PNG": encode(PICTURE, "PNG", exif=exif(6)),
    "PNG that speaks of EXIF": text_png(),
    "PNG of many texts": many_texts(),
    "PNG with more behind its pixels": encode(PICTURE) + bytes(700_000),
    **{f"PNG {mode}": encode(PICTURE.convert(mode)) for mode in ("1", "L", "LA", "P", "RGBA")},
    "PNG with a transparent colour": transparent(),
    "APNG": animation("PNG"),
    "GIF": animation("GIF"),
    "GIF smaller than its screen": small_first_frame(),
    "WebP": encode(PICTURE, "WEBP", lossless=True),
    "WebP turned": encode(PICTURE, "WEBP", exif=exif(6)),
    "AVIF": encode(PICTURE, "AVIF"),
    "TIFF": encode(PICTURE, "TIFF"),
    "TIFF, compressed": encode(PICTURE, "TIFF", compression="tiff_lzw"),
    **{f"BMP {mode}": encode(PICTURE.convert(mode), "BMP") for mode in ("1", "L", "P", "RGBA")},
    "BMP": encode(PICTURE, "BMP"),
    "BMP from top to bottom": top_down_bmp(),
}


@pytest.fixture(scope="module", params=[1, 3])
def channels(request):
    return request.param


@pytest.fixture(scope="module")
def decode(channels):
    """The graph of a server, traced once."""
    return tf.function(
        lambda data: decode_in_graph(data, channels),
        input_signature=[tf.TensorSpec((), tf.string)],
        autograph=False,
    )


@pytest.mark.parametrize("name", FILES)
def test_the_servers_graph_decodes_what_predict_does(name, channels, decode):
    pixels, error = decode(sent.encoded(FILES[name]))
    assert error == b""
    np.testing.assert_array_equal(pixels, read_image(FILES[name], channels))


@pytest.mark.parametrize("name", ["JPEG", "JPEG turned 6", "PNG", "PNG P", "progressive JPEG"])
def test_what_the_server_reads_as_well_is_sent_as_it_is(name):
    assert sent.encoded(FILES[name]) == FILES[name]


@pytest.mark.parametrize("name", ["GIF", "WebP", "EXIF in a PNG", "EXIF far into a JPEG", "TIFF"])
def test_the_rest_is_sent_as_png(name):
    with Image.open(io.BytesIO(sent.encoded(FILES[name]))) as opened:
        assert opened.format == "PNG"
        assert not opened.getexif()


def test_a_file_of_many_bytes_is_sent_as_png(tmp_path, monkeypatch):
    monkeypatch.setattr(sent, "MAX_FILE_BYTES", 10_000)
    path = tmp_path / "padded.png"
    path.write_bytes(FILES["PNG"] + bytes(20_000))
    file = sent.encoded(path)
    assert len(file) < 10_000
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(file))), PIXELS)


def test_images_that_cannot_be_read_have_an_error_each(url, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    files = [FILES["PNG"], tmp_path / "none.png", tmp_path / "text.jpg", tmp_path, FILES["WebP"]]
    with Client(url, timeout=30, batch_size=2) as client:
        answers = client.segment(files)
    assert [answer.mask is None for answer in answers] == [False, True, True, True, False]
    assert all(str(file) in one.error for file, one in zip(files[1:4], answers[1:4], strict=True))


def test_a_pillow_without_a_format_reads_the_others(monkeypatch):
    Image.init()
    monkeypatch.delitem(Image.OPEN, "AVIF")
    assert sent.encoded(FILES["PNG"]) == FILES["PNG"]
    with pytest.raises(ImageError, match="of a known format"):
        sent.encoded(FILES["AVIF"])


def test_images_are_read_when_their_request_is_made(url):
    read = []

    def images():
        for index in range(9):
            read.append(index)
            yield PIXELS

    with Client(url, timeout=30, batch_size=2) as client:
        answers = client.stream(images())
        next(answers)
        assert len(read) <= 3  # those of a request, and the one that did not fit into it
        assert len(list(answers)) == 8
