"""TensorFlow, started without its greetings, so that a mistake stays one clear line."""

import contextlib
import os

from segtf.resources import usable_cores


def start_tensorflow(onednn=None):
    """Import TensorFlow.

    Args:
        onednn: whether to ask for oneDNN, which TensorFlow leaves off on some CPUs; `None`
            leaves the choice to it. What the environment says comes first.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow would take all of a GPU's memory, from other programs too.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    # TensorFlow sees which cores it is bound to, but not that a container may use a part of them.
    for pool in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(pool, str(usable_cores()))
    if onednn is not None:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", str(int(onednn)))
    with _silent_standard_error():
        import tensorflow  # noqa: F401


@contextlib.contextmanager
def _silent_standard_error():
    """Send what C++ libraries print to nowhere: they write to the descriptor itself."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
