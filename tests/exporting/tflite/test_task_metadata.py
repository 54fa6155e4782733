"""TFLite's own metadata: read by the code that its schema generates, and used by MediaPipe."""

import zipfile

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from export_examples import LABELS, blocks, small_model

import segtf

mediapipe = pytest.importorskip("mediapipe")


@pytest.fixture(scope="module")
def several_classes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("several")
    return segtf.export(small_model(logits=3), folder, "tflite", labels=LABELS[3], speed=False)


def metadata(path):
    """The whole of it as objects."""
    from mediapipe.tasks.metadata import metadata_schema_py_generated as tables

    model = schema.Model.GetRootAs(path.read_bytes())
    for entry in map(model.Metadata, range(model.MetadataLength())):
        if entry.Name() == b"TFLITE_METADATA":
            content = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
            assert tables.ModelMetadata.ModelMetadataBufferHasIdentifier(content, 0)
            return tables.ModelMetadataT.InitFromObj(tables.ModelMetadata.GetRootAs(content))
    raise AssertionError("no metadata")


def packed_files(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize("format", ["tflite", "tflite-int8"])
def test_input_and_output_are_described(tflite_exports, format):
    (subgraph,) = metadata(tflite_exports[format].path).subgraphMetadata
    (given,), (received,) = subgraph.inputTensorMetadata, subgraph.outputTensorMetadata
    assert b"24 x 32" in given.description and b"letterbox" in given.description
    if format == "tflite":
        size = given.content.contentProperties.defaultSize
        assert (size.height, size.width) == (24, 32)
        assert given.content.contentProperties.colorSpace == 1
    (unit,) = given.processUnits
    assert (list(unit.options.mean), list(unit.options.std)) == ([0.0], [1.0])
    assert (list(given.stats.min), list(given.stats.max)) == ([0.0], [255.0])
    assert received.name == (b"class_ids" if format == "tflite-int8" else b"logits")


def test_labels_are_packed_into_the_file(tflite_exports, several_classes):
    binary = {"labels.txt": "skin\nlesion\n", "channels.txt": "lesion\n"}
    assert packed_files(tflite_exports["tflite"].path) == binary
    assert packed_files(tflite_exports["tflite-int8"].path) == {"labels.txt": binary["labels.txt"]}
    assert packed_files(several_classes.path) == {"labels.txt": "road\ntree\ncar\n"}
    (subgraph,) = metadata(several_classes.path).subgraphMetadata
    (file,) = subgraph.outputTensorMetadata[0].associatedFiles
    assert (file.name, file.type) == (b"labels.txt", 2)


def segment(path, image):
    """What MediaPipe makes of an image: labels, confidence of each channel, category mask."""
    from mediapipe.tasks import python
    from mediapipe.tasks.python import vision

    options = vision.ImageSegmenterOptions(
        base_options=python.BaseOptions(model_asset_path=str(path)),
        output_category_mask=True,
        output_confidence_masks=True,
    )
    with vision.ImageSegmenter.create_from_options(options) as segmenter:
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=image)
        found = segmenter.segment(picture)
        return (
            segmenter.labels,
            np.concatenate([mask.numpy_view().copy() for mask in found.confidence_masks], axis=-1),
            found.category_mask.numpy_view()[..., 0].copy(),
        )


@pytest.mark.parametrize("format", ["tflite", "tflite-float16", "tflite-dynamic"])
def test_mediapipe_says_what_segtf_says(tflite_exports, format):
    path, image = tflite_exports[format].path, blocks(24, 32, seed=5)
    labels, confidence, _ = segment(path, image)
    assert labels == ["lesion"]
    np.testing.assert_allclose(confidence, segtf.load(path)(image).probabilities, atol=1e-5)


def test_mediapipe_on_several_classes(several_classes):
    image = blocks(24, 32, seed=5)
    labels, confidence, categories = segment(several_classes.path, image)
    prediction = segtf.load(several_classes.path)(image)
    assert labels == ["road", "tree", "car"]
    np.testing.assert_allclose(confidence, prediction.probabilities, atol=1e-5)
    np.testing.assert_array_equal(categories, prediction.mask)
    assert set(np.unique(categories)) == {0, 1, 2}


@pytest.mark.parametrize("kind", ["class ids", "any size"])
def test_mediapipe_refuses_what_it_would_misread(request, tmp_path, kind):
    if kind == "class ids":
        path = request.getfixturevalue("tflite_exports")["tflite-int8"].path
    else:
        model = small_model((None, None))
        path = segtf.export(
            model, tmp_path, "tflite", size=(24, 32), dynamic_size=True, speed=False
        ).path
    with pytest.raises((ValueError, RuntimeError), match="Expected ImageProperties"):
        segment(path, blocks(24, 32))
