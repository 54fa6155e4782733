"""Run a fuzz target: ``python tests/fuzz/fuzz.py NAME SECONDS``. Needs the extra ``fuzz``.

What it finds lies under ``build/fuzz/``; once mended, it becomes a seed, which the tests run.
"""

import os
import resource
import sys
import tempfile
from pathlib import Path

MOST_MEMORY_MB, MOST_SECONDS, MOST_BYTES = 1500, 20, 2**16
"""Beyond what TensorFlow takes by itself."""


def main(name, seconds):
    """Fuzz one target."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import atheris

    with atheris.instrument_imports(include=["segtf"]):
        from mutate import mutated
        from targets import OF_JSON, SEEDS, prepared

        run = prepared(name)
    for seed in sorted((SEEDS / name).iterdir()):
        run(seed.read_bytes())  # whatever is loaded at the first call is loaded now

    def mutate(data, most_bytes, seed):
        try:
            return mutated(data, seed)[:most_bytes]
        except ValueError:
            return atheris.Mutate(data, most_bytes)

    found = Path("build/fuzz") / name
    found.mkdir(parents=True, exist_ok=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    arguments = [
        sys.argv[0],
        tempfile.mkdtemp(prefix="segtf-fuzz-"),
        str(SEEDS / name),
        f"-max_total_time={seconds}",
        f"-rss_limit_mb={before + MOST_MEMORY_MB}",
        f"-timeout={MOST_SECONDS}",
        f"-max_len={MOST_BYTES}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    custom = {"custom_mutator": mutate} if name in OF_JSON else {}
    atheris.Setup(arguments, run, **custom)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
