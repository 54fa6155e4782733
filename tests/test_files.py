import pytest

from segtf.files import publishing_folder, replacing, write_atomically


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
