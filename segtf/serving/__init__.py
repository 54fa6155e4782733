"""Serving: a client for exported models behind TensorFlow Serving.

Over REST it needs neither TensorFlow nor Keras; over gRPC it needs the extra ``serving``.
"""

from segtf.serving.answers import Answer, ModelMetadata, Signature, TensorInfo, VersionStatus
from segtf.serving.client import Client
from segtf.serving.errors import (
    AccessDenied,
    ModelLoading,
    ModelNotFound,
    RequestRefused,
    RequestTimeout,
    RequestTooLarge,
    ServerFailed,
    ServerUnavailable,
    ServingError,
    UnreadableAnswer,
    WrongSignature,
)

__all__ = [
    "AccessDenied",
    "Answer",
    "Client",
    "ModelLoading",
    "ModelMetadata",
    "ModelNotFound",
    "RequestRefused",
    "RequestTimeout",
    "RequestTooLarge",
    "ServerFailed",
    "ServerUnavailable",
    "ServingError",
    "Signature",
    "TensorInfo",
    "UnreadableAnswer",
    "VersionStatus",
    "WrongSignature",
]
