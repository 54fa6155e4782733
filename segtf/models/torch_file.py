"""Weight files of PyTorch in its old format, read without it and without running what is in them.

Such a file is a row of pickles: a magic number, a version, a description of the system, the
tensors' names with their shapes and the storages that they lie in, and the keys of the storages.
The storages follow, each a count and its values. The pickles are read by the operations that such
a file needs, and by no others.
"""

import io
import itertools
import pickletools
from pathlib import Path
from typing import NamedTuple

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_ZIP_MAGIC = b"PK\x03\x04"

# The largest EfficientNet-Lite has 53 MB and a tenth of the operations.
_MOST_BYTES = 2**28
_MOST_OPERATIONS = 500_000


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype
    count: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Malformed(ValueError):
    """What is read is no such file."""


def read_torch_file(path):
    """Return the tensors in a file of `torch.save`, in the format before version 1.6 of PyTorch.

    Args:
        path: a ``.pth`` file that holds a `state_dict`.

    Returns:
        A dict from name to a read-only array, which is a view: nothing beyond the file itself
        takes memory.

    Raises:
        ValueError: for a damaged or other file, or one of PyTorch's newer format.
    """
    path = Path(path)
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise ValueError(
            f"Expected a weight file of at most {_MOST_BYTES:,} bytes. "
            f"Received: {path} of {size:,} bytes"
        )
    content = path.read_bytes()
    if content.startswith(_ZIP_MAGIC):
        raise ValueError(
            "Expected a weight file of PyTorch's old format, as torch.save writes it with "
            "_use_new_zipfile_serialization=False. "
            f"Received: {path}, a zip archive"
        )
    try:
        return _read(content)
    except ValueError as error:
        raise ValueError(
            f"Expected a weight file of PyTorch's old format. Received: {path}: {error}"
        ) from None


