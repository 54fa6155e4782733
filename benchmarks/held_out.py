"""The images that a run held out, for benchmarks that measure what `segtf evaluate` does not."""

from segtf.comparing.run_images import split_source
from segtf.data import inspect_source, read_sample
from segtf.runs import Run


def held_out(path):
    """Yield the id, the pixels and the class ids of each image, at its own size."""
    source, _ = inspect_source(split_source(path, "val"), to_train=False)
    spec = Run.open(path).spec()
    for sample in source.samples:
        image, truth = read_sample(sample, spec)
        yield sample.id, image, truth
