"""Files as PyTorch wrote them before version 1.6, made without it."""

import collections
import io
import pickle
import sys
import types

import numpy as np

STORAGES = {np.dtype("float32"): "FloatStorage", np.dtype("int64"): "LongStorage"}


def write_torch_file(path, arrays, extra=()):
    """Write arrays by name, and what else is to lie among them."""
    path.write_bytes(torch_bytes(arrays, extra))


def torch_bytes(arrays, extra=()):
    torch = types.ModuleType("torch")
    utils = types.ModuleType("torch._utils")
    for name in STORAGES.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2():
        raise NotImplementedError

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    torch._utils = utils

    class Tensor:
        def __init__(self, key, array):
            self.key, self.array = key, array

        def __reduce__(self):
            strides = tuple(step // self.array.itemsize for step in self.array.strides)
            described = (self, 0, self.array.shape, strides, False, collections.OrderedDict())
            return _rebuild_tensor_v2, (Storage(self), *described[1:])

    class Storage:
        def __init__(self, tensor):
            self.tensor = tensor

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if not isinstance(value, Storage):
                return None
            array = value.tensor.array
            kind = getattr(torch, STORAGES[array.dtype])
            return ("storage", kind, value.tensor.key, "cpu", array.size, None)

    state = collections.OrderedDict(
        (name, Tensor(str(index), array)) for index, (name, array) in enumerate(arrays.items())
    )
    state._metadata = {"": {"version": 1}}
    state.update(extra)
    file = io.BytesIO()
    modules = {"torch": torch, "torch._utils": utils}
    kept = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        pickle.dump(0x1950A86A20F9469CFC6C, file, protocol=2)
        pickle.dump(1001, file, protocol=2)
        system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
        pickle.dump(system, file, protocol=2)
        Pickler(file, protocol=2).dump(state)
    finally:
        for name, module in kept.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    pickle.dump([str(index) for index in range(len(arrays))], file, protocol=2)
    for array in arrays.values():
        file.write(array.size.to_bytes(8, "little"))
        file.write(array.tobytes(order="A"))
    return file.getvalue()
