"""SavedModels run as TensorFlow Serving runs them: its session, its checks, its messages.

The model is loaded into a session and called by the tensor names of its signature definitions,
which is what the server's C++ code does; no Python of the exporter has a part in it.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import errors_impl
from tensorflow_serving.apis import predict_pb2

tf1 = tf.compat.v1


class StatusError(Exception):
    """An answer other than OK: name of a gRPC status code, and the message."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


class ServedModel:
    """One loaded version."""

    def __init__(self, path):
        self._session = tf1.Session(graph=tf.Graph())
        with self._session.graph.as_default():
            meta_graph = tf1.saved_model.loader.load(self._session, ["serve"], str(path))
        self.signatures = {
            name: one
            for name, one in meta_graph.signature_def.items()
            if name != "__saved_model_init_op"
        }

    def signature(self, name):
        name = name or "serving_default"
        if name not in self.signatures:
            raise StatusError(
                "INVALID_ARGUMENT", f'Serving signature name: "{name}" not found in signature def'
            )
        return self.signatures[name]

    def run(self, signature_name, inputs):
        """Key to tensor message in, key to tensor message out."""
        signature = self.signature(signature_name)
        _check_inputs(signature, inputs)
        fetches = {key: info.name for key, info in signature.outputs.items()}
        try:
            feeds = {
                signature.inputs[key].name: tf.make_ndarray(tensor)
                for key, tensor in inputs.items()
            }
            outputs = self._session.run(fetches, feeds)
        except errors_impl.OpError as error:
            raise StatusError(_code_name(error), error.message) from None
        except (ValueError, TypeError) as error:
            raise StatusError("INVALID_ARGUMENT", str(error)) from None
        return {
            key: tf.make_tensor_proto(value, signature.outputs[key].dtype, shape=np.shape(value))
            for key, value in outputs.items()
        }

    def close(self):
        self._session.close()


def _check_inputs(signature, inputs):
    sent, wanted = set(inputs), set(signature.inputs)
    if len(sent) != len(wanted):
        raise StatusError(
            "INVALID_ARGUMENT",
            f"input size does not match signature: {len(sent)}!={len(wanted)} "
            f"len({{{','.join(sorted(sent))}}}) != len({{{','.join(sorted(wanted))}}}). "
            f"Sent extra: {{{','.join(sorted(sent - wanted))}}}. "
            f"Missing but required: {{{','.join(sorted(wanted - sent))}}}.",
        )
    for name in sent - wanted:
        raise StatusError(
            "INVALID_ARGUMENT",
            f"input tensor alias not found in signature: {name}. Inputs expected to be in the "
            f"set {{{','.join(sorted(wanted))}}}.",
        )
    for name, tensor in inputs.items():
        if tensor.dtype != signature.inputs[name].dtype:
            raise StatusError("INVALID_ARGUMENT", f"Tensor {name} has another dtype")


def _code_name(error):
    constants = vars(errors_impl).items()
    (name,) = (
        name
        for name, value in constants
        if name.isupper() and isinstance(value, int) and value == error.error_code
    )
    return name


@dataclass
class Models:
    """The versions of one model, by number: where each stands, and the model once loaded."""

    name: str
    versions: dict[int, ServedModel] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, base_path, name, labels=None):
        models = cls(name, labels=labels or {})
        for version in versions_in(base_path):
            models.versions[version] = ServedModel(Path(base_path) / str(version))
            models.states[version] = "AVAILABLE"
        return models

    def find(self, spec):
        """Number and model that a `ModelSpec` names."""
        version = self._wanted_version(spec)
        available = [number for number, state in self.states.items() if state == "AVAILABLE"]
        if spec.name == self.name and version is None and available:
            version = max(available)
        if spec.name != self.name or version not in available:
            asked = (
                f"Latest({spec.name})" if version is None else f"Specific({spec.name}, {version})"
            )
            raise StatusError("NOT_FOUND", f"Servable not found for request: {asked}")
        return version, self.versions[version]

    def _wanted_version(self, spec):
        choice = spec.WhichOneof("version_choice")
        if choice == "version_label":
            if spec.name != self.name or spec.version_label not in self.labels:
                raise StatusError(
                    "INVALID_ARGUMENT",
                    f"Unrecognized servable version label: {spec.version_label}",
                )
            return self.labels[spec.version_label]
        return spec.version.value if choice == "version" else None

    def predict(self, request):
        """A `PredictResponse` to a `PredictRequest`."""
        version, model = self.find(request.model_spec)
        outputs = model.run(request.model_spec.signature_name, dict(request.inputs))
        response = predict_pb2.PredictResponse()
        response.model_spec.name = self.name
        response.model_spec.version.value = version
        response.model_spec.signature_name = request.model_spec.signature_name or "serving_default"
        for key, tensor in outputs.items():
            response.outputs[key].CopyFrom(tensor)
        return response

    def close(self):
        for model in self.versions.values():
            model.close()


def versions_in(base_path):
    """The version folders that TensorFlow Serving sees: those whose name is a number."""
    names = [path.name for path in Path(base_path).iterdir() if path.is_dir()]
    return sorted(int(name) for name in names if name.isdecimal())
