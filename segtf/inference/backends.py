"""What runs a model: Keras, a SavedModel, TFLite or ONNX, behind one call.

A backend has a `spec`, and `gives_class_ids`: false where calling it with pixels, uint8 array
`(N, H, W, C)` of the spec's size, gives float32 logits `(N, H, W, K)`; true where it gives uint8
class ids `(N, H, W)`. N may be 0.
"""

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from segtf import signatures
from segtf.files import reading


class KerasBackend:
    """A Keras model that gives logits, or class ids.

    Args:
        model: what `segtf.inference.logits.logits_model` returned.
        spec: its `ModelSpec`.
        reader: `segtf.inference.keras_model.KerasReader` of a model of one's own, which looks at
            what it gives; by default that is logits for sure.
    """

    def __init__(self, model, spec, reader=None):
        self.model = model
        self.spec = spec
        self.gives_class_ids = reader is not None and reader.gives_class_ids
        self._reader = reader
        pixels = tf.TensorSpec((None, *spec.size, spec.channels), tf.float32)
        self._outputs = tf.function(
            lambda pixels: model(pixels, training=False)
        ).get_concrete_function(pixels)

    def __call__(self, pixels):
        """Return the logits, or the class ids, of a batch of pixels."""
        if not len(pixels):  # which oneDNN answers with a wrong shape
            return _nothing(self)
        outputs = self._outputs(tf.cast(pixels, tf.float32)).numpy()
        return outputs if self._reader is None else self._reader(outputs, self.spec.labels)


class SavedModelBackend:
    """A SavedModel folder with the signatures of `segtf.signatures`.

    Args:
        path: the version folder.
        spec: its `ModelSpec`.
    """

    gives_class_ids = False

    def __init__(self, path, spec):
        self.spec = spec
        self.model = tf.saved_model.load(str(path))
        self._signature = self.model.signatures[signatures.LOGITS]

    def __call__(self, pixels):
        """Return the logits of a batch of pixels."""
        if not len(pixels):
            return _nothing(self)
        outputs = self._signature(**{signatures.PIXELS: tf.constant(pixels)})
        return outputs[signatures.LOGITS].numpy()


class TFLiteBackend:
    """A TFLite file, which is run on one image after the other.

    Args:
        path: the file.
        spec: its `ModelSpec`.
        ports: `segtf.inference.ports.Ports` of a file that segtf did not write. One that it wrote
            takes float32 pixels and gives logits, or takes uint8 pixels and gives class ids.
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
            self.gives_class_ids = self._output["dtype"] == np.uint8
        else:
            self.gives_class_ids = ports.gives_class_ids

    def __call__(self, pixels):
        """Return the logits, or the class ids, of a batch of pixels."""
        if not len(pixels):
            return _nothing(self)
        return np.concatenate([self._run(image[np.newaxis]) for image in pixels])

    def _run(self, pixels):
        is_own = self._ports is None
        numbers = pixels.astype(self._input["dtype"]) if is_own else self._ports.feed(pixels)
        with reading(self._path, "a TFLite model"):  # some damage shows when it runs
            self._interpreter.set_tensor(self._input["index"], numbers)
            self._interpreter.invoke()
            outputs = self._interpreter.get_tensor(self._output["index"])
        return outputs if is_own else self._ports.read(outputs)


class OnnxBackend:
    """An ONNX file, run by ONNX Runtime on the CPU.

    Args:
        path: the file.
        session: what `segtf.inference.onnx_file.open_onnx` returned.
        spec: its `ModelSpec`.
        ports: `segtf.inference.ports.Ports` of a file that segtf did not write. One that it wrote
            takes float32 pixels and gives logits.
    """

    def __init__(self, path, session, spec, ports=None):
        self.spec = spec
        self._path = path
        self.gives_class_ids = ports is not None and ports.gives_class_ids
        self._ports = ports
        self._session = session
        self._input = session.get_inputs()[0]

    def __call__(self, pixels):
        """Return the logits, or the class ids, of a batch of pixels."""
        if not len(pixels):
            return _nothing(self)
        if isinstance(self._input.shape[0], int):  # made for batches of one size
            return np.concatenate([self._run(image[np.newaxis]) for image in pixels])
        return self._run(pixels)

    def _run(self, pixels):
        is_own = self._ports is None
        numbers = pixels.astype(np.float32) if is_own else self._ports.feed(pixels)
        with reading(self._path, "an ONNX model"):  # some damage shows when it runs
            (outputs,) = self._session.run(None, {self._input.name: numbers})
        return outputs if is_own else self._ports.read(outputs)


def _nothing(backend):
    """What a backend gives for no images."""
    spec = backend.spec
    if backend.gives_class_ids:
        return np.zeros((0, *spec.size), np.uint8)
    return np.zeros((0, *spec.size, spec.labels.num_logits), np.float32)
