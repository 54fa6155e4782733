"""segtf: image segmentation for Keras 3, from labelled images to models that run where needed.

The public names are imported on first use, so that ``import segtf`` stays light.
"""

import importlib

from segtf._backend import require_tensorflow_backend

__version__ = "0.1.0"

require_tensorflow_backend()

_PUBLIC_NAMES = {
    "unet": "segtf.models.unet",
    "segnet": "segtf.models.segnet",
    "lite": "segtf.models.lite",
    "LabelMap": "segtf.labels",
    "ModelSpec": "segtf.spec",
    "train": "segtf.training.train",
    "resume": "segtf.training.train",
    "TrainConfig": "segtf.training.config",
    "load": "segtf.inference.load",
    "evaluate": "segtf.evaluation.evaluate",
    "export": "segtf.exporting.export",
}
_PUBLIC_MODULES = ("data", "losses", "metrics", "models", "runs", "serving", "viz")

__all__ = [*_PUBLIC_NAMES, *_PUBLIC_MODULES]


def __getattr__(name):
    if name in _PUBLIC_NAMES:
        value = getattr(importlib.import_module(_PUBLIC_NAMES[name]), name)
        globals()[name] = value
        return value
    if name in _PUBLIC_MODULES:
        return importlib.import_module(f"segtf.{name}")
    raise AttributeError(f"module 'segtf' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
