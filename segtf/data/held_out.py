"""Data sets divided by a split, so that a model is measured on what it has not seen."""

from dataclasses import replace

from segtf.data.splits import official_split


def with_split(source, split):
    """Return a source that is divided as a split says.

    Args:
        source: a `Source`.
        split: split name to list of sample ids, such as `segtf.data.load_split` reads; samples that
            it does not name are in none.

    Raises:
        ValueError: for ids that the source does not have.

    Example:

    >>> from segtf.data import LabelMap, Sample, Source
    >>> samples = tuple(Sample(name, f"{name}.png") for name in "abc")
    >>> source = Source("mine", samples, LabelMap(("skin", "lesion")))
    >>> with_split(source, {"train": ["a", "c"], "val": ["b"]}).splits["val"]
    ('b',)
    """
    known = {sample.id for sample in source.samples}
    unknown = [id_ for ids in split.values() for id_ in ids if id_ not in known]
    if unknown:
        raise ValueError(
            f"Expected a split of {source.name}. Received: {len(unknown)} ids that it does not "
            f"have, the first: {unknown[0]}"
        )
    return replace(source, splits={name: tuple(ids) for name, ids in split.items()})


def hold_out(source, val_share=0.2, seed=0):
    """Return a source that is divided as a training of it would be by these settings.

    Args:
        source: a `Source`. Its official split is kept where it has one.
        val_share: share that is held out, as ``val``.
        seed: of the choice.

    Raises:
        ValueError: if there are too few samples.
    """
    return with_split(source, official_split(source, val_share, seed))
