"""A run that goes on looks at its folder and its data first."""

import json
import shutil

import numpy as np
import pytest

from segtf.data import load_source
from segtf.runs import Run
from segtf.training.train import resume


@pytest.fixture
def run(small_run, tmp_path):
    return Run(shutil.copytree(small_run.path, tmp_path / "run"))


@pytest.fixture
def data(synthetic_folder, tmp_path):
    return shutil.copytree(synthetic_folder, tmp_path / "data")


def go_on(run, data, **settings):
    messages = []
    source = load_source("synthetic", data)
    resume(run.path, source, on_message=messages.append, verbose=0, **settings)
    return "\n".join(messages)


def exchange_a_pair(run, data):
    """Exchange the files of the first sample to train on and the first that is held out."""
    split = run.split()
    for name in ("images/{}.jpg", "masks/{}.png"):
        one, other = (data / name.format(split[part][0]) for part in ("train", "val"))
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)
    return split["train"][0], split["val"][0]


def test_changed_data_is_named_and_accepted_only_on_request(run, data):
    train, val = exchange_a_pair(run, data)
    what = f"{train} (train) holds what {val} (val) held"
    with pytest.raises(ValueError, match="--accept-changed-data") as refused:
        go_on(run, data)
    assert what in str(refused.value)
    assert what in go_on(run, data, accept_changed_data=True)
    assert what in run.accepted_changes()[0]
    assert "changed" not in go_on(run, data)


def test_samples_that_are_new_take_no_part(run, data):
    shutil.copy(data / "images" / "0000.jpg", data / "images" / "new.jpg")
    shutil.copy(data / "masks" / "0000.png", data / "masks" / "new.png")
    assert "1 added, which take no part: new" in go_on(run, data)


def test_a_sample_that_is_gone_is_named(run, data):
    gone = run.split()["val"][0]
    (data / "images" / f"{gone}.jpg").unlink()
    (data / "masks" / f"{gone}.png").unlink()
    with pytest.raises(ValueError, match=rf"1 removed: {gone} \(val\)"):
        go_on(run, data)


def test_a_run_without_digests_compares_the_whole(run, data):
    (run.path / "data.json").unlink()
    go_on(run, data)
    exchange_a_pair(run, data)
    with pytest.raises(ValueError, match="keeps no digest of each sample"):
        go_on(run, data)


def test_a_run_that_is_being_trained_is_refused(run, data):
    with run.lock(), pytest.raises(ValueError, match="no other process is training"):
        go_on(run, data)
    go_on(run, data)


def change_json(name, change):
    def damage(run):
        values = json.loads((run.path / name).read_text())
        change(values)
        (run.path / name).write_text(json.dumps(values))

    return damage


def write(name, content):
    return lambda run: (run.path / name).write_bytes(content)


def change_state(**changes):
    def damage(run):
        with np.load(run.state_file) as file:
            arrays = dict(file)
        about = json.loads(arrays["about"].tobytes())
        for name, value in changes.items():
            if value is None:
                del about[name]
            else:
                about[name] = value
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        np.savez(run.state_file, **arrays)

    return damage


DAMAGES = [
    ("config.json", write("config.json", b"\xff\xfe{")),
    ("config.json", write("config.json", b"[" * 100_000)),
    ("config.json", change_json("config.json", lambda v: v.update(training=[]))),
    ("config.json", change_json("config.json", lambda v: v.update(data=None))),
    ("config.json", change_json("config.json", lambda v: v.update(format_version="1"))),
    ("config.json", change_json("config.json", lambda v: v["training"].update(epochs="ten"))),
    ("config.json", change_json("config.json", lambda v: v["training"].update(epochs=2.5))),
    ("config.json", change_json("config.json", lambda v: v["training"].update(size=16))),
    ("config.json", change_json("config.json", lambda v: v["training"].update(size=["a", 1]))),
    ("config.json", change_json("config.json", lambda v: v["training"].update(seed=None))),
    ("config.json", change_json("config.json", lambda v: v["training"].update(freeze=7))),
    ("config.json", change_json("config.json", lambda v: v["training"].update(val_share="x"))),
    ("config.json", change_json("config.json", lambda v: v["training"].update(model=[]))),
    ("config.json", change_json("config.json", lambda v: v["training"].update(augment=3))),
    ("config.json", change_json("config.json", lambda v: v["training"].update(model_settings=1))),
    ("config.json", change_json("config.json", lambda v: v["data"].update(name=3))),
    ("config.json", change_json("config.json", lambda v: v["data"].update(folder=[]))),
    ("split.json", change_json("split.json", lambda v: v.pop("val"))),
    ("split.json", change_json("split.json", lambda v: v.update(train="0001"))),
    ("split.json", change_json("split.json", lambda v: v.update(train=[1, 2]))),
    ("spec.json", change_json("spec.json", lambda v: v.pop("labels"))),
    ("spec.json", change_json("spec.json", lambda v: v.update(labels=[]))),
    ("spec.json", change_json("spec.json", lambda v: v.update(size=None))),
    ("spec.json", change_json("spec.json", lambda v: v.update(size=[32.5, 32]))),
    ("spec.json", change_json("spec.json", lambda v: v["task"].update(threshold="high"))),
    ("spec.json", change_json("spec.json", lambda v: v["task"].update(threshold=float("nan")))),
    ("spec.json", change_json("spec.json", lambda v: v.update(channels="3"))),
    ("history.csv", write("history.csv", b"epoch,loss\n1,low\n")),
    ("history.csv", write("history.csv", b"loss\n1\n")),
    ("history.csv", write("history.csv", b"epoch,loss\n1,2,3,4\n")),
    ("history.csv", write("history.csv", b"epoch\n" + b"1" * 200_000)),
    ("best.keras", write("best.keras", b"PK")),
    ("data.json", write("data.json", b"{}")),
    ("data.json", write("data.json", b'{"samples": {"0000": 1}}')),
    ("state.npz", change_state(format_version=None)),
    ("state.npz", change_state(format_version=9)),
    ("state.npz", change_state(step=-1)),
    ("state.npz", change_state(step="4")),
    ("state.npz", change_state(step=10**9)),
    ("state.npz", change_state(history=[1])),
    ("state.npz", change_state(history=[{"epoch": 1}, {"epoch": 2}])),
    ("state.npz", change_state(variables=7)),
    ("state.npz", change_state(seconds=None)),
    ("state.npz", write("checkpoints/state.npz", b"")),
    ("state.npz", write("checkpoints/state.npz", b"PK\x03\x04" + b"\0" * 200)),
    ("state.npz", lambda run: run.state_file.write_bytes(run.state_file.read_bytes()[:-90])),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGES)
def test_a_damaged_file_of_a_run_is_named(run, data, name, damage):
    damage(run)
    with pytest.raises(ValueError, match=r"Expected .*Received: ") as refused:
        go_on(run, data)
    assert name in str(refused.value)
