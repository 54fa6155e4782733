import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "serving.py"


@pytest.mark.slow
def test_no_answer_is_lost_or_wrong(base_path, tmp_path):
    results = tmp_path / "serving.json"
    options = ["--seconds", "20", "--clients", "8", "--model", base_path, "--results", results]
    done = subprocess.run(
        [sys.executable, BENCHMARK, *options], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(results.read_text())
    assert figures["images_wrong"] == figures["requests_lost"] == 0
    assert figures["images_right"] > 100
    for protocol in ("rest", "grpc"):
        assert (
            0 < figures["milliseconds"][protocol]["p50"] <= figures["milliseconds"][protocol]["p99"]
        )
