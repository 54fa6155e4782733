"""What an ONNX file says about itself."""

import json

import numpy as np

from segtf.files import reading
from segtf.inference.onnx_graph import onnx_meaning
from segtf.inference.ports import Ports, Tensor, channel_axis_of
from segtf.inference.specs import adapt_exported_spec
from segtf.signatures import SPEC_METADATA

_TYPES = {
    **{"float": np.float32, "float16": np.float16, "double": np.float64, "bool": np.bool_},
    **{"int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64},
    **{"uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64},
}


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
    with reading(path, "an ONNX model"):
        # Its fallback would try again what failed, and print that it does.
        session = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], enable_fallback=0
        )
        for tensor in (*session.get_inputs(), *session.get_outputs()):
            tensor.shape  # noqa: B018 - names of axes that are no text fail here, not later
    return session


def onnx_ports(session, path, outputs=None, **asked):
    """Return the spec of an ONNX model, and its ports where segtf did not write it.

    Args:
        session: what `open_onnx` returned.
        path: the file.
        outputs: what a model of one's own gives, as `segtf.load` takes it.
        asked: `labels`, `resize`, `threshold` and `size`, as `segtf.load` takes them.

    Returns:
        A `ModelSpec`, and `Ports` or `None`.

    Raises:
        ValueError: for a damaged spec, or if the arguments do not fit the model.
    """
    details = onnx_details(session, path)
    if details is not None:
        return adapt_exported_spec(details, path, outputs=outputs, **asked), None
    given, received = session.get_inputs(), session.get_outputs()
    if len(given) != 1 or len(received) != 1:
        raise ValueError(
            f"Expected a model of one input and one output. Received: {path} of {len(given)} and "
            f"{len(received)}"
        )
    given, received = _tensor(given[0], path), _tensor(received[0], path)
    channel_axis = channel_axis_of(given.shape, received.shape)
    meaning = onnx_meaning(path, channel_axis)
    ports = Ports(given, received, meaning, outputs, **asked)
    return ports.spec, ports


def onnx_details(session, path):
    """Return the dict that `segtf.export` wrote into an ONNX file, or `None` if there is none.

    Args:
        session: what `open_onnx` returned.
        path: the file.

    Raises:
        ValueError: if what is there is damaged.
    """
    with reading(path, "an ONNX model with the spec that segtf.export wrote"):
        text = session.get_modelmeta().custom_metadata_map.get(SPEC_METADATA)
        return None if text is None else dict(json.loads(text))


def _tensor(details, path):
    name = details.type.removeprefix("tensor(").removesuffix(")")
    if name not in _TYPES:
        raise ValueError(
            f"Expected a model of tensors of numbers. Received: {path}, {details.type}"
        )
    shape = tuple(side if isinstance(side, int) else None for side in details.shape)
    return Tensor(shape, _TYPES[name])
