"""What shows only between samples: copies, and splits that are not apart."""

from collections import defaultdict

from segtf.data.check.finding import Finding
from segtf.data.check.likeness import clusters, exact_copies, near_copies


def find_copies(looks, splits, is_published):
    """Find images that occur more than once.

    Args:
        looks: `segtf.data.check.look.Look`s, those thoroughly looked at.
        splits: split name to sample ids; may be empty.
        is_published: whether the splits are official ones.

    Returns:
        A list of findings, one for each set of copies.
    """
    looks = [look for look in looks if look.pixels is not None]
    likenesses = [look.pixels.likeness for look in looks]
    split_of = {id_: name for name, ids in splits.items() for id_ in ids}
    leak = "published leakage" if is_published else "leakage"
    findings = []
    exact = exact_copies(likenesses)
    for positions in exact:
        same = [looks[position] for position in positions]
        findings.append(_copies("duplicate", leak, same, split_of, "have the same pixels"))
        masks = {look.mask_digest for look in same if look.counts}
        if len(masks) > 1:
            cause = f"have the same pixels but {len(masks)} different masks"
            findings.append(Finding("contradiction", _images(same), cause))
    # Of exact copies one stands for all, so that they are not reported twice.
    others = {position for positions in exact for position in positions[1:]}
    kept = [position for position in range(len(looks)) if position not in others]
    near = clusters(near_copies([likenesses[position] for position in kept]))
    for cluster in near:
        alike = [looks[kept[position]] for position in cluster]
        findings.append(_copies("near duplicate", leak, alike, split_of, "look nearly the same"))
    return findings


def check_splits(source, splits, is_published):
    """Find samples that are missing or in two splits, and groups that straddle splits.

    Args:
        source: the `Source`.
        splits: split name to sample ids.
        is_published: whether the splits are official ones.

    Returns:
        A list of findings.
    """
    samples = {sample.id: sample for sample in source.samples}
    findings, places, groups = [], defaultdict(list), defaultdict(set)
    for name, ids in splits.items():
        missing = [id_ for id_ in ids if id_ not in samples]
        if missing:
            cause = f"split {name} names {len(missing)} samples that are not there: " + ", ".join(
                missing[:5]
            )
            findings.append(Finding("split", (), cause))
        for id_ in ids:
            places[id_].append(name)
            if id_ in samples and samples[id_].group is not None:
                groups[samples[id_].group].add(name)
    for id_, names in places.items():
        if len(names) > 1 and id_ in samples:
            cause = f"is in the splits {' and '.join(names)}"
            findings.append(Finding("split", (samples[id_].image,), cause, (id_,)))
    kind = "group in several published splits" if is_published else "group in several splits"
    for group, names in groups.items():
        if len(names) > 1:
            files = tuple(sample.image for sample in source.samples if sample.group == group)
            cause = f"group {group} is in the splits {' and '.join(sorted(names))}"
            findings.append(Finding(kind, files, cause))
    return findings


def _copies(kind, leak, looks, split_of, cause):
    names = sorted({split_of[look.sample.id] for look in looks if look.sample.id in split_of})
    if len(names) > 1:
        return Finding(leak, _images(looks), f"{cause} and are in {' and '.join(names)}")
    return Finding(kind, _images(looks), cause)


def _images(looks):
    return tuple(look.sample.image for look in looks)
