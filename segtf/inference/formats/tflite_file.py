"""TFLite files: what they say about themselves, and running them."""

import json
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from segtf import signatures
from segtf.files import reading
from segtf.inference.formats.format import ModelPath
from segtf.inference.heads import heads_of, of_no_images
from segtf.inference.ports import Ports, Quantization, Tensor
from segtf.inference.specs import adapt_exported_spec
from segtf.inference.tflite_graph import tflite_meaning
from segtf.tasks.choice import task_of
from segtf.text_files import printable

_MOST_VALUES = 2**30
_LARGEST_STEP = 2**14
"""Largest stride or size of a window of an operation: beyond it a file is damaged."""


class TFLiteFormat:
    """``.tflite`` files, of segtf or of others."""

    name, title = "tflite", "TFLite"

    def matches(self, given):
        """Return the `ModelPath` of a ``.tflite`` file."""
        is_one = isinstance(given, Path) and given.suffix == ".tflite" and given.is_file()
        return ModelPath(self, given) if is_one else None

    def details(self, found):
        """Return the dict that `segtf.export` wrote into it, or `None` if there is none."""
        return tflite_details(found.path)

    def open(self, found, **asked):
        """Return a `TFLiteBackend`."""
        spec, ports = open_tflite(found.path, **asked)
        with reading(found.path, "a TFLite model"):
            return TFLiteBackend(found.path, spec, ports)

    def ports(self, path):
        """Return name, NumPy type and shape of the input and of the output of a file."""
        interpreter = Interpreter(str(path))
        (given,), (received,) = interpreter.get_input_details(), interpreter.get_output_details()
        return [
            (one["name"], np.dtype(one["dtype"]).name, one["shape_signature"].tolist())
            for one in (given, received)
        ]


class TFLiteBackend:
    """Runs a TFLite file, on one image after the other.

    Args:
        path: the file.
        spec: its `ModelSpec`.
        ports: `segtf.inference.ports.Ports` of a file that segtf did not write. One that it wrote
            takes float32 or uint8 pixels and gives logits, float32, or what is decided, uint8.
    """

    def __init__(self, path, spec, ports=None):
        self.spec = spec
        self._ports = ports
        self._path = path
        self._interpreter = Interpreter(str(path))
        self._input = self._interpreter.get_input_details()[0]
        shape = (1, *spec.size, spec.channels) if ports is None else ports.input_shape(1)
        if tuple(self._input["shape"]) != shape:  # exported with any size
            self._interpreter.resize_tensor_input(self._input["index"], shape, strict=True)
        self._interpreter.allocate_tensors()
        self._output = self._interpreter.get_output_details()[0]
        if ports is None:
            is_decided = self._output["dtype"] == np.uint8
            gives = task_of(spec).decided if is_decided else signatures.LOGITS
        else:
            gives = ports.gives
        self.heads = heads_of(spec, gives)

    def __call__(self, pixels):
        """Return the logits, or the class ids, of a batch of pixels."""
        if not len(pixels):
            return of_no_images(self.heads)
        (name,) = self.heads
        return {name: np.concatenate([self._run(image[np.newaxis]) for image in pixels])}

    def _run(self, pixels):
        is_own = self._ports is None
        numbers = pixels.astype(self._input["dtype"]) if is_own else self._ports.feed(pixels)
        with reading(self._path, "a TFLite model"):  # some damage shows when it runs
            self._interpreter.set_tensor(self._input["index"], numbers)
            self._interpreter.invoke()
            outputs = self._interpreter.get_tensor(self._output["index"])
        return outputs if is_own else self._ports.read(outputs)


