"""What an ONNX file says about itself."""

import json

from segtf.inference.specs import adapt_exported_spec, make_spec
from segtf.signatures import SPEC_METADATA


def open_onnx(path):
    """Return an ONNX Runtime session of a file, on the CPU.

    Raises:
        ValueError: if ONNX Runtime is not installed, or cannot read the file.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ValueError(
            "Expected ONNX Runtime, which runs .onnx files: pip install 'segtf[onnx]'. "
            f"Received: {path}"
        ) from None
    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # of classes that ONNX Runtime does not make public
        raise ValueError(f"Expected an ONNX model. Received: {path}: {error}") from error


def onnx_spec(session, **asked):
    """Return the spec of an ONNX model: what its metadata says, or one made up from its shapes.

    Args:
        session: what `open_onnx` returned.
        asked: `labels`, `resize`, `threshold` and `size`, as `segtf.load` takes them.

    Raises:
        ValueError: if the arguments do not fit the model.
    """
    text = session.get_modelmeta().custom_metadata_map.get(SPEC_METADATA)
    if text is not None:
        return adapt_exported_spec(json.loads(text), **asked)
    (pixels,), (outputs,) = session.get_inputs(), session.get_outputs()
    shape = [side if isinstance(side, int) else None for side in pixels.shape[1:]]
    return make_spec(tuple(shape), outputs.shape[-1], **asked)
