"""What has changed in a data set since a training began."""

_SHOWN = 3
_USED = ("train", "val")


def record_contents(contents, split):
    """Return what a run keeps of its data: sample id to digests and the name of its split.

    Args:
        contents: `Contents`.
        split: split name to list of sample ids.

    Example:

    >>> from segtf.data.contents import Contents
    >>> record_contents(Contents("", {"a": {"image": "1", "mask": "2"}}), {"train": ["a"]})
    {'a': {'image': '1', 'mask': '2', 'split': 'train'}}
    """
    split_of = _split_of(split)
    return {
        id_: {**digests, "split": split_of.get(id_)} for id_, digests in contents.samples.items()
    }


def find_changes(before, contents, split, published=()):
    """Compare the data of a training with what it was when the training began.

    Args:
        before: what `record_contents` returned then.
        contents: `Contents` now.
        split: the saved assignment, split name to list of sample ids.
        published: the split that the data set itself has now.

    Returns:
        Two lists of lines of text: changes that a training must not go on with unasked, and
        such as do not concern it.

    Example:

    >>> from segtf.data.contents import Contents
    >>> then = record_contents(Contents("", {"a": {"image": "1", "mask": "2"}}), {"train": ["a"]})
    >>> now = Contents("", {"a": {"image": "1", "mask": "3"}, "b": {"image": "4", "mask": "5"}})
    >>> find_changes(then, now, {"train": ["a"]})
    (['1 altered: a (mask, train)'], ['1 added, which take no part: b'])
    """
    used = {id_: digests for id_, digests in before.items() if digests.get("split") in _USED}
    now = contents.samples
    altered = [id_ for id_ in used if id_ in now and _differing(used[id_], now[id_])]
    owner = {digests.get("image"): id_ for id_, digests in before.items()}
    crossed = [
        (id_, owner[now[id_]["image"]])
        for id_ in altered
        if "image" in _differing(used[id_], now[id_])
        and _is_of_another_split(used[id_], before.get(owner.get(now[id_]["image"])))
    ]
    moved = [*_moved(used, _split_of(split)), *_moved_by_publisher(used, published)]
    serious = [
        _line("removed", [f"{id_} ({used[id_]['split']})" for id_ in used if id_ not in now]),
        _line(
            "exchanged between splits",
            [
                f"{id_} ({used[id_]['split']}) holds what {other} ({before[other]['split']}) held"
                for id_, other in crossed
            ],
        ),
        _line(
            "altered",
            [
                f"{id_} ({' and '.join(_differing(used[id_], now[id_]))}, {used[id_]['split']})"
                for id_ in altered
                if id_ not in dict(crossed)
            ],
        ),
        _line("moved", moved),
    ]
    harmless = [
        _line("added, which take no part", [id_ for id_ in now if id_ not in before]),
        _line(
            "removed, which took no part",
            [id_ for id_ in before if id_ not in used and id_ not in now],
        ),
    ]
    return list(filter(None, serious)), list(filter(None, harmless))


def _split_of(split):
    return {id_: name for name, ids in split.items() for id_ in ids}


def _differing(before, now):
    return [part for part in ("image", "mask") if before.get(part) != now[part]]


def _is_of_another_split(own, other):
    return other is not None and other.get("split") in _USED and other["split"] != own["split"]


def _moved(used, split_of):
    for id_, digests in used.items():
        there = split_of.get(id_)
        if there != digests["split"]:
            yield f"{id_} from {digests['split']} to {there or 'no split'}"


def _moved_by_publisher(used, published):
    """A set that publishes no ``val`` has some of its ``train`` held out."""
    published = dict(published)
    for id_, there in _split_of(published).items():
        here = used.get(id_, {}).get("split")
        held_out_here = here == "val" and there == "train" and "val" not in published
        if here is not None and there != here and not held_out_here:
            yield f"{id_} from {here} to {there} of the data set"


def _line(what, names):
    if not names:
        return None
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)} {what}: {', '.join(names[:_SHOWN])}{more}"
