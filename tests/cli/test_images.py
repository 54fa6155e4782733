"""`segtf predict`: which images, and that nothing is lost."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import keras
import numpy as np
import pytest
from PIL import Image

from segtf.cli import main


def segtf(*arguments):
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    return done.value.code


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pixels = keras.Input((8, 8, 3))
    path = tmp_path_factory.mktemp("model") / "own.keras"
    keras.Model(pixels, keras.layers.Conv2D(1, 1)(pixels)).save(path)
    return path


@pytest.fixture
def scans(tmp_path):
    """A folder of three pictures, a text, a hidden file and a subfolder."""
    folder = tmp_path / "scans"
    (folder / "more").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    for name in ("a.png", "b [1].png", "c.jpg", "more/d.png", ".hidden.png"):
        Image.fromarray(pixels).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_all_its_pictures(model, scans, tmp_path):
    assert segtf("predict", model, scans, "--out", tmp_path / "masks") == 0
    assert set(contents(tmp_path / "masks")) == {"a.png", "b [1].png", "c.png"}
    # Masks of an earlier call may be replaced.
    assert segtf("predict", model, scans, "--out", tmp_path / "masks") == 0


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.png", {"a.png", "b [1].png"}),
        ("[ac].*", {"a.png", "c.png"}),
        ("**/*.png", {"a.png", "b [1].png", "d.png"}),
        ("b [1].png", {"b [1].png"}),
    ],
)
def test_a_pattern_is_what_it_matches(pattern, names, model, scans, tmp_path):
    assert segtf("predict", model, scans / pattern, "--out", tmp_path / "masks") == 0
    assert set(contents(tmp_path / "masks")) == names


def test_a_file_named_twice_is_refused(model, scans, tmp_path, capfd):
    both = (scans / "*.jpg", scans / "c.jpg")
    assert segtf("predict", model, *both, "--out", tmp_path / "masks") == 2
    assert "Expected images whose names differ" in capfd.readouterr().err
    assert not (tmp_path / "masks").exists()


def test_what_names_nothing_is_one_line(model, scans, tmp_path, capfd):
    (tmp_path / "empty").mkdir()
    for argument, named in (
        (tmp_path / "empty", "empty, which has none"),
        (scans / "*.tif", "*.tif"),
        (scans / "x.png", "x.png, which does not exist"),
    ):
        capfd.readouterr()
        assert segtf("predict", model, argument, "--out", tmp_path / "masks") == 2
        error = capfd.readouterr().err
        assert error.count("\n") == 1
        assert named in error
    assert not (tmp_path / "masks").exists()


def test_the_images_are_never_replaced(model, scans, tmp_path, capfd):
    (tmp_path / "link").symlink_to(scans)
    before = contents(scans)
    for images, out in (
        ([scans / "a.png"], scans),
        ([scans / "c.jpg", scans / "a.png"], tmp_path / "link"),
        ([scans], scans),
        ([scans / "*.jpg", scans / "more" / "d.png"], scans / "more"),
        ([scans / "more" / "d.png"], scans / "notes.txt"),
    ):
        for command in (("predict", model), ("request", "http://127.0.0.1:9")):
            capfd.readouterr()
            assert segtf(*command, *images, "--out", out) == 2
            assert capfd.readouterr().err.count("\n") == 1
    # A picture that is no image of the call stays as well.
    (tmp_path / "a.jpg").write_bytes((scans / "c.jpg").read_bytes())
    assert segtf("predict", model, tmp_path / "a.jpg", "--out", scans) == 2
    assert contents(scans) == before


def test_a_bad_image_does_not_stop_the_others(model, scans, tmp_path, capfd):
    (scans / "a.png").write_bytes((scans / "a.png").read_bytes()[:60])
    (scans / "b [1].png").write_text("no image")
    images = (scans, scans / "gone.png", scans / "more" / "d.png")
    assert segtf("predict", model, *images, "--out", tmp_path / "masks") == 1
    assert set(contents(tmp_path / "masks")) == {"c.png", "d.png"}
    *failed, count = capfd.readouterr().err.splitlines()
    assert [name for name in ("a.png", "b [1].png", "gone.png") if name in "".join(failed)]
    assert len(failed) == 3
    assert count == "segtf: 3 of 5 images have no mask"


def test_a_model_that_cannot_answer_stops_at_once(scans, tmp_path, capfd):
    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(1, 1, activation="hard_sigmoid")(pixels)
    keras.Model(pixels, x).save(tmp_path / "own.keras")
    capfd.readouterr()
    command = ("predict", tmp_path / "own.keras", scans, "--out", tmp_path / "masks")
    assert segtf(*command) == 2
    assert "--outputs" in capfd.readouterr().err
    assert segtf(*command, "--outputs", "probabilities") == 0


@pytest.fixture
def server():
    """A server whose model finds fault with every image."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            count = len(body["inputs"]["image_bytes"])
            columns = {
                "mask_bytes": {"b64": ""},
                "coverage": [0.0, 0.0],
                "confidence": 0.0,
                "class_names": ["a", "b"],
                "error": "too dark",
            }
            outputs = {key: [value] * count for key, value in columns.items()}
            body = json.dumps({"outputs": outputs}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_request_goes_on_as_predict_does(server, scans, capfd):
    images = (scans / "c.jpg", scans / "gone.png")
    assert segtf("request", server, *images) == 1
    error = capfd.readouterr().err
    assert "gone.png (No such file" in error
    assert "c.jpg: too dark" in error
    assert error.endswith("segtf: 2 of 2 images have no mask\n")


def test_names_that_are_no_utf8_are_shown(model, scans, tmp_path, capfd):
    name = os.fsencode(scans) + b"/\xff.png"
    os.link(scans / "a.png", name)
    assert segtf("predict", model, os.fsdecode(name), "--out", tmp_path / "masks") == 0
    assert "udcff.png" in capfd.readouterr().out
