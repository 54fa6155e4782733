"""Training that is killed and goes on, in processes of its own."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("resume_script.py")
KILLED = -9


def run_script(*arguments):
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert result.returncode in (0, KILLED), result.stderr[-3000:]
    return result


def final_state(run):
    with np.load(run / "checkpoints" / "state.npz") as file:
        return {name: file[name] for name in file.files if name != "about"}


def history_but_for_time(run):
    lines = (run / "history.csv").read_text().splitlines()
    return [line.rpartition(",")[0] for line in lines]


def assert_same_end(run, other):
    assert history_but_for_time(run) == history_but_for_time(other)
    state, expected = final_state(run), final_state(other)
    assert state.keys() == expected.keys()
    for name in state:
        np.testing.assert_array_equal(state[name], expected[name])


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory, synthetic_folder):
    """A run of four epochs of three steps that nothing interrupted."""
    run = tmp_path_factory.mktemp("whole") / "run"
    assert run_script("train", run, synthetic_folder).returncode == 0
    return run


@pytest.mark.parametrize(
    "steps", [(7,), pytest.param((5, 7), marks=pytest.mark.slow)], ids=["once", "twice"]
)
def test_a_run_that_was_killed_ends_with_the_same_weights_and_history(
    tmp_path, synthetic_folder, whole_run, steps
):
    """Within an epoch, and after the first step of the one from which the encoder is trained."""
    run = tmp_path / "run"
    verb, said = "train", []
    for step in steps:
        result = run_script(verb, run, synthetic_folder, "step", step)
        assert result.returncode == KILLED, result.stderr[-3000:]
        said.append(f"going on after step {step - 1} of 12")
        verb = "resume"
        if len(said) > 1:
            assert said[-2] in result.stdout
    result = run_script("resume", run, synthetic_folder)
    assert result.returncode == 0, result.stderr[-3000:]
    assert said[-1] in result.stdout
    assert_same_end(run, whole_run)


@pytest.mark.slow
def test_a_run_killed_beyond_its_end_ends_with_the_same_weights(
    tmp_path, synthetic_folder, whole_run
):
    runs = [shutil.copytree(whole_run, tmp_path / name) for name in ("whole", "killed")]
    assert run_script("beyond", runs[0], synthetic_folder).returncode == 0
    assert run_script("beyond", runs[1], synthetic_folder, "step", 14).returncode == KILLED
    assert run_script("resume", runs[1], synthetic_folder).returncode == 0
    assert_same_end(*runs)
    assert len(history_but_for_time(runs[0])) == 1 + 6


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_a_run_killed_at_any_moment_ends_with_the_same_weights(
    tmp_path, synthetic_folder, whole_run, seed
):
    run = tmp_path / "run"
    moments = random.Random(seed)
    verb = "train"
    for _ in range(2):
        result = run_script(verb, run, synthetic_folder, "seconds", moments.uniform(3, 25))
        if result.returncode == 0:
            break
        verb = "resume" if run.exists() else "train"
    else:
        assert run_script(verb, run, synthetic_folder).returncode == 0
    assert_same_end(run, whole_run)
