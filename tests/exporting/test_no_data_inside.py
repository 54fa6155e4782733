"""No image of the data leaves in a model."""

import io

import numpy as np
import pytest
import tensorflow as tf
from export_examples import LABELS, blocks, encode, small_model
from PIL import Image

import segtf
from segtf.comparing.generated_images import generated_images
from segtf.data import load_source

BEGINNINGS = {
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "JPEG": b"\xff\xd8\xff\xe0",
    "GIF": b"GIF89a",
    "WebP": b"WEBPVP8",
}
WARMUP = "tf_serving_warmup_requests"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for part in ("images", "masks"):
        (folder / part).mkdir()
    for index in range(4):
        image = blocks(24, 32, seed=index)
        (folder / "images" / f"{index}.png").write_bytes(encode(image))
        (folder / "masks" / f"{index}.png").write_bytes(encode((image[..., 0] > 127) * np.uint8(1)))
    return load_source("folder", folder)


def files_of(export):
    path = export.path
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]


@pytest.mark.parametrize("format", ["saved_model", "tflite", "tflite-int8", "onnx"])
def test_no_image_of_the_data_is_in_an_export(source, tmp_path, format):
    if format == "onnx":
        pytest.importorskip("tf2onnx")
    export = segtf.export(small_model(), tmp_path, format, source=source, speed=False)
    rows = [np.asarray(Image.open(sample.image))[0].tobytes() for sample in source.samples]
    rows += [np.frombuffer(row, np.uint8).astype(np.float32).tobytes() for row in rows]
    for file in files_of(export):
        content = file.read_bytes()
        found = [name for name, beginning in BEGINNINGS.items() if beginning in content]
        assert found == (["JPEG"] if file.name == WARMUP else []), file
        assert not any(row in content for row in rows), file


def test_the_picture_of_the_report_lies_beside_the_version(source, tmp_path):
    path = segtf.export(small_model(), tmp_path, source=source, speed=False).path
    assert sorted(file.name for file in tmp_path.iterdir()) == ["1", "1.parity.png"]
    with Image.open(path.with_name("1.parity.png")) as picture:
        assert picture.size[0] > 5 * 32


def test_the_requests_of_the_warm_up_show_a_drawn_image(exported):
    spec = segtf.load(exported.path).spec
    assert spec.labels == LABELS[1]
    records = [
        one.numpy() for one in tf.data.TFRecordDataset(str(exported.path / "assets.extra" / WARMUP))
    ]
    (drawn,) = generated_images(spec, count=1)
    with_file = [record for record in records if BEGINNINGS["JPEG"] in record]
    assert len(with_file) == 1
    start = with_file[0].index(BEGINNINGS["JPEG"])
    with Image.open(io.BytesIO(with_file[0][start:])) as shown:
        assert np.abs(np.asarray(shown).astype(int) - drawn).mean() < 20
    assert all(drawn.tobytes() in one for one in records if one not in with_file)
