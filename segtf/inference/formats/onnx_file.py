"""ONNX files: what they say about themselves, and running them."""

import json
from pathlib import Path

import numpy as np

from segtf import signatures
from segtf.files import reading
from segtf.inference.formats.format import ModelPath
from segtf.inference.heads import heads_of, of_no_images
from segtf.inference.onnx_graph import onnx_meaning
from segtf.inference.ports import Ports, Tensor, channel_axis_of
from segtf.inference.specs import adapt_exported_spec

_TYPES = {
    **{"float": np.float32, "float16": np.float16, "double": np.float64, "bool": np.bool_},
    **{"int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64},
    **{"uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64},
}


class OnnxFormat:
    """``.onnx`` files, of segtf or of others."""

    name, title = "onnx", "ONNX"

    def matches(self, given):
        """Return the `ModelPath` of an ``.onnx`` file."""
        is_one = isinstance(given, Path) and given.suffix == ".onnx" and given.is_file()
        return ModelPath(self, given) if is_one else None

    def details(self, found):
        """Return the dict that `segtf.export` wrote into it, or `None` if there is none."""
        return onnx_details(open_onnx(found.path), found.path)

    def open(self, found, **asked):
        """Return an `OnnxBackend`."""
        session = open_onnx(found.path)
        return OnnxBackend(found.path, session, *onnx_ports(session, found.path, **asked))

    def ports(self, path):
        """Return name, NumPy type and shape of the input and of the output of an export."""
        session = open_onnx(path)
        (given,), (received,) = session.get_inputs(), session.get_outputs()
        return [(one.name, "float32", one.shape) for one in (given, received)]


class OnnxBackend:
    """Runs an ONNX file by ONNX Runtime on the CPU.

    Args:
        path: the file.
        session: what `open_onnx` returned.
        spec: its `ModelSpec`.
        ports: `segtf.inference.ports.Ports` of a file that segtf did not write. One that it wrote
            takes float32 pixels and gives logits.
    """

    def __init__(self, path, session, spec, ports=None):
        self.spec = spec
        self.heads = heads_of(spec, signatures.LOGITS if ports is None else ports.gives)
        self._path = path
        self._ports = ports
        self._session = session
        self._input = session.get_inputs()[0]

    def __call__(self, pixels):
        """Return the logits, or the class ids, of a batch of pixels."""
        if not len(pixels):
            return of_no_images(self.heads)
        (name,) = self.heads
        if isinstance(self._input.shape[0], int):  # made for batches of one size
            return {name: np.concatenate([self._run(image[np.newaxis]) for image in pixels])}
        return {name: self._run(pixels)}

    def _run(self, pixels):
        is_own = self._ports is None
        numbers = pixels.astype(np.float32) if is_own else self._ports.feed(pixels)
        with reading(self._path, "an ONNX model"):  # some damage shows when it runs
            (outputs,) = self._session.run(None, {self._input.name: numbers})
        return outputs if is_own else self._ports.read(outputs)


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
        outputs: ``logits`` or ``probabilities``, where the caller knows what a model of others
            gives; `None` where its graph has to show it.
        asked: `labels` (a `LabelMap`), `resize` (a rule), `threshold` (0..1) and `size` (height
            and width), each `None` for what the file brings.

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
        text = session.get_modelmeta().custom_metadata_map.get(signatures.SPEC_METADATA)
        return None if text is None else dict(json.loads(text))


def _tensor(details, path):
    name = details.type.removeprefix("tensor(").removesuffix(")")
    if name not in _TYPES:
        raise ValueError(
            f"Expected a model of tensors of numbers. Received: {path}, {details.type}"
        )
    shape = tuple(side if isinstance(side, int) else None for side in details.shape)
    return Tensor(shape, _TYPES[name])