def open_tflite(path, outputs=None, **asked):
    """Return the spec of a TFLite file, and its ports where segtf did not write it.

    Args:
        path: the file.
        outputs: ``logits`` or ``probabilities``, where the caller knows what a model of others
            gives; `None` where its graph has to show it.
        asked: `labels` (a `LabelMap`), `resize` (a rule), `threshold` (0..1) and `size` (height
            and width), each `None` for what the file brings.

    Returns:
        A `ModelSpec`, and `Ports` or `None`.

    Raises:
        ValueError: if it is no TFLite model or a damaged one, or the arguments do not fit it.
    """
    model = _read(path)
    with reading(path, "a TFLite model"):
        _check_extents(model)
        details = _details(model)
    if details is not None:
        return adapt_exported_spec(details, path, outputs=outputs, **asked), None
    with reading(path, "a TFLite model"):
        interpreter = _interpreter(path)
        given, received = interpreter.get_input_details(), interpreter.get_output_details()
        meaning = tflite_meaning(model) if len(received) == 1 else None
    if len(given) != 1 or len(received) != 1:
        raise ValueError(
            f"Expected a model of one input and one output. Received: {path} of {len(given)} and "
            f"{len(received)}"
        )
    ports = Ports(_tensor(given[0]), _tensor(received[0]), meaning, outputs, **asked)
    return ports.spec, ports


def tflite_details(path):
    """Return the dict that `segtf.export` wrote into a TFLite file, or `None` if there is none.

    Raises:
        ValueError: if it is no TFLite model, or a damaged one.
    """
    model = _read(path)
    with reading(path, "a TFLite model"):
        return _details(model)


def tflite_runtime(path):
    """Return the oldest TFLite runtime that a file names as knowing its operations, or "".

    Raises:
        ValueError: if it is no TFLite model, or a damaged one.
    """
    model = _read(path)
    with reading(path, "a TFLite model"):
        for entry in model.metadata or ():
            if entry.name == b"min_runtime_version":
                return printable(bytes(model.buffers[entry.buffer].data).rstrip(b"\0").decode())
    return ""


def _read(path):
    with reading(path, "a TFLite model"):
        content = Path(path).read_bytes()
        if not schema.Model.ModelBufferHasIdentifier(content, 0):
            raise ValueError("it has another beginning")
        # The interpreter verifies the structure in C++; reading it here first would not end for
        # lists that claim to be of billions.
        _interpreter(path)
        return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))


def _interpreter(path):
    """An interpreter to ask, not to run: without delegates, which take time to prepare."""
    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return Interpreter(str(path), experimental_op_resolver_type=kind)


def _details(model):
    """The dict in the metadata entry of segtf, or `None`."""
    for entry in model.metadata or ():
        if entry.name == signatures.SPEC_METADATA.encode():
            details = json.loads(bytes(model.buffers[entry.buffer].data))
            if not isinstance(details, dict):
                raise ValueError(f"its spec is a {type(details).__name__}")
            return details
    return None


def _check_extents(model):
    """Refuse what would take hours or all memory, which the interpreter does not notice."""
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            shape = [] if tensor.shape is None else tensor.shape
            if np.prod(np.abs(np.asarray(shape, np.float64)), initial=1.0) > _MOST_VALUES:
                raise ValueError(f"a tensor of shape {list(map(int, shape))}")
        for operator in graph.operators:
            for name, value in vars(operator.builtinOptions or model).items():
                is_step = name.startswith(("stride", "dilation", "filter"))
                if is_step and isinstance(value, int) and not 0 < value <= _LARGEST_STEP:
                    raise ValueError(f"an operation with {name} = {value}")


def _tensor(details):
    parameters = details["quantization_parameters"]
    scales = np.asarray(parameters["scales"], np.float32)
    quantization = None
    if scales.size and np.issubdtype(details["dtype"], np.integer):
        zero_points = np.asarray(parameters["zero_points"], np.int64)
        if scales.size > 1 and parameters["quantized_dimension"] != len(details["shape"]) - 1:
            raise ValueError("Expected scales per channel, the last axis. Received: another axis")
        quantization = Quantization(scales, zero_points, details["dtype"])
    signature = details.get("shape_signature")
    shape = details["shape"] if signature is None or not len(signature) else signature
    return Tensor(
        tuple(int(side) if side > 0 else None for side in shape), details["dtype"], quantization
    )
