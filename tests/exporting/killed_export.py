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

model, directory, *place = sys.argv[1:]
start_tensorflow()
importlib.import_module("segtf.exporting.export")
if place:
    module, name = place
    owner = importlib.import_module(module)
    parent, _, attribute = name.rpartition(".")
    holder = getattr(owner, parent) if parent else owner
    setattr(holder, attribute, lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL))
print("ready", flush=True)
main(["export", model, "--format", "saved_model", "--out", directory])
