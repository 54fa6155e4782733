import json

import pytest

from segtf.labels import LabelMap
from segtf.spec import ModelSpec

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


@pytest.mark.parametrize(
    "arguments",
    [
        {"size": (0, 64)},
        {"size": (64,)},
        {"size": (64, 64), "channels": 0},
        {"size": (64, 64), "resize": "squeeze"},
        {"size": (64, 64), "threshold": 1.0},
    ],
)
def test_what_cannot_be_is_refused(arguments):
    with pytest.raises(ValueError, match="Received: "):
        ModelSpec(LABELS, **arguments)
