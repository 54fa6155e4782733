import json
from dataclasses import replace

import pytest

from segtf.labels import LabelMap
from segtf.spec import ModelSpec
from segtf.task_settings import SETTINGS, SemanticSettings
from segtf.tasks.choice import TASKS

LABELS = LabelMap(("skin", "lesion"))


def test_a_spec_survives_a_file(tmp_path):
    spec = ModelSpec(LABELS, (48, 64), channels=1, resize="letterbox", threshold=0.4)
    spec.save(tmp_path / "spec.json")
    assert ModelSpec.load(tmp_path / "spec.json") == spec


def test_a_spec_of_a_newer_version_is_refused(tmp_path):
    values = ModelSpec(LABELS, (48, 64)).to_dict() | {"format_version": 99}
    (tmp_path / "spec.json").write_text(json.dumps(values))
    with pytest.raises(ValueError, match=r"format_version.*Received: 99"):
        ModelSpec.load(tmp_path / "spec.json")


VERSION_1 = """{
  "format_version": 1,
  "size": [360, 480],
  "channels": 3,
  "resize": "crop",
  "threshold": 0.37,
  "labels": {
    "names": ["Sky", "Building", "Pole"],
    "colors": [[0, 0, 0], [128, 0, 0], [192, 192, 128]],
    "ignore_class": 255
  }
}
"""


def test_a_file_of_version_1_is_semantic(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(VERSION_1)
    spec = ModelSpec.load(path)
    assert spec.task == SemanticSettings(threshold=0.37)
    assert (spec.size, spec.channels, spec.resize) == ((360, 480), 3, "crop")
    colors = ((0, 0, 0), (128, 0, 0), (192, 192, 128))
    assert spec.labels == LabelMap(("Sky", "Building", "Pole"), colors, 255, background=0)
    spec.save(path)
    assert json.loads(path.read_text())["format_version"] == 2
    assert ModelSpec.load(path) == spec


def test_a_threshold_is_of_the_task():
    spec = ModelSpec(LABELS, (48, 64), threshold=0.4)
    assert spec.to_dict()["task"] == {"name": "semantic", "threshold": 0.4}
    assert replace(spec, threshold=0.6).task == SemanticSettings(0.6)
    assert replace(spec, resize="crop").threshold == 0.4
    assert ModelSpec(LABELS, (48, 64), task=SemanticSettings(0.4)) == spec


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"name": "panoptic"}, "a task out of semantic.*newer.*Received: 'panoptic'"),
        ({"name": ["semantic"]}, "a task out of"),
        ({"threshold": 0.5}, "a task out of semantic.*Received: None"),
        ("semantic", "a task as an object"),
        ({"name": "semantic"}, "settings of the task semantic: threshold.*Received: none"),
        ({"name": "semantic", "threshold": "high"}, "threshold.*Received: 'high'"),
        ({"name": "semantic", "threshold": 0.5, "speed": 1}, "Received: speed, threshold"),
    ],
)
def test_tasks_that_are_not_known_or_damaged_are_refused(task, message, tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({**ModelSpec(LABELS, (48, 64)).to_dict(), "task": task}))
    with pytest.raises(ValueError, match=message + r".*spec\.json"):
        ModelSpec.load(path)


def test_every_task_that_a_spec_can_name_is_there():
    assert set(TASKS) == set(SETTINGS)


@pytest.mark.parametrize(
    "arguments",
    [
        {"size": (0, 64)},
        {"size": (64,)},
        {"size": (64, 64), "channels": 0},
        {"size": (64, 64), "resize": "squeeze"},
        {"size": (64, 64), "threshold": 1.0},
        {"size": (64, 64), "task": "panoptic"},
        {"size": (64, 64), "labels": LabelMap(("lesion", "skin"), background=1)},
    ],
)
def test_what_cannot_be_is_refused(arguments):
    with pytest.raises(ValueError, match="Received: "):
        ModelSpec(**{"labels": LABELS, **arguments})