def _read(content):
    file = io.BytesIO(content)
    if _unpickle(file) != _MAGIC or _unpickle(file) != _VERSION:
        raise _Malformed("another kind of file")
    system = _unpickle(file)
    _require(type(system) is dict and system.get("little_endian") is True, "a big-endian file")
    tensors = _unpickle(file)
    _require(type(tensors) is dict, "no tensors with names")
    storages = _read_storages(file, content, _unpickle(file), _declared(tensors))
    return {name: _view(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}


def _declared(tensors):
    """The storages that tensors lie in, by key."""
    storages = {}
    for tensor in tensors.values():
        _require(type(tensor) is _Tensor, "something else among the tensors")
        known = storages.setdefault(tensor.storage.key, tensor.storage)
        _require(known == tensor.storage, "storages that contradict each other")
    return storages


def _read_storages(file, content, keys, declared):
    _require(
        type(keys) is list
        and all(type(key) is str for key in keys)
        and sorted(keys) == sorted(declared),
        "other storages than its tensors need",
    )
    storages, place = {}, file.tell()
    for key in keys:
        _, dtype, count = declared[key]
        begin = place + 8
        place = begin + count * dtype.itemsize
        _require(place <= len(content), "a file that ends early")
        written = int.from_bytes(content[begin - 8 : begin], "little")
        _require(written == count, "storages of other lengths than its tensors need")
        storages[key] = np.frombuffer(content, dtype, count, begin)
    _require(place == len(content), "a file that does not end with its storages")
    return storages


def _view(tensor, storage):
    """A tensor as a view of its storage, within whose bounds every element lies."""
    shape, strides = tensor.shape, tensor.strides
    _require(len(shape) == len(strides) <= 8, "a tensor of no valid shape")
    last = sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
    _require(min(shape, default=1) > 0, "a tensor of no elements")
    _require(tensor.offset + last < len(storage), "a tensor that exceeds its storage")
    return np.lib.stride_tricks.as_strided(
        storage[tensor.offset :],
        shape,
        [stride * storage.itemsize for stride in strides],
        writeable=False,
    )


def _require(condition, otherwise):
    if not condition:
        raise _Malformed(otherwise)


def _ordered_dict(*arguments):
    _require(arguments == (), "a dict that is not empty at first")
    return {}


def _tensor(storage=None, offset=None, shape=None, strides=None, *_):
    is_placed = type(storage) is _Storage and _is_size(offset)
    _require(
        is_placed and _are_sizes(shape) and _are_sizes(strides),
        "a tensor that is described otherwise",
    )
    return _Tensor(storage, offset, shape, strides)


def _storage(identity):
    _require(type(identity) is tuple and len(identity) == 6, "a storage without its description")
    kind, dtype, key, _, count, _ = identity
    _require(
        type(kind) is str
        and kind == "storage"
        and isinstance(dtype, np.dtype)
        and type(key) is str
        and _is_size(count),
        "a storage that is described otherwise",
    )
    return _Storage(key, dtype, count)


def _is_size(value):
    return type(value) is int and 0 <= value <= _MOST_BYTES


def _are_sizes(values):
    return type(values) is tuple and all(map(_is_size, values))


_GLOBALS = {
    "collections OrderedDict": _ordered_dict,
    "torch._utils _rebuild_tensor_v2": _tensor,
    "torch FloatStorage": np.dtype("<f4"),
    "torch LongStorage": np.dtype("<i8"),
}
_FUNCTIONS = (_ordered_dict, _tensor)

_WITH_VALUE = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_SHORT_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def _unpickle(file):
    """Read one pickle: numbers, texts, tuples, lists, dicts, and what `_GLOBALS` names."""
    stack = _Stack()
    memo = {}
    operations = pickletools.genops(file)
    for operation, argument, _ in itertools.islice(operations, _MOST_OPERATIONS):
        name = operation.name
        if name == "STOP":
            return stack.pop()
        if name in _WITH_VALUE:
            stack.push(argument)
        elif name in _CONSTANTS:
            stack.push(_CONSTANTS[name])
        elif name in _SHORT_TUPLES:
            stack.push(tuple(stack.pop_many(_SHORT_TUPLES[name])))
        elif name == "TUPLE":
            stack.push(tuple(stack.pop_to_mark()))
        elif name == "EMPTY_DICT":
            stack.push({})
        elif name == "EMPTY_LIST":
            stack.push([])
        elif name == "MARK":
            stack.mark()
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack.top()
        elif name in ("BINGET", "LONG_BINGET"):
            _require(argument in memo, "a reference to nothing")
            stack.push(memo[argument])
        elif name == "SETITEM":
            _set_items(stack.pop_many(2), stack.top())
        elif name == "SETITEMS":
            _set_items(stack.pop_to_mark(), stack.top())
        elif name == "APPENDS":
            items, target = stack.pop_to_mark(), stack.top()
            _require(type(target) is list, "items of no list")
            target.extend(items)
        elif name == "GLOBAL":
            _require(argument in _GLOBALS, f"a name that no weights need, {argument[:80]!r}")
            stack.push(_GLOBALS[argument])
        elif name == "REDUCE":
            function, arguments = stack.pop_many(2)
            _require(any(function is one for one in _FUNCTIONS), "a call of something else")
            _require(type(arguments) is tuple, "a call without arguments")
            stack.push(function(*arguments))
        elif name == "BINPERSID":
            stack.push(_storage(stack.pop()))
        elif name == "BUILD":
            stack.pop()  # versions of the layers, which nothing here asks for
        else:
            _require(name == "PROTO", f"an operation that no weights need, {name}")
    raise _Malformed("a pickle without end")


def _set_items(items, target):
    keys, values = items[::2], items[1::2]
    _require(type(target) is dict and len(keys) == len(values), "items of no dict")
    _require(all(type(key) is str for key in keys), "keys that are no names")
    target.update(zip(keys, values, strict=True))


class _Stack:
    """The values that a pickle has made, above each other, and marks between them."""

    def __init__(self):
        self._values, self._marks = [], []

    def push(self, value):
        self._values.append(value)

    def mark(self):
        self._marks.append(len(self._values))

    def top(self):
        _require(self._values, "an operation on nothing")
        return self._values[-1]

    def pop(self):
        return self.pop_many(1)[0]

    def pop_many(self, count):
        return self._pop_from(len(self._values) - count)

    def pop_to_mark(self):
        _require(self._marks, "an operation without its mark")
        return self._pop_from(self._marks.pop())

    def _pop_from(self, place):
        _require(place >= (self._marks[-1] if self._marks else 0), "an operation on nothing")
        taken = self._values[place:]
        del self._values[place:]
        return taken
