import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from serving_examples import assert_same_mask, encode, picture

import segtf
from segtf.cli import main


def request(*arguments):
    """Run `segtf request` in this process; returns its exit status."""
    with pytest.raises(SystemExit) as done:
        main(["request", *map(str, arguments)])
    return done.value.code


@pytest.fixture
def images(tmp_path):
    for name, size in (("a", (30, 50)), ("b", (9, 7))):
        (tmp_path / f"{name}.png").write_bytes(encode(picture(*size)))
    return [tmp_path / "a.png", tmp_path / "b.png"]


def test_masks_and_lines(url, images, tmp_path, base_path, capfd):
    out = tmp_path / "masks"
    assert request(url, *images, "--out", out, "--label", "stable", "--batch", 1) == 0
    printed = capfd.readouterr()
    predict = segtf.load(base_path / "1")
    for image, line in zip(images, printed.out.splitlines(), strict=True):
        mask = out / image.name
        assert line.startswith(f"{mask}: skin ") and "lesion" in line and "confidence" in line
        assert_same_mask(np.asarray(Image.open(mask)), predict(image).mask)
    assert printed.err == ""
    assert request(url, images[0], "--version", 2) == 0
    assert capfd.readouterr().out.startswith(f"{images[0]}: skin ")


def test_a_bad_image_does_not_spoil_the_others(url, images, tmp_path, capfd):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no image")
    assert request(url, images[0], bad, images[1], "--out", tmp_path / "masks") == 1
    printed = capfd.readouterr()
    assert len(printed.out.splitlines()) == 2
    cause, last = printed.err.splitlines()
    assert cause.startswith(f"{bad}: Expected an image")
    assert last == "segtf: 1 of 3 images have no mask"
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == ["a.png", "b.png"]


def test_mistakes_are_one_line(server, images, tmp_path, capfd):
    url = server.urls["rest"]
    mistakes = [
        (("127.0.0.1:8501", images[0]), "Expected http://"),
        ((url, images[0], "--model", "none"), "models.config"),
        ((url, images[0], "--version", 9), "version 9"),
        ((url, images[0], "--version", 1, "--label", "stable"), "not both"),
        (("http://127.0.0.1:9", images[0], "--retries", 0), "see that it runs"),
        ((url, images[0], images[0], "--out", tmp_path / "masks"), "names differ"),
    ]
    for arguments, named in mistakes:
        assert request(*arguments) == 2, arguments
        error = capfd.readouterr().err
        assert error.startswith("segtf: ") and error.count("\n") == 1, error
        assert named in error, error


BLOCKED = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent}:
            raise ImportError(f"No module named {{name!r}}")

sys.meta_path.insert(0, Absent())
from segtf.cli import main
main(sys.argv[1:])
"""


def run_without(absent, *arguments):
    return subprocess.run(
        [sys.executable, "-c", BLOCKED.format(absent=absent), *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        check=False,
    )


def test_rest_needs_no_tensorflow(server, images, tmp_path):
    heavy = ("tensorflow", "keras", "grpc", "scipy", "matplotlib", "tensorflow_serving")
    arguments = ("request", server.urls["rest"], *images, "--out", tmp_path / "masks")
    done = run_without(heavy, *arguments)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "masks" / "a.png").is_file()


def test_grpc_without_the_extra_says_so(server, images, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    monkeypatch.delitem(sys.modules, "segtf.serving.grpc_transport", raising=False)
    assert request(server.urls["grpc"], images[0]) == 2
    error = capfd.readouterr().err
    assert error.startswith("segtf: Expected the extra") and error.count("\n") == 1
    assert "pip install 'segtf[serving]'" in error
