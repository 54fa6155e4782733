"""What makes the command line easy: doctor, completion, what to type next."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

from segtf.cli import main
from segtf.cli.doctor import EXTRAS, NEEDED

SETUP = Path(__file__).parents[2] / "setup.cfg"


def segtf(*arguments):
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    return done.value.code


def test_the_doctor_says_what_is_there(capsys, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    assert segtf("doctor") == 0
    told = capsys.readouterr().out
    for part in ("tensorflow 2.", "processor", "GiB free", "oneDNN", "XLA", "GPU", "--precision"):
        assert part in told


def test_the_doctor_says_what_is_missing_and_what_brings_it(capsys, monkeypatch):
    monkeypatch.setattr(sys.modules["segtf.cli.doctor"], "_version", lambda package: None)
    assert segtf("doctor") == 1
    told = capsys.readouterr().out
    assert 'pip install "segtf[onnx]"' in told and 'pip install "tensorflow"' in told


def test_the_doctor_knows_the_packages_that_are_declared():
    setup = configparser.ConfigParser()
    setup.read(SETUP)
    for extra, (package, _) in EXTRAS.items():
        assert package in setup["options.extras_require"][extra]
    assert all(package in setup["options"]["install_requires"] for package in NEEDED)


def run_module(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "segtf", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_the_module_is_the_command():
    assert run_module("--version").stdout.startswith("segtf, version 0.")


def test_the_shell_completes_commands():
    words = {"COMP_WORDS": "segtf pred", "COMP_CWORD": "1", "_SEGTF_COMPLETE": "bash_complete"}
    assert run_module(**words).stdout == "plain,predict\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tran",), "Did you mean 'train'"),
        (("train", "x", "--epocs", "3"), "'--epochs'"),
        (("predict", "x"), "`segtf predict --help`"),
        (("train", "--resume", "none"), "segtf train RUN --data-dir DIR"),
    ],
)
def test_a_mistake_names_what_to_type(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert segtf(*arguments) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
