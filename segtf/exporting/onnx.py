"""ONNX files: for ONNX Runtime, OpenVINO, TensorRT and others that read them."""

import contextlib
import importlib.util
import io
import logging
import tempfile
from pathlib import Path

import keras

from segtf import signatures

_PACKAGES = ("tf2onnx", "onnxruntime")
_AXES = ("batch", "height", "width", "channels")


def convert_to_onnx(model, spec, metadata, dynamic_size=False):
    """Convert a model.

    Args:
        model: `keras.Model` in float32 that gives logits.
        spec: its `ModelSpec`.
        metadata: name to text of what the file says about itself.
        dynamic_size: whether the file takes any height and width, as the model then has to.

    Returns:
        The bytes of a file that takes float32 pixels 0..255 `(N, H, W, C)` named ``pixels`` and
        gives float32 logits `(N, H, W, K)` named ``logits``. Axes of any length are named
        ``batch``, ``height`` and ``width``.

    Raises:
        ValueError: if the packages of the extra ``onnx`` are missing.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(
            "Expected the packages of the extra onnx: pip install 'segtf[onnx]'. "
            f"Received: none of the name {missing[0]}"
        )
    import onnx

    size = (None, None) if dynamic_size else spec.size
    pixels = keras.InputSpec(
        shape=(None, *size, spec.channels), dtype="float32", name=signatures.PIXELS
    )
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "model.onnx"
        model.export(path, format="onnx", input_signature=[pixels], verbose=False)
        proto = onnx.load(path)
    _name_output(proto.graph, signatures.LOGITS)
    _name_axes(proto.graph)
    for name, text in metadata.items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = name, text
    onnx.checker.check_model(proto)
    return proto.SerializeToString()


def _name_output(graph, name):
    (output,) = graph.output
    for node in graph.node:
        for names in (node.input, node.output):
            for place, one in enumerate(names):
                if one == output.name:
                    names[place] = name
    output.name = name


def _name_axes(graph):
    for tensor in (*graph.input, *graph.output):
        sides = tensor.type.tensor_type.shape.dim
        for side, name in zip(sides, _AXES, strict=True):
            if not side.HasField("dim_value"):
                side.dim_param = name
    # Those between go by names of the converter's, which nobody needs.
    del graph.value_info[:]


@contextlib.contextmanager
def _quiet():
    """Keep the converter's running commentary away."""
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
