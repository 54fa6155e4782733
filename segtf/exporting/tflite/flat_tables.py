"""FlatBuffers tables written from their slots, where the schema's generated code is not there.

A table is a dict of slot number to value: `str`, `dict` (a table), a list of these, or one of the
types below. Slots count the fields of the schema from 0; a union takes two, its type and its value.
"""

from dataclasses import dataclass

import flatbuffers
import numpy as np


@dataclass(frozen=True)
class Byte:
    """A field of type `byte`, or an enumeration of bytes."""

    value: int


@dataclass(frozen=True)
class UInt:
    """A field of type `uint`."""

    value: int


@dataclass(frozen=True)
class Floats:
    """A field of type `[float]`."""

    values: tuple[float, ...]


@dataclass(frozen=True)
class Nested:
    """A field of type `[ubyte]`: bytes that are a FlatBuffer themselves."""

    content: bytes


_ALIGNMENT = 16
"""What every table inside `Nested` bytes is aligned to."""


def write_table(table, identifier):
    """Return the bytes of a FlatBuffer.

    Args:
        table: its root, a dict as above.
        identifier: four letters, by which a reader knows the schema.

    Example:

    >>> write_table({0: "lesion"}, b"M001")[4:8]
    b'M001'
    """
    builder = flatbuffers.Builder(1024)
    builder.Finish(_write(builder, table), file_identifier=identifier)
    return bytes(builder.Output())


def _write(builder, value):
    """Write what lies outside of a table's own bytes; returns where it is."""
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, Floats):
        return builder.CreateNumpyVector(np.array(value.values, np.float32))
    if isinstance(value, Nested):
        builder.StartVector(1, len(value.content), _ALIGNMENT)
        for byte in reversed(value.content):
            builder.PrependByte(byte)
        return builder.EndVector()
    if isinstance(value, list):
        places = [_write(builder, one) for one in value]
        builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            builder.PrependUOffsetTRelative(place)
        return builder.EndVector()
    return _write_fields(builder, value)


def _write_fields(builder, table):
    places = {
        slot: _write(builder, value)
        for slot, value in table.items()
        if not isinstance(value, Byte | UInt)
    }
    builder.StartObject(max(table) + 1 if table else 0)
    for slot, value in table.items():
        if isinstance(value, Byte):
            builder.PrependInt8Slot(slot, value.value, 0)
        elif isinstance(value, UInt):
            builder.PrependUint32Slot(slot, value.value, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(slot, places[slot], 0)
    return builder.EndObject()
