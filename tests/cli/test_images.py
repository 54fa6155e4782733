"""`segtf predict`: which images, what shows them, and that nothing is lost."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import keras
import numpy as np
import pytest
from PIL import Image

from segtf.cli import main
from segtf.data.decode import read_mask


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


def masks(folder):
    return {path.name for path in folder.glob("*.png")}


def test_a_folder_is_all_its_pictures(model, scans, tmp_path):
    assert segtf("predict", model, scans, "--out", tmp_path / "masks") == 0
    assert masks(tmp_path / "masks") == {"a.png", "b [1].png", "c.png"}
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
    assert masks(tmp_path / "masks") == names


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
    assert masks(tmp_path / "masks") == {"c.png", "d.png"}
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


def test_what_is_predicted_is_shown(model, scans, tmp_path, capfd):
    out = tmp_path / "out"
    (scans / "bad.jpg").write_text("no image")
    assert segtf("predict", model, scans, "--out", out) == 1
    names = ("a", "b [1]", "c")
    assert {path.name for path in (out / "overlays").iterdir()} == {f"{n}.jpg" for n in names}
    assert not (out / "cutouts").exists() and not (out / "probabilities").exists()
    assert "predictions.html" in capfd.readouterr().out
    page = (out / "predictions.html").read_text()
    assert page.count("data:image") == 6 and "http" not in page
    assert "b [1].png" in page and "bad.jpg: Expected an image" in page
    with Image.open(out / "predictions.jpg") as sheet:
        assert sheet.width == 8 + 3 * 264
    assert segtf("predict", model, scans / "more", "--out", out / "more", "--ids-only") == 0
    assert [path.name for path in (out / "more").iterdir()] == ["d.png"]


def test_ids_in_colour_probabilities_and_cutouts(model, scans, tmp_path):
    plain, out = tmp_path / "plain", tmp_path / "out"
    extra = ("--palette", "--probabilities", "--cutout")
    for _ in range(2):  # files of an earlier call may be replaced
        assert segtf("predict", model, scans / "a.png", "--out", out, *extra) == 0
    assert segtf("predict", model, scans / "a.png", "--out", plain) == 0
    with Image.open(plain / "a.png") as grey, Image.open(out / "a.png") as colored:
        assert (grey.mode, colored.mode) == ("L", "P")
        ids = np.asarray(grey)
        np.testing.assert_array_equal(np.asarray(colored), ids)
        assert colored.convert("RGB").getpixel((0, 0)) != (ids[0, 0],) * 3 or not ids[0, 0]
    np.testing.assert_array_equal(read_mask(out / "a.png"), ids)
    chances = np.asarray(Image.open(out / "probabilities" / "1-class_1" / "a.png"))
    np.testing.assert_array_equal(chances >= 128, ids == 1)
    cutout = np.asarray(Image.open(out / "cutouts" / "a.png"))
    image = np.asarray(Image.open(scans / "a.png"))
    np.testing.assert_array_equal(cutout[..., 3], np.where(ids == 1, 255, 0))
    np.testing.assert_array_equal(cutout[..., :3], np.where(ids[..., None] == 1, image, 0))


def test_classes_without_a_background_are_not_cut_out(scans, tmp_path, capfd):
    pixels = keras.Input((8, 8, 3))
    keras.Model(pixels, keras.layers.Conv2D(3, 1)(pixels)).save(tmp_path / "own.keras")
    (tmp_path / "names.txt").write_text("red sky\nroad\ncar\n")
    command = ("predict", tmp_path / "own.keras", scans, "--labels", tmp_path / "names.txt")
    assert segtf(*command, "--out", tmp_path / "out", "--probabilities") == 0
    drawn = sorted((tmp_path / "out" / "probabilities").iterdir())
    assert [path.name for path in drawn] == ["0-red_sky", "1-road", "2-car"]
    total = sum(np.asarray(Image.open(path / "a.png")).astype(int) for path in drawn)
    assert (abs(total - 255) <= 2).all()


@pytest.mark.parametrize("name", ["predictions.html", "predictions.jpg", "overlays/c.jpg"])
def test_files_of_others_stay(name, model, scans, tmp_path, capfd):
    theirs = tmp_path / "out" / name
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes((scans / "c.jpg").read_bytes())
    assert segtf("predict", model, scans, "--out", tmp_path / "out") == 2
    assert f"{name}, another file" in capfd.readouterr().err
    assert theirs.read_bytes() == (scans / "c.jpg").read_bytes()
    assert masks(tmp_path / "out") == set()


def test_lists_name_images(model, scans, tmp_path, capfd):
    listed = scans / "list.txt"
    listed.write_text("# some\nc.jpg\n\nmore/*.png\ngone.png\n")
    for given in ((f"@{listed}",), ("--list", listed)):
        out = tmp_path / given[0].strip("-")[:4]
        assert segtf("predict", model, *given, scans / "a.png", "--out", out, "--ids-only") == 1
        assert masks(out) == {"a.png", "c.png", "d.png"}
        assert "gone.png" in capfd.readouterr().err
    listed.write_text("# nothing\n")
    for given in ((f"@{listed}",), (f"@{tmp_path / 'none.txt'}",), ()):
        assert segtf("predict", model, *given, "--out", tmp_path / "out") == 2
        assert capfd.readouterr().err.count("\n") == 1


def test_a_terminal_is_told_how_far_it_is(model, scans, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("segtf.cli.progress.is_terminal", lambda: True)
    assert segtf("predict", model, scans, "--out", tmp_path / "out") == 0
    told = capsys.readouterr().err
    assert "0 of 3 images" in told and "2 of 3 images" in told
    assert told.endswith("\r")  # and the line is taken away


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
