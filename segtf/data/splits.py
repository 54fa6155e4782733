"""Which samples are trained on and which are held out.

A split is a dict of split name to list of sample ids. It is decided once and saved: what is
assigned stays where it is, and new files are placed by a hash of their name.
"""

import hashlib
import json
from collections import Counter, defaultdict
from itertools import accumulate
from pathlib import Path

from segtf.files import write_atomically
from segtf.text_files import plain


def split_by_share(samples, shares, seed=0):
    """Assign samples to splits at random, but always alike for the same ids and seed.

    Samples of one group stay together; each stratum is divided in proportion.

    Args:
        samples: the `Sample`s.
        shares: split name to share, such as ``{"train": 0.8, "val": 0.2}``; shares add up to 1.
        seed: whole number; another seed gives another assignment.

    Returns:
        Split name to list of sample ids, in the samples' order.

    Raises:
        ValueError: if the shares do not add up to 1, or a split of a positive share stays empty.

    Example:

    >>> from pathlib import Path
    >>> from segtf.data import Sample
    >>> samples = [Sample(f"{i}", Path(f"{i}.jpg"), Path(f"{i}.png")) for i in range(10)]
    >>> split = split_by_share(samples, {"train": 0.8, "val": 0.2})
    >>> len(split["train"]), len(split["val"])
    (8, 2)
    """
    if not shares or abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) < 0:
        raise ValueError(f"Expected shares that add up to 1. Received: {dict(shares)}")
    split_of = {}
    total = 0
    filled = dict.fromkeys(shares, 0)
    for _, units in _strata(samples, seed):
        for ids in units:
            total += len(ids)
            name = max(shares, key=lambda split: shares[split] * total - filled[split])
            filled[name] += len(ids)
            split_of.update(dict.fromkeys(ids, name))
    for name, share in shares.items():
        if share > 0 and not filled[name]:
            raise ValueError(
                f"Expected enough samples, or groups, for split {name!r} of {share:.0%}. "
                f"Received: {len(samples)}"
            )
    return {
        name: [sample.id for sample in samples if split_of[sample.id] == name] for name in shares
    }


def split_k_folds(samples, folds, seed=0):
    """Divide samples into folds, each of which is held out once.

    Samples of one group stay together; each stratum is spread evenly over the folds.

    Args:
        samples: the `Sample`s.
        folds: number of folds, at least 2.
        seed: whole number; another seed gives other folds.

    Returns:
        A split ``{"train": [...], "val": [...]}`` for each fold.

    Raises:
        ValueError: for fewer than 2 folds, or more folds than samples or groups.

    Example:

    >>> from pathlib import Path
    >>> from segtf.data import Sample
    >>> samples = [Sample(f"{i}", Path(f"{i}.jpg"), Path(f"{i}.png")) for i in range(9)]
    >>> [len(split["val"]) for split in split_k_folds(samples, 3)]
    [3, 3, 3]
    """
    if folds < 2:
        raise ValueError(f"Expected at least 2 folds. Received: {folds}")
    fold_of = {}
    filled = [0] * folds
    for _, units in _strata(samples, seed):
        here = [0] * folds
        for ids in units:
            fold = min(range(folds), key=lambda index: (here[index], filled[index]))
            here[fold] += len(ids)
            filled[fold] += len(ids)
            fold_of.update(dict.fromkeys(ids, fold))
    if not all(filled):
        raise ValueError(
            f"Expected at least one sample, or group, for each of {folds} folds. "
            f"Received: {len(samples)} samples"
        )
    return [
        {
            "train": [sample.id for sample in samples if fold_of[sample.id] != fold],
            "val": [sample.id for sample in samples if fold_of[sample.id] == fold],
        }
        for fold in range(folds)
    ]


def official_split(source, val_share=0.2, seed=0):
    """Return the published split of a set, with a part held out for validation in any case.

    Args:
        source: a `Source`.
        val_share: share that becomes ``val`` where the set has no such split: of its ``train``,
            or of all that is in no split.
        seed: of that choice.

    Returns:
        Split name to list of sample ids, with ``train`` and ``val``; other published splits,
        such as ``test``, stay apart.

    Raises:
        ValueError: if there are too few samples to hold some out, or some to train on are in
            another split, too.
    """
    present = {sample.id for sample in source.samples}
    split = {name: [id_ for id_ in ids if id_ in present] for name, ids in source.splits.items()}
    _require_apart(split)
    if "train" in split and "val" in split:
        return split
    assigned = {id_ for name, ids in split.items() if name != "train" for id_ in ids}
    if "train" in split:
        rest = select(source.samples, split["train"])
    else:
        rest = [sample for sample in source.samples if sample.id not in assigned]
    if not rest and split:
        raise ValueError(
            "Expected samples to train on: a published split train, or samples in no split. "
            f"Received: the splits {', '.join(split)}"
        )
    if "val" in split:
        return {"train": [sample.id for sample in rest], **split}
    return split | split_by_share(rest, {"train": 1 - val_share, "val": val_share}, seed)


