"""Locks and leftovers, with processes that are killed."""

import signal
import subprocess
import sys

import pytest

from segtf.files import publishing_folder, remove_leftovers, replacing, write_atomically
from segtf.locks import Lock, Locked
from segtf.runs import Run

HOLD = """
import sys
from segtf.files import publishing_folder, replacing
from segtf.locks import Lock
what, path = sys.argv[1:]
with {"file": replacing, "folder": publishing_folder, "lock": Lock}[what](path):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holding():
    """Let another process write a file or folder, or hold a lock, until it is killed."""
    begun = []

    def begin(what, path):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, what, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_a_living_process_writes_is_left_and_what_a_killed_one_wrote_is_removed(
    tmp_path, holding, what
):
    process = holding(what, tmp_path / "model.keras")
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".model.")
    assert remove_leftovers(tmp_path) == []
    assert left.exists()
    kill(process)
    assert remove_leftovers(tmp_path) == [left]
    assert list(tmp_path.iterdir()) == []


def test_writing_into_a_folder_removes_what_a_killed_process_left_there(tmp_path, holding):
    kill(holding("folder", tmp_path / "1"))
    kill(holding("file", tmp_path / "other.png"))
    write_atomically(tmp_path / "answer.txt", "42")
    assert [path.name for path in tmp_path.iterdir()] == ["answer.txt"]


def test_files_of_others_are_left(tmp_path):
    names = (".gitignore", ".model.1234.keras", ".segtf-notes", "a.segtf-01234567", ".x.segtf-1")
    for name in names:
        (tmp_path / name).write_text("")
    (tmp_path / ".link.segtf-01234567").symlink_to(tmp_path / ".gitignore")
    assert remove_leftovers(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == len(names) + 1


def test_a_lock_ends_with_its_process(tmp_path, holding):
    run = Run.create(tmp_path / "run", {})
    process = holding("lock", run.path / "config.json")
    with pytest.raises(ValueError, match=r"no other process is training\. Received: .*run"):
        run.lock()
    kill(process)
    with run.lock():
        pass


def test_a_lock_is_held_within_a_process_too(tmp_path):
    with Lock(tmp_path), pytest.raises(Locked):
        Lock(tmp_path)
    with Lock(tmp_path):
        pass


def test_an_opened_run_is_tidy(tmp_path, holding):
    run = Run.create(tmp_path / "run", {})
    for name in ("best.keras", "checkpoints/state.npz", "report/metrics.json"):
        kill(holding("file", run.path / name))
    Run.open(run.path)
    assert [path for path in run.path.rglob(".*")] == []


def test_long_names_are_written(tmp_path):
    path = tmp_path / f"{'ä' * 120}.png"
    with replacing(path) as beside:
        beside.write_text("")
    with publishing_folder(tmp_path / ("ä" * 126)):
        pass
    assert path.is_file()
