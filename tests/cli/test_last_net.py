"""What the command line makes of whatever a command raises."""

import csv
import errno
import os
import re
import signal
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import click
import pytest

from segtf import cli as command_line
from segtf.cli import main
from segtf.cli.start import start_tensorflow


@pytest.fixture
def run_command(monkeypatch, capfd):
    """Run a command that calls a function; returns exit status, output and errors."""

    def run(function, *options):
        command = click.command("trial")(function)
        monkeypatch.setitem(command_line.cli.commands, "trial", command)
        with pytest.raises(SystemExit) as done:
            main(["trial", *options])
        return done.value.code, *capfd.readouterr()

    return run


def raising(error):
    def function(*arguments, **settings):
        raise error

    return function


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a/b.keras"), "a/b.keras: No space"),
        (OSError(errno.ENOSPC, "No space left on device"), "temporary ones go to "),
        (PermissionError(errno.EACCES, "Permission denied", "a/b"), "Permission denied: 'a/b'"),
        (MemoryError("Unable to allocate 74.5 GiB"), "memory"),
        (csv.Error("field larger than field limit (131072)"), "131072"),
        (zipfile.BadZipFile("File is not a zip file"), "not a zip file"),
        (zlib.error("incorrect header check"), "incorrect header"),
        (ModuleNotFoundError("No module named 'pycocotools'"), "pycocotools"),
        (ValueError("Expected one\nthing. Received: two"), "Expected one thing. Received: two"),
        (EOFError("no more"), "no more"),
        (ValueError(), "ValueError"),
    ],
)
def test_what_libraries_raise_is_one_line(run_command, error, named):
    status, _, shown = run_command(raising(error))
    assert status == 2
    assert shown.lstrip("\n").startswith("segtf: ")
    assert shown.strip("\n").count("\n") == 0
    assert named in shown
    assert "fault" not in shown


def test_errors_of_tensorflow_are_one_line(run_command):
    start_tensorflow()
    import tensorflow as tf

    full = tf.errors.ResourceExhaustedError(None, None, "x/saved_model.pb; No space left on device")
    for error, named in (
        (full, "room on the disk"),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"), "enough memory"),
        (tf.errors.NotFoundError(None, None, "x; No such file"), "x; No such file"),
    ):
        status, _, shown = run_command(raising(error))
        assert (status, shown.count("\n")) == (2, 1)
        assert named in shown


def test_a_fault_is_called_one_and_its_traceback_kept(run_command, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    status, _, shown = run_command(raising(KeyError("labels")))
    assert status == 2
    assert shown.startswith("segtf: this is a fault of segtf, not of yours: KeyError: 'labels'")
    assert shown.count("\n") == 1
    kept = Path(re.search(r"with (\S+), which", shown)[1])
    assert kept.parent == tmp_path
    assert "Traceback" in kept.read_text()


def test_a_fault_without_room_for_its_traceback_shows_it(run_command, monkeypatch):
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("segtf.cli.errors.tempfile.NamedTemporaryFile", raising(full))
    status, _, shown = run_command(raising(KeyError("labels")))
    assert status == 2
    assert "Traceback" in shown
    assert "with the traceback above" in shown


def test_debug_raises_a_fault(run_command):
    with pytest.raises(KeyError):
        run_command(raising(KeyError("labels")), "--debug")


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)],
)
def test_signals_end_a_command_after_it_has_tidied_up(run_command, number, status):
    tidied = []

    def interrupted():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            tidied.append(True)

    before = signal.getsignal(number)
    assert run_command(interrupted)[0] == status
    assert tidied
    assert signal.getsignal(number) is before


def test_an_ignored_signal_stays_ignored(run_command):
    kept = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run_command(lambda: os.kill(os.getpid(), signal.SIGHUP))[0] == 0
    finally:
        signal.signal(signal.SIGHUP, kept)


PRINT = """
import sys, click
from segtf import cli
@click.command()
def trial():
    for index in range(20000):
        click.echo(f"line {index} of image\\udcff.png")
cli.cli.add_command(trial)
cli.main(["trial"])
"""


def printing(output):
    return subprocess.Popen(
        [sys.executable, "-c", PRINT], stdout=output, stderr=subprocess.PIPE, text=True
    )


def test_a_reader_that_has_seen_enough_is_no_error():
    with printing(subprocess.PIPE) as process:
        assert process.stdout.readline() == "line 0 of image\\udcff.png\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_output_to_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as full, printing(full) as process:
        shown = process.stderr.read()
    assert process.returncode == 2
    assert shown.startswith("segtf: Expected room on the disk.")
    assert shown.count("\n") == 1
