"""The gRPC interface of TensorFlow Serving, whose messages need TensorFlow to be imported."""

from pathlib import Path

import grpc
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from segtf import signatures
from segtf.serving.answers import ModelMetadata, Signature, TensorInfo, VersionStatus
from segtf.serving.errors import error_of
from segtf.serving.fields import unreadable

_OPTIONS = (
    # The server's own limit decides; ours of 4 MB would not let masks of large images through.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Tries are counted in one place: segtf.serving.retry.
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
_SIGNATURE_DEF = "signature_def"


class GrpcTransport:
    """Talks gRPC to one model.

    Args:
        target: the `Target`.
        access: the `Access` to it.
    """

    def __init__(self, target, access):
        self.target = target
        self._metadata = [(name.lower(), value) for name, value in access.all_headers.items()]
        self._channel = _channel(target, access)
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def predict(self, files, seconds):
        """Send image files; returns the outputs as lists, by key."""
        request = predict_pb2.PredictRequest()
        self._address(request.model_spec)
        request.model_spec.signature_name = signatures.SERVING_DEFAULT
        request.inputs[signatures.IMAGE_BYTES].CopyFrom(
            tf.make_tensor_proto(files, tf.string, shape=[len(files)])
        )
        response = self._call(self._predictions.Predict, request, seconds)
        return {name: _column(name, tensor) for name, tensor in response.outputs.items()}

    def status(self, seconds):
        """Return the `VersionStatus` of each version."""
        request = get_model_status_pb2.GetModelStatusRequest()
        self._address(request.model_spec)
        response = self._call(self._models.GetModelStatus, request, seconds)
        states = get_model_status_pb2.ModelVersionStatus.State
        return [
            VersionStatus(one.version, _state(states, one.state), one.status.error_message)
            for one in response.model_version_status
        ]

    def metadata(self, seconds):
        """Return the `ModelMetadata`."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=[_SIGNATURE_DEF])
        self._address(request.model_spec)
        response = self._call(self._predictions.GetModelMetadata, request, seconds)
        defs = get_model_metadata_pb2.SignatureDefMap()
        if not response.metadata[_SIGNATURE_DEF].Unpack(defs):
            raise unreadable(f"metadata.{_SIGNATURE_DEF}", "signatures", None)
        return ModelMetadata(
            response.model_spec.name,
            response.model_spec.version.value,
            {
                name: Signature(_tensors(one.inputs), _tensors(one.outputs))
                for name, one in defs.signature_def.items()
            },
        )

    def close(self):
        """Close the connection."""
        self._channel.close()

    def _address(self, model_spec):
        model_spec.name = self.target.model
        if self.target.version is not None:
            model_spec.version.value = self.target.version
        if self.target.label is not None:
            model_spec.version_label = self.target.label

    def _call(self, method, request, seconds):
        try:
            return method(request, timeout=seconds, metadata=self._metadata)
        except grpc.RpcError as error:
            raise error_of(error.code().name, error.details() or "", self.target) from None


def _channel(target, access):
    if not target.is_secure:
        return grpc.insecure_channel(target.address, options=_OPTIONS)
    authority = Path(access.ca_file).read_bytes() if access.ca_file else None
    credentials = grpc.ssl_channel_credentials(authority)
    return grpc.secure_channel(target.address, credentials, options=_OPTIONS)


def _state(states, number):
    """Name of a state; a newer server may have more of them."""
    return states.Name(number) if number in states.values() else str(number)


def _column(name, tensor):
    """One value per image: lists of them for several; text as `str`."""
    try:
        values = tf.make_ndarray(tensor)
    except (TypeError, ValueError) as error:
        raise unreadable(name, "a tensor", error) from None
    if values.dtype != object or name.endswith("_bytes"):
        return values.tolist()
    return _text(values.tolist())


def _text(value):
    if isinstance(value, list):
        return [_text(one) for one in value]
    return value.decode("utf-8", "replace")


def _tensors(infos):
    return {
        name: TensorInfo(types_pb2.DataType.Name(one.dtype), _shape(one.tensor_shape))
        for name, one in infos.items()
    }


def _shape(shape):
    if shape.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in shape.dim)
