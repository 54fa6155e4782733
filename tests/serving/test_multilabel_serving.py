"""Classes that overlap, as a server gives them: a picture for each."""

import numpy as np
import pytest
from PIL import Image
from served_models import Models
from server import ModelServer

import segtf
from segtf.cli import main
from segtf.serving import Client, ServingError
from segtf.serving.answers import make_answers


@pytest.fixture(scope="module")
def exported(shapes_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served") / "segtf"
    return segtf.export(shapes_run, folder, speed=False).path


@pytest.fixture(scope="module")
def urls(exported):
    models = Models.load(exported.parent, "segtf")
    with ModelServer(models) as server:
        yield server.urls
    models.close()


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_a_server_gives_what_predict_gives(urls, transport, shapes_run, shapes):
    images = sorted(shapes.glob("images/*.jpg"))[:3]
    predict = segtf.load(shapes_run)
    with Client(urls[transport], timeout=60) as client:
        *answers, failed = client.segment([*images, b"none"])
        signature = client.metadata().signatures["serving_default"]
    assert signature.outputs["mask_bytes"].shape == (None, 3)
    for answer, image in zip(answers, images, strict=True):
        prediction = predict(image)
        np.testing.assert_array_equal(answer.mask, prediction.mask)
        assert tuple(answer.masks) == tuple(answer.coverage) == prediction.names
        np.testing.assert_allclose(list(answer.coverage.values()), prediction.coverage, atol=1e-6)
        assert answer.confidence == pytest.approx(prediction.confidence, abs=1e-5)
    assert failed.mask is None
    with pytest.raises(ValueError, match="with a mask"):
        _ = failed.masks


def test_pixels_have_labels_and_the_model_is_loaded_as_it_was(exported, shapes_run, shapes):
    predict, loaded = segtf.load(shapes_run), segtf.load(exported)
    image = next(shapes.glob("images/*.jpg"))
    assert loaded.spec == predict.spec
    np.testing.assert_array_equal(loaded(image).mask, predict(image).mask)
    labels = loaded.backend.model.signatures["labels"]
    found = labels(pixels=predict.canvas(image)[np.newaxis])["labels"].numpy()
    assert found.shape == (1, *predict.spec.size, 3) and found.dtype == np.uint8
    assert "class_ids" not in loaded.backend.model.signatures


def test_request_writes_a_file_for_each_class(urls, shapes, shapes_run, tmp_path, capfd):
    image = next(shapes.glob("images/*.jpg"))
    with pytest.raises(SystemExit) as done:
        main(["request", urls["rest"], str(image), "--out", str(tmp_path / "masks")])
    assert done.value.code == 0
    said = capfd.readouterr().out
    assert said.startswith(str(tmp_path / "masks" / "*" / f"{image.stem}.png")) and "ring" in said
    for name, mask in segtf.load(shapes_run)(image).masks.items():
        with Image.open(tmp_path / "masks" / name / f"{image.stem}.png") as written:
            np.testing.assert_array_equal(np.asarray(written), mask)


@pytest.mark.parametrize("masks", [[], [b"png"], [b"png"] * 2])
def test_other_than_a_picture_of_each_class_is_refused(masks):
    outputs = {"mask_bytes": [masks], "coverage": [[0.1, 0.2]], "confidence": [0.5]}
    outputs |= {"class_names": [["disc", "ring"]], "error": [""]}
    with pytest.raises(ServingError, match="mask_bytes"):
        make_answers(outputs, 1)
