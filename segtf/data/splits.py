"""Which samples are trained on and which are held out."""

import hashlib
from collections import defaultdict


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
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) < 0:
        raise ValueError(f"Expected shares that add up to 1. Received: {dict(shares)}")
    strata = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        strata[sample.stratum][sample.group or sample.id].append(sample.id)
    split_of = {}
    total = 0
    filled = dict.fromkeys(shares, 0)
    for stratum in sorted(strata, key=str):
        groups = strata[stratum]
        for group in sorted(groups, key=lambda name: _digest(seed, name)):
            total += len(groups[group])
            name = max(shares, key=lambda split: shares[split] * total - filled[split])
            filled[name] += len(groups[group])
            split_of.update(dict.fromkeys(groups[group], name))
    for name, share in shares.items():
        if share > 0 and not filled[name]:
            raise ValueError(
                f"Expected enough samples for split {name!r} of {share:.0%}. "
                f"Received: {len(samples)}"
            )
    return {
        name: [sample.id for sample in samples if split_of[sample.id] == name] for name in shares
    }


def select(samples, ids):
    """Return the samples of the given ids, in the order of the ids.

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


def _digest(seed, name):
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
