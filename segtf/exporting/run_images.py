"""Images that a run was trained on, or held out."""

from pathlib import Path

from segtf.data import load_source, select
from segtf.runs import Run


def run_images(run, split, limit):
    """Return paths of images of a run's split.

    Args:
        run: a run folder; of anything else there are none.
        split: ``train`` or ``val``.
        limit: largest number of images, taken evenly from the split.

    Returns:
        A list of paths; empty where the data is no longer where it was.
    """
    path = run.path if isinstance(run, Run) else run
    if not isinstance(path, str | Path) or not Run.is_run(path):
        return []
    run = Run.open(path)
    try:
        source = load_source(**run.config()["data"])
        samples = select(source.samples, run.split()[split])
    except (ValueError, OSError, KeyError):
        return []
    step = max(1, len(samples) // limit)
    return [sample.image for sample in samples[::step][:limit]]
