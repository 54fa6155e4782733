"""The one Keras backend that segtf runs on."""

import json
import os
import sys
from pathlib import Path


def require_tensorflow_backend():
    """Refuse a Keras that is, or would be, set to another backend than TensorFlow.

    Raises:
        ImportError: with the remedy, before Keras is imported in vain.
    """
    backend = _configured_backend()
    if backend != "tensorflow":
        raise ImportError(
            "segtf needs Keras with the TensorFlow backend: set KERAS_BACKEND=tensorflow in the "
            f"environment before Keras is imported. Received: backend {backend!r}"
        )


def _configured_backend():
    if "keras" in sys.modules and hasattr(sys.modules["keras"], "config"):
        return sys.modules["keras"].config.backend()
    if "KERAS_BACKEND" in os.environ:
        return os.environ["KERAS_BACKEND"]
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        return json.loads((home / "keras.json").read_text()).get("backend", "tensorflow")
    except (OSError, ValueError):
        return "tensorflow"
