"""Exports a model in a process of its own, which a test kills.

    killed_export.py MODEL.keras DIR [MODULE NAME]

With MODULE and NAME, the process kills itself where that function is called. Once everything is
imported it says "ready".
"""

import importlib
import os
import signal
import sys

from segtf.cli import main
from segtf.cli.start import start_tensorflow


def export(model, directory, module=None, name=None):
    start_tensorflow()
    importlib.import_module("segtf.exporting.export")
    if module:
        kill_at(importlib.import_module(module), name)
    print("ready", flush=True)
    main(["export", model, "--format", "saved_model", "--out", directory])


def kill_at(owner, name):
    parent, _, attribute = name.rpartition(".")
    holder = getattr(owner, parent) if parent else owner
    setattr(holder, attribute, lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL))


if __name__ == "__main__":
    export(*sys.argv[1:])
