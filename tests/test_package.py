import os
import subprocess
import sys


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_import_and_help_do_without_tensorflow():
    code = """
import sys, segtf
from segtf.cli import main
try:
    main(["train", "--help"])
except SystemExit as done:
    assert not done.code
from segtf.cli.options import train_config
train_config({})  # before `segtf train` tells TensorFlow how to start
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert "--epochs" in done.stdout


def test_every_public_name_is_there():
    import segtf

    for name in segtf.__all__:
        assert getattr(segtf, name) is not None
    assert callable(segtf.unet)
    assert callable(segtf.train)


def test_another_backend_is_refused_with_the_remedy():
    done = run_python("import segtf", KERAS_BACKEND="jax")
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "KERAS_BACKEND=tensorflow" in last
    assert last.endswith("Received: backend 'jax'")
