"""What a TFLite file says about itself."""

import json
from pathlib import Path

from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from segtf.inference.specs import adapt_exported_spec, make_spec
from segtf.signatures import SPEC_METADATA


def tflite_spec(path, labels=None, resize=None, threshold=None, size=None):
    """Return the spec of a TFLite file: what its metadata says, or one made up from its shapes.

    Args:
        path: the file.
        labels: likewise `resize`, `threshold` and `size`, as `segtf.load` takes them.

    Raises:
        ValueError: if it is no TFLite model, or the arguments do not fit it.
    """
    asked = {"labels": labels, "resize": resize, "threshold": threshold, "size": size}
    details = tflite_details(path)
    if details is not None:
        return adapt_exported_spec(details, **asked)
    interpreter = Interpreter(str(path))
    (pixels,), (outputs,) = interpreter.get_input_details(), interpreter.get_output_details()
    return make_spec(tuple(map(int, pixels["shape"][1:])), int(outputs["shape"][-1]), **asked)


def tflite_details(path):
    """Return the dict that `segtf.export` wrote into a TFLite file, or `None` if there is none.

    Raises:
        ValueError: if it is no TFLite model.
    """
    content = Path(path).read_bytes()
    if not schema.Model.ModelBufferHasIdentifier(content, 0):
        raise ValueError(f"Expected a TFLite model. Received: {path}")
    text = _metadata(schema.Model.GetRootAs(content), SPEC_METADATA)
    return None if text is None else json.loads(text)


def _metadata(model, name):
    """Content of the metadata entry of this name, or `None`."""
    for entry in map(model.Metadata, range(model.MetadataLength())):
        if entry.Name().decode() == name:
            return model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
    return None
