import pytest

from segtf.exporting.room import require_room
from segtf.labels import LabelMap

LABELS = LabelMap(("skin", "lesion"))


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ValueError, match="Expected a folder to export to"):
        require_room(tmp_path / "out", ["model.tflite"], LABELS)


def test_class_names_of_somebody_stay(tmp_path):
    require_room(tmp_path / "new", ["model.tflite"], LABELS)
    (tmp_path / "labels.txt").write_text("skin\nlesion\n")  # the same: nothing is lost
    require_room(tmp_path, ["model.tflite"], LABELS)
    (tmp_path / "labels.txt").write_text("# what our doctors call it\nskin\nlesion\n")
    with pytest.raises(ValueError, match=r"labels\.txt, which segtf\.export did not write"):
        require_room(tmp_path, ["model.tflite"], LABELS)
    require_room(tmp_path, [], LABELS)  # a SavedModel has a folder of its own
    (tmp_path / "model.tflite.parity.json").write_text("{}")  # of an earlier export
    require_room(tmp_path, ["model.tflite"], LABELS)
