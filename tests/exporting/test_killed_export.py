"""An export that is killed leaves nothing that a server would load."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tensorflow as tf
from export_examples import blocks, encode, small_model

from segtf.checksums import verify_export

SCRIPT = Path(__file__).with_name("killed_export.py")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("killed") / "small.keras"
    small_model().save(path)
    return path


def start(*arguments):
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def versions(directory):
    """What TensorFlow Serving takes for a version: every folder whose name is a number."""
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if path.name.isdecimal())


def require_whole(directory):
    for version in versions(directory):
        signature = tf.saved_model.load(str(version)).signatures["serving_default"]
        answer = signature(image_bytes=tf.constant([encode(blocks(9, 9))]))
        assert answer["error"].numpy() == [b""]
        assert (version / "assets.extra/segtf.json").is_file()
        assert (version / "assets.extra/tf_serving_warmup_requests").is_file()
        assert verify_export(version)[1] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "place", [("pathlib", "Path.rename"), ("segtf.exporting.saved_model.write", "write_warmup")]
)
def test_killed_at_the_worst_moments(model, tmp_path, place):
    with start(model, tmp_path / "served", *place) as process:
        _, error = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL, error
    (left,) = (tmp_path / "served").iterdir()
    assert left.name.startswith(".1.")
    assert (left / "saved_model.pb").is_file()
    assert versions(tmp_path / "served") == []


@pytest.mark.slow
def test_killed_at_any_moment(model, tmp_path):
    served = tmp_path / "served"
    with start(model, served) as process:
        process.stdout.readline()
        begun = time.monotonic()
        process.communicate(timeout=300)
    assert process.returncode == 0
    duration = time.monotonic() - begun
    assert [path.name for path in versions(served)] == ["1"]
    chance = random.Random(0)
    killed = 0
    for _ in range(12):
        with start(model, served) as process:
            process.stdout.readline()
            time.sleep(chance.uniform(0, 1.1 * duration))
            process.kill()
        killed += process.returncode == -signal.SIGKILL
        require_whole(served)
    assert killed >= 6
    with start(model, served) as process:
        process.communicate(timeout=300)
    require_whole(served)
    assert [int(path.name) for path in versions(served)] == list(
        range(1, len(versions(served)) + 1)
    )