def _require_apart(split):
    for name, ids in split.items():
        both = set(split.get("train", ())).intersection(ids) if name != "train" else ()
        if both:
            raise ValueError(
                "Expected official splits that share no sample: what is trained on would be "
                f"measured, too. Received: {len(both)} in both train and {name}, such as "
                f"{min(both)}"
            )


def extend_split(split, samples, seed=0):
    """Place samples that a saved split does not know; what it knows stays where it is.

    A new sample joins the split that its group is in. Otherwise a hash of its group or id
    places it, in the proportions of the saved split: where it lands depends on no other new
    sample, so that files may come in any order.

    Args:
        split: the saved split.
        samples: the current `Sample`s; ids of samples that are gone are kept.
        seed: whole number.

    Returns:
        The larger split.

    Example:

    >>> from pathlib import Path
    >>> from segtf.data import Sample
    >>> samples = [Sample(name, Path(f"{name}.jpg")) for name in "abc"]
    >>> extend_split({"train": ["a"], "val": []}, samples)
    {'train': ['a', 'b', 'c'], 'val': []}
    """
    split_of = {id_: name for name, ids in split.items() for id_ in ids}
    split_of_group = {
        sample.group: split_of[sample.id]
        for sample in samples
        if sample.group is not None and sample.id in split_of
    }
    sizes = [len(ids) for ids in split.values()]
    if not sum(sizes):
        raise ValueError(f"Expected a saved split with samples in it. Received: {split}")
    larger = {name: list(ids) for name, ids in split.items()}
    for sample in samples:
        if sample.id not in split_of:
            place = split_of_group.get(sample.group) or _place(sample, larger, sizes, seed)
            larger[place].append(sample.id)
    return larger


def save_split(path, split):
    """Write a split as a JSON file; a saved one may grow, but nothing in it moves.

    Args:
        path: the file.
        split: split name to list of sample ids, none of them twice.

    Raises:
        ValueError: if an id occurs twice, or the file exists and has an id in another split or
            one that `split` lacks.
    """
    counts = Counter(id_ for ids in split.values() for id_ in ids)
    twice = sorted(id_ for id_, count in counts.items() if count > 1)
    if twice:
        raise ValueError(f"Expected every sample in one split. Received twice: {twice[:5]}")
    if Path(path).exists():
        split_of = {id_: name for name, ids in split.items() for id_ in ids}
        for name, ids in load_split(path).items():
            moved = [id_ for id_ in ids if split_of.get(id_) != name]
            if moved:
                raise ValueError(
                    f"Expected a split that leaves the saved one in {path} as it is (see "
                    f"extend_split). Received: {moved[:5]} no longer in {name!r}"
                )
    content = {name: list(ids) for name, ids in split.items()}
    write_atomically(path, json.dumps(content, indent=2) + "\n")


def load_split(path):
    """Read a split that `save_split` or a training run wrote.

    Args:
        path: the JSON file.

    Returns:
        A dict from the name of each split to the list of its sample ids.

    Raises:
        ValueError: if the file is missing or holds something else.
    """
    try:
        split = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"Expected a saved split. Received: {path} ({error})") from None
    if not isinstance(split, dict) or not all(isinstance(ids, list) for ids in split.values()):
        raise ValueError(f"Expected lists of sample ids by split name. Received: {path}")
    return {name: [plain(str(id_)) for id_ in ids] for name, ids in split.items()}


def select(samples, ids):
    """Return the samples of the given ids, in the order of the ids.

    Args:
        samples: `Sample`s.
        ids: their ids.

    Returns:
        A list of `Sample`s.

    Raises:
        ValueError: if some are not there.
    """
    by_id = {sample.id: sample for sample in samples}
    missing = [id_ for id_ in ids if id_ not in by_id]
    if missing:
        raise ValueError(
            f"Expected the samples of the saved split. Received: none for {len(missing)} ids "
            f"({', '.join(missing[:5])})"
        )
    return [by_id[id_] for id_ in ids]


def _strata(samples, seed):
    """Yield each stratum and its units: lists of ids that stay together, large ones first."""
    groups = defaultdict(list)
    for sample in samples:
        key = ("group", sample.group) if sample.group is not None else ("id", sample.id)
        groups[key].append(sample)
    strata = defaultdict(list)
    for (_, name), members in groups.items():
        stratum = Counter(str(sample.stratum) for sample in members).most_common(1)[0][0]
        ids = [sample.id for sample in members]
        strata[stratum].append((-len(ids), _digest(seed, name), ids))
    for stratum in sorted(strata):
        yield stratum, [ids for _, _, ids in sorted(strata[stratum])]


def _place(sample, split, sizes, seed):
    """The split in whose part of 0..1 the sample's hash falls."""
    share = int(_digest(seed, sample.group or sample.id)[:12], 16) / 16**12
    ends = accumulate(size / sum(sizes) for size in sizes)
    places = (name for name, end in zip(split, ends, strict=True) if share < end)
    return next(places, next(reversed(split)))


def _digest(seed, name):
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
