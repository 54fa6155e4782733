"""Writing metadata and associated files into a TFLite file."""

import io
import zipfile

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_FILE_IDENTIFIER = b"TFL3"


def with_metadata(content, entries, files):
    """Return a TFLite file with more inside.

    Args:
        content: bytes of the file.
        entries: name of a metadata entry to what it holds, bytes.
        files: name to text of files that are packed behind the model, as a zip file that
            archivers and TFLite's metadata readers open.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    model.metadata = list(model.metadata or [])
    for name, data in entries.items():
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data, np.uint8)
        model.buffers.append(buffer)
        entry = schema.MetadataT()
        entry.name = name
        entry.buffer = len(model.buffers) - 1
        model.metadata.append(entry)
    builder = flatbuffers.Builder(len(content) + 1024)
    builder.Finish(model.Pack(builder), _FILE_IDENTIFIER)
    return _with_files(bytes(builder.Output()), files)


def _with_files(content, files):
    packed = io.BytesIO(content)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_STORED) as archive:
        for name, text in files.items():
            # A date of its own would make every file differ.
            archive.writestr(zipfile.ZipInfo(name), text.encode("utf-8"))
    return packed.getvalue()
