import errno

import pytest

from segtf.files import publishing_folder, replacing, require_writable, write_atomically


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "history.csv"
    write_atomically(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_folder_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), publishing_folder(tmp_path / "1") as beside:
        (beside / "half").write_text("")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_not_replaced(tmp_path):
    (tmp_path / "1").mkdir()
    with pytest.raises(FileExistsError), publishing_folder(tmp_path / "1"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


@pytest.mark.parametrize("writing", [replacing, publishing_folder])
def test_a_full_disk_is_named_with_the_file(tmp_path, writing):
    path = tmp_path / "model.tflite"
    with pytest.raises(OSError, match="No space left") as full, writing(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert full.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("names", [("file",), ("file", "below")])
def test_a_file_in_the_way_of_a_folder_is_found(tmp_path, names):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"folder to write to\. Received: .*file, which is a file"):
        require_writable(tmp_path.joinpath(*names))


def test_a_folder_that_cannot_be_written_to_is_found(tmp_path, monkeypatch):
    def refuse(dir):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("segtf.files.tempfile.TemporaryFile", refuse)
    with pytest.raises(ValueError, match=r"Received: .*new \(Permission denied\)"):
        require_writable(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
