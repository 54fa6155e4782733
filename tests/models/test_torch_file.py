"""PyTorch's old weight files: what they hold is read, and nothing of them is run."""

import os
import pathlib
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch_files import torch_bytes, write_torch_file

from segtf.models.torch_file import read_torch_file

ARRAYS = {
    "conv.weight": np.asfortranarray(np.arange(24, dtype="float32").reshape(2, 3, 2, 2)),
    "norm.running_var": np.ones(3, "float32"),
    "norm.num_batches_tracked": np.array(7),
}
CONTENT = torch_bytes(ARRAYS)


class Call:
    """Makes a pickle that calls something when it is loaded as pickles are."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.pth"


def test_arrays_come_out_as_they_were(path):
    write_torch_file(path, ARRAYS)
    received = read_torch_file(path)
    assert list(received) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(received[name], array)
        assert received[name].dtype == array.dtype
        assert not received[name].flags.writeable


@pytest.mark.parametrize("function", [os.mkdir, pathlib.Path, eval, getattr, dict])
def test_nothing_in_a_file_is_run(path, function, tmp_path):
    target = tmp_path / "made"
    write_torch_file(path, ARRAYS, extra={"x": Call(function, str(target))})
    with pytest.raises(ValueError, match=r"a name that no weights need, .*"):
        read_torch_file(path)
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "old format"),
        (b"no weights", "old format"),
        (b"PK\x03\x04rest", "_use_new_zipfile_serialization=False.*a zip archive"),
        (pickle.dumps([1, 2, 3], protocol=2), "another kind of file"),
        (CONTENT[:-1], "ends early"),
        (CONTENT + b"\x00", "does not end with its storages"),
        (CONTENT.replace(b"cpu", b"cp\xff"), "old format"),
        # A storage of fewer values than its tensor, and a tensor that starts too late in it.
        (CONTENT.replace(b"cpuq\x07K\x18", b"cpuq\x07K\x17"), "old format.*storage"),
        (CONTENT.replace(b"QK\x00(K\x02", b"QK\x01(K\x02"), "exceeds its storage"),
    ],
)
def test_other_and_damaged_files_are_refused_in_one_line(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_torch_file(path)
    assert "Received: " in str(error.value) and str(path) in str(error.value)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500


def test_a_memo_of_four_billion_places_takes_no_memory(path):
    path.write_bytes(b"\x80\x02K\x01r\xff\xff\xff\xff.")
    assert peak_of(path) < 2**20


def test_tuples_that_double_again_and_again_are_no_keys(path):
    doubling = b"\x80\x02}(K\x01" + b"q\x00h\x00\x86" * 80 + b"K\x01u."
    path.write_bytes(CONTENT[:137] + doubling)
    assert peak_of(path) < 2**20


def peak_of(path):
    """Bytes taken by a file that is read, or refused by a `ValueError` and nothing else."""
    tracemalloc.start()
    try:
        read_torch_file(path)
    except ValueError as error:
        assert str(path) in str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    places=st.lists(
        st.tuples(st.integers(0, len(CONTENT) - 1), st.integers(0, 255)), min_size=1, max_size=4
    ),
    end=st.integers(0, len(CONTENT)) | st.just(len(CONTENT)),
)
def test_a_damaged_file_is_read_or_refused_within_bounds(path, places, end):
    content = bytearray(CONTENT)
    for place, value in places:
        content[place] = value
    path.write_bytes(content[:end])
    assert peak_of(path) < 2**20
