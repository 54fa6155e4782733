"""The JSON of TensorFlow Serving's REST interface, after its documentation and source."""

import base64
import binascii
import json

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from served_models import StatusError
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    predict_pb2,
)

_INTEGERS = {types_pb2.DT_UINT8, types_pb2.DT_INT32}
_STATES = get_model_status_pb2.ModelVersionStatus.State


def refuse(message):
    return StatusError("INVALID_ARGUMENT", message)


def predict(models, spec, body):
    """The answer to ``:predict``, as text."""
    request = predict_pb2.PredictRequest()
    request.model_spec.CopyFrom(spec)
    document = _parse(body)
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise refuse("'signature_name' key must be a string value.")
    request.model_spec.signature_name = name
    _, model = models.find(request.model_spec)
    wanted = {key: info.dtype for key, info in model.signature(name).inputs.items()}
    is_row = "instances" in document
    if is_row and "inputs" in document:
        raise refuse("Not formatted correctly expecting only one of 'inputs' or 'instances' keys")
    if is_row:
        tensors = _from_rows(document["instances"], wanted)
    elif "inputs" in document:
        tensors = _from_columns(document["inputs"], wanted)
    else:
        raise refuse("Missing 'inputs' or 'instances' key")
    for key, tensor in tensors.items():
        request.inputs[key].CopyFrom(tensor)
    outputs = dict(models.predict(request).outputs)
    return json.dumps(_to_rows(outputs) if is_row else _to_columns(outputs), indent=4)


def _parse(body):
    if not body:
        raise refuse("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise refuse(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise refuse("JSON Value: Is not object")
    return document


def _is_base64(value):
    return isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str)


def _from_rows(rows, wanted):
    if not isinstance(rows, list):
        raise refuse("Excepting 'instances' to be an list/array")
    if not rows:
        raise refuse("No values in 'instances' array")
    is_named = isinstance(rows[0], dict) and not _is_base64(rows[0])
    if not is_named and len(wanted) > 1:
        raise refuse("instances is a plain list, but expecting list of objects")
    columns = {key: [] for key in wanted}
    for index, row in enumerate(rows):
        if is_named != (isinstance(row, dict) and not _is_base64(row)):
            raise refuse(f"Expecting {'object' if is_named else 'value/list'} at item {index}")
        values = row if is_named else {next(iter(wanted)): row}
        if set(values) != set(wanted):
            raise refuse(
                f"Failed to process element: {index} of 'instances' list. JSON object keys must "
                f"be equal to: {','.join(sorted(wanted))}"
            )
        for key, value in values.items():
            columns[key].append(value)
    return {key: _tensor(column, wanted[key]) for key, column in columns.items()}


def _from_columns(columns, wanted):
    if not isinstance(columns, dict) or _is_base64(columns):
        if len(wanted) > 1:
            raise refuse("inputs is a plain value/list, but expecting an object")
        columns = {next(iter(wanted)): columns}
    for key in wanted:
        if key not in columns:
            raise refuse(f"Missing named input: {key} in 'inputs' object.")
    return {key: _tensor(columns[key], dtype) for key, dtype in wanted.items()}


def _tensor(value, dtype):
    """A tensor message; its shape is that of the first elements, which all others must have."""
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    tensor = tensor_pb2.TensorProto(dtype=dtype)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    _fill(value, shape, tensor)
    return tensor


def _fill(value, shape, tensor):
    if isinstance(value, list):
        if not shape:
            raise refuse("Encountered list at unexpected level")
        if len(value) != shape[0]:
            raise refuse(
                f"Encountered list at unexpected size: {len(value)} expected size: {shape[0]}"
            )
        for one in value:
            _fill(one, shape[1:], tensor)
    elif shape:
        raise refuse("JSON Value found at incorrect level in the JSON DOM")
    elif tensor.dtype == types_pb2.DT_STRING:
        tensor.string_val.append(_bytes(value))
    elif tensor.dtype in _INTEGERS and isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= 2**31:
            raise refuse(f"JSON Value: {value} Type: Number is not of expected type")
        tensor.int_val.append(value)
    else:
        raise refuse(f"JSON Value: {str(value)[:50]} is not of expected type")


def _bytes(value):
    if isinstance(value, str):
        return value.encode("utf-8")
    if not _is_base64(value):
        raise refuse(f"JSON Value: {str(value)[:50]} not formatted correctly for base64 data")
    try:
        return base64.b64decode(value["b64"], validate=True)
    except binascii.Error:
        raise refuse("Unable to base64 decode") from None


def _to_rows(outputs):
    columns = {key: _json_values(key, tensor) for key, tensor in outputs.items()}
    if len({len(column) for column in columns.values()}) > 1:
        raise refuse("Tensor has inconsistent batch size")
    if len(columns) == 1:
        return {"predictions": next(iter(columns.values()))}
    rows = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}


def _to_columns(outputs):
    columns = {key: _json_values(key, tensor) for key, tensor in outputs.items()}
    return {"outputs": next(iter(columns.values())) if len(columns) == 1 else columns}


def _json_values(key, tensor):
    values = tf.make_ndarray(tensor)
    if values.dtype == object:
        as_bytes = key.endswith("_bytes")
        return _nested(values.tolist(), lambda one: _json_string(one, as_bytes))
    if values.dtype == np.float32:
        # 0.2 and not 0.20000000298: as many digits as it takes to read the same float32 again.
        return _nested(values.astype("U32").tolist(), float)
    return values.tolist()


def _nested(values, change):
    return [_nested(one, change) for one in values] if isinstance(values, list) else change(values)


def _json_string(value, as_bytes):
    return {"b64": base64.b64encode(value).decode()} if as_bytes else value.decode("utf-8")


def model_spec(name, version=None, label=None):
    spec = model_pb2.ModelSpec(name=name)
    if version is not None:
        spec.version.value = int(version)
    if label is not None:
        spec.version_label = label
    return spec


def status(models, spec):
    """A `GetModelStatusResponse`."""
    asked = spec.version.value if spec.HasField("version") else None
    states = models.states if spec.name == models.name else {}
    found = {number: one for number, one in states.items() if asked in (None, number)}
    if not found and asked is not None:
        raise StatusError("NOT_FOUND", f"Could not find version {asked} of model {spec.name}")
    if not found:
        raise StatusError("NOT_FOUND", f"Could not find any versions of model {spec.name}")
    response = get_model_status_pb2.GetModelStatusResponse()
    for number, state in sorted(found.items(), reverse=True):
        one = response.model_version_status.add(version=number, state=_STATES.Value(state))
        one.status.SetInParent()
    return response


def metadata(models, spec):
    """A `GetModelMetadataResponse`."""
    version, model = models.find(spec)
    defs = get_model_metadata_pb2.SignatureDefMap()
    for name, one in model.signatures.items():
        defs.signature_def[name].CopyFrom(one)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = models.name
    response.model_spec.version.value = version
    response.metadata["signature_def"].Pack(defs)
    return response


def status_json(response):
    options = {"always_print_fields_with_no_presence": True}
    return json.dumps(json_format.MessageToDict(response, **options), indent=1)


def metadata_json(response):
    options = {"always_print_fields_with_no_presence": True, "preserving_proto_field_name": True}
    defs = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(defs)
    return json.dumps(
        {
            "model_spec": json_format.MessageToDict(response.model_spec, **options),
            "metadata": {"signature_def": json_format.MessageToDict(defs, **options)},
        },
        indent=1,
    )
