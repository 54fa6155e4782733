"""The images that a run held out, for benchmarks that measure what `segtf evaluate` does not."""

from dataclasses import replace

from segtf.data import inspect_source, load_source, read_sample, select
from segtf.runs import Run


def held_out(path):
    """Yield the id, the pixels and the class ids of each image, at its own size."""
    run = Run.open(path)
    source = load_source(**run.config()["data"])
    chosen = tuple(select(source.samples, run.split()["val"]))
    source, _ = inspect_source(replace(source, samples=chosen, splits={}), to_train=False)
    for sample in source.samples:
        image, truth = read_sample(sample, run.spec())
        yield sample.id, image, truth
