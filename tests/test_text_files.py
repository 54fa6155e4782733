"""Text in any usual encoding."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtf.files import write_atomically
from segtf.runs import Run
from segtf.text_files import clean, plain, read_text

TEXT = "Hintergrund\r\nFußgänger\r\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"], ids=lambda name: name
)
def test_encodings(tmp_path, encoding):
    path = tmp_path / "names.txt"
    path.write_bytes(TEXT.encode(encoding))
    assert read_text(path) == TEXT


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(tmp_path, encoding):
    path = tmp_path / "names.txt"
    path.write_bytes("background\ncar\n".encode(encoding))
    assert read_text(path) == "background\ncar\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "zero bytes"),
        (b"sky\ncar\x81\n", r"names\.txt, line 2"),
        (b"\xff\xfes\0k\0y", "utf-16|truncated|names"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, content, message):
    path = tmp_path / "names.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_text(path)


@pytest.mark.parametrize("name", ["nowhere.txt", "."])
def test_no_file(tmp_path, name):
    with pytest.raises(ValueError, match="Received: "):
        read_text(tmp_path / name)


@given(st.text())
def test_cleaning_twice_changes_nothing(text):
    once = clean(text)
    assert clean(once) == once
    assert once == once.strip()


@given(st.binary(min_size=1, max_size=20))
def test_any_name_of_a_file_can_be_written_and_is_told_from_others(name):
    text = os.fsdecode(name)
    plain(text).encode("utf-8")
    assert plain(plain(text)) == plain(text)


def test_a_run_needs_a_name_that_tensorflow_takes(tmp_path):
    Run.require_new(tmp_path / "läuf")
    with pytest.raises(ValueError, match=r"r.udce4n") as caught:
        Run.require_new(tmp_path / os.fsdecode(b"r\xe4n"))
    str(caught.value).encode("utf-8")


def test_a_name_that_is_no_utf_8_is_written_escaped(tmp_path):
    write_atomically(tmp_path / "report.txt", os.fsdecode(b"bl\xe4.png"))
    assert (tmp_path / "report.txt").read_text() == "bl\\udce4.png"
