"""Requests that TensorFlow Serving runs when it loads a model, so that no first user has to wait.

The file is a TFRecord of `PredictionLog` messages. Their few outer layers are encoded here, and
not by the package tensorflow-serving-api, so that a model exported without that package is the
same as one exported with it.
"""

import io

import tensorflow as tf
from PIL import Image

from segtf import signatures
from segtf.comparing.generated_images import generated_images

# Field numbers of tensorflow_serving/apis: prediction_log, predict and model.proto.
_PREDICT_LOG_OF_LOG = 6
_REQUEST_OF_PREDICT_LOG = 1
_MODEL_SPEC_OF_REQUEST, _INPUTS_OF_REQUEST = 1, 2
_NAME_OF_MODEL_SPEC, _SIGNATURE_OF_MODEL_SPEC = 1, 3
_KEY_OF_ENTRY, _VALUE_OF_ENTRY = 1, 2
_LENGTH_DELIMITED = 2


def write_warmup(path, names, spec, model_name):
    """Write one request per signature, with a drawn image: no image of the data leaves in a model.

    Args:
        path: the file, in ``assets.extra`` of a SavedModel.
        names: names of its signatures.
        spec: its `ModelSpec`.
        model_name: what the server calls the model.
    """
    (image,) = generated_images(spec, count=1)
    pixels = tf.make_tensor_proto(image[None], tf.uint8)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name in names:
            if name == signatures.SERVING_DEFAULT:
                tensor = tf.make_tensor_proto([_jpeg(image)], tf.string)
                request = _request(model_name, name, signatures.IMAGE_BYTES, tensor)
            else:
                request = _request(model_name, name, signatures.PIXELS, pixels)
            log = _field(_REQUEST_OF_PREDICT_LOG, request)
            writer.write(_field(_PREDICT_LOG_OF_LOG, log))


def _request(model_name, signature, key, tensor):
    """A `PredictRequest` of one input."""
    model_spec = _field(_NAME_OF_MODEL_SPEC, model_name.encode())
    model_spec += _field(_SIGNATURE_OF_MODEL_SPEC, signature.encode())
    entry = _field(_KEY_OF_ENTRY, key.encode())
    entry += _field(_VALUE_OF_ENTRY, tensor.SerializeToString())
    return _field(_MODEL_SPEC_OF_REQUEST, model_spec) + _field(_INPUTS_OF_REQUEST, entry)


def _field(number, content):
    """A field of bytes, text or a message, as protocol buffers put it on the wire."""
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def _varint(value):
    groups = bytearray()
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(file, "JPEG")
    return file.getvalue()
