"""Version folders: which SavedModel a path means, and where the next one goes."""

from segtf.version_folders import newest_version, next_version


def saved_model(folder):
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").touch()
    return folder


def test_the_newest_is_the_one_of_the_highest_number(tmp_path):
    saved_model(tmp_path / "9")
    newest = saved_model(tmp_path / "10")
    assert newest_version(tmp_path) == newest
    assert newest_version(newest) == newest
    assert next_version(tmp_path) == tmp_path / "11"


def test_an_unfinished_version_is_passed_over_but_keeps_its_number(tmp_path):
    finished = saved_model(tmp_path / "1")
    (tmp_path / "2").mkdir()
    saved_model(tmp_path / ".3")
    assert newest_version(tmp_path) == finished
    assert next_version(tmp_path) == tmp_path / "3"


def test_a_run_that_holds_its_exports_is_no_saved_model(tmp_path):
    saved_model(tmp_path / "saved_model" / "1")
    assert newest_version(tmp_path) is None
    assert next_version(tmp_path) == tmp_path / "1"
