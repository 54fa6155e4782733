"""What runs a model: Keras, a SavedModel, TFLite or ONNX, behind one call.

A backend has a `spec`, and `gives_class_ids`: false where calling it with pixels, uint8 array
`(N, H, W, C)` of the spec's size, gives float32 logits `(N, H, W, K)`; true where it gives uint8
class ids `(N, H, W)`.
"""

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from segtf import signatures


class KerasBackend:
    """A Keras model that gives logits.

    Args:
        model: what `segtf.inference.logits.logits_model` returned.
        spec: its `ModelSpec`.
    """

    gives_class_ids = False

    def __init__(self, model, spec):
        self.model = model
        self.spec = spec
        pixels = tf.TensorSpec((None, *spec.size, spec.channels), tf.float32)
        self._logits = tf.function(
            lambda pixels: model(pixels, training=False)
        ).get_concrete_function(pixels)

    def __call__(self, pixels):
        """Return the logits of a batch of pixels."""
        return self._logits(tf.cast(pixels, tf.float32)).numpy()


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
        outputs = self._signature(**{signatures.PIXELS: tf.constant(pixels)})
        return outputs[signatures.LOGITS].numpy()


class TFLiteBackend:
    """A TFLite file of batch 1: float32 pixels to logits, or uint8 pixels to class ids.

    Args:
        path: the file.
        spec: its `ModelSpec`.
    """

    def __init__(self, path, spec):
        self.spec = spec
        self._interpreter = Interpreter(str(path))
        self._input = self._interpreter.get_input_details()[0]
        shape = (1, *spec.size, spec.channels)
        if tuple(self._input["shape"]) != shape:  # exported with any size
            self._interpreter.resize_tensor_input(self._input["index"], shape, strict=True)
        self._interpreter.allocate_tensors()
        self._output = self._interpreter.get_output_details()[0]
        self.gives_class_ids = self._output["dtype"] == np.uint8

    def __call__(self, pixels):
        """Return the logits, or the class ids, of a batch of pixels, one image after the other."""
        if len(pixels) == 0:  # the shape of an answer is known for sure once there is one
            return self._run(np.zeros((1, *pixels.shape[1:])))[:0]
        return np.concatenate([self._run(image[np.newaxis]) for image in pixels])

    def _run(self, pixels):
        self._interpreter.set_tensor(self._input["index"], pixels.astype(self._input["dtype"]))
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output["index"])


class OnnxBackend:
    """An ONNX file that takes float32 pixels and gives logits, run by ONNX Runtime on the CPU.

    Args:
        session: what `segtf.inference.onnx_file.open_onnx` returned.
        spec: its `ModelSpec`.
    """

    gives_class_ids = False

    def __init__(self, session, spec):
        self.spec = spec
        self._session = session
        self._input = session.get_inputs()[0].name

    def __call__(self, pixels):
        """Return the logits of a batch of pixels."""
        (logits,) = self._session.run(None, {self._input: pixels.astype(np.float32)})
        return logits
