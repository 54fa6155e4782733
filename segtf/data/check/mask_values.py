"""What the values of all masks together mean, and which of them mean nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from segtf.data.check.finding import Finding
from segtf.data.check.others import values_beside
from segtf.data.check.palettes import judge_palettes
from segtf.data.check.white import White, decide_white
from segtf.data.masks import ColorMask, InstanceMask, holds_plain_ids, mask_files

_MANY = 8
_SHOWN = 8
_BLACK_AND_WHITE = {0, 255}
_WHITE_IS_1 = {0: 0, 255: 1}
_TRIMAPS = {
    (1, 2, 3): {1: 1, 2: 0, 3: 255},
    (0, 128, 255): {0: 0, 128: 255, 255: 1},
    (0, 127, 255): {0: 0, 127: 255, 255: 1},
}


@dataclass(frozen=True)
class MaskVerdict:
    """What the masks of a set hold.

    Args:
        findings: what is wrong with them.
        reads_255_as_1: whether 255 stands for class 1 throughout the set.
        mask_values: what the values in plain masks stand for, to be kept with the set; `None`
            where they are class ids and there was nothing to decide.
    """

    findings: tuple[Finding, ...]
    reads_255_as_1: bool
    mask_values: Mapping[int, int] | None = None


def judge_masks(source, looks):
    """Decide what the values of a set's masks mean.

    Args:
        source: the `Source`.
        looks: a `segtf.data.check.look.Look` for each of its samples.

    Returns:
        A `MaskVerdict`.
    """
    labels = source.labels
    readable = [look for look in looks if look.counts]
    plain = [look for look in readable if holds_plain_ids(look.sample)]
    white, findings = White(), []
    if labels.foreground is not None:
        white = decide_white(source, plain)
        findings += [_mixed(look, white.is_class_1) for look in white.contradicting]
    else:
        findings += _white_for_many_classes(source, plain)
    if white.masks:
        findings.append(_white_finding(white.masks, labels))
    judged = {id(look) for look in (*white.masks, *white.contradicting)}
    shifted = [] if white.masks else _trimaps(source, readable) or _shifted(readable, labels)
    findings += [*shifted, *judge_palettes(plain, labels)]
    for look in readable:
        if not (id(look) in judged or (shifted and look.sample.mask_values is None)):
            findings += _unknown(look, labels, white.is_class_1)
    if not shifted:
        findings += _foreground(source, readable, white.is_class_1)
    return MaskVerdict(tuple(findings), white.is_class_1, _to_keep(white, labels))


def _to_keep(white, labels):
    """What 255 was found to mean, as mask values."""
    if white.is_class_1:
        return _WHITE_IS_1
    if white.is_certain and labels.ignore_class == 255:
        return {0: 0, 1: 1, 255: 255}
    return None


def class_counts(look, labels, reads_255_as_1=False):
    """Return class id to number of pixels in a sample's mask; unknown values are left out."""
    meanings = _meanings(look, labels, reads_255_as_1)
    counts = {}
    for value, count in look.counts.items():
        if value in meanings:
            class_id = meanings[value]
            counts[class_id] = counts.get(class_id, 0) + count
    return counts


def _meanings(look, labels, reads_255_as_1):
    """Value to class id."""
    if look.sample.mask_values is not None:
        return look.sample.mask_values
    if reads_255_as_1 and holds_plain_ids(look.sample):
        return _WHITE_IS_1
    ids = {*range(labels.num_classes), labels.ignore_class} - {None}
    return {id_: id_ for id_ in ids}


def _mixed(look, set_is_white):
    mine, others = ("0 and 1", "0 and 255") if set_is_white else ("0 and 255", "0 and 1")
    return _finding("mixed 0/255", look, f"holds {mine}; the other masks hold {others}")


def _white_finding(white, labels):
    files = tuple(mask_files(look.sample)[0] for look in white)
    return Finding("0/255", files, f"holds 0 and 255; 255 is read as class 1 ({labels.names[1]})")


def _white_for_many_classes(source, looks):
    """No class but 0 in any mask of the set, and 255 in some."""
    if not any(255 in look.counts for look in looks):
        return []
    if any(not look.counts.keys() <= _BLACK_AND_WHITE for look in looks):
        return []
    if any(not values <= _BLACK_AND_WHITE for values in values_beside(source, holds_plain_ids)):
        return []
    return [
        _finding(
            "0/255 with many classes",
            look,
            f"holds 255, but the classes are 0 to {source.labels.num_classes - 1}",
        )
        for look in looks
        if 255 in look.counts
    ]


def _trimaps(source, looks):
    """Values of trimaps throughout the set, taken for class ids or for numbers of objects."""

    def takes_part(sample):
        return _may_be_trimap(sample, source.labels)

    looks = [look for look in looks if takes_part(look.sample)]
    values = {value for look in looks for value in look.numbers}
    for trimap, meaning in _TRIMAPS.items():
        if values == {*trimap}:
            if any(not others <= values for others in values_beside(source, takes_part)):
                return []
            files = tuple(mask_files(look.sample)[0] for look in looks)
            cause = (
                f"holds {_list(sorted(values))}, as trimaps do, which are neither class ids nor "
                f"numbers of objects; give their meaning as mask_values, such as {meaning}"
            )
            return [Finding("trimap", files, cause)]
    return []


def _may_be_trimap(sample, labels):
    if isinstance(sample.mask, InstanceMask):
        return sample.mask.divisor is None and sample.mask_values is None
    return holds_plain_ids(sample) and labels.num_classes <= 3


def _shifted(looks, labels):
    """Ids 1..N instead of 0..N-1 in the whole set."""
    looks = [look for look in looks if look.sample.mask_values is None]
    values = {value for look in looks for value in look.counts} - {labels.ignore_class}
    if not values or min(values) != 1 or max(values) != labels.num_classes:
        return []
    files = tuple(mask_files(look.sample)[0] for look in looks)
    cause = f"holds ids from 1 to {max(values)}, the classes are 0 to {labels.num_classes - 1}"
    return [Finding("shifted ids", files, cause)]


def _unknown(look, labels, reads_255_as_1):
    unknown = sorted(look.counts.keys() - _meanings(look, labels, reads_255_as_1).keys())
    if not unknown:
        return []
    if isinstance(look.sample.mask, ColorMask):
        return [_finding("unknown colors", look, f"holds {_list_colors(unknown)}")]
    if len(unknown) > _MANY and (look.has_lossy_mask or _is_smoothed(look)):
        by = "JPEG compression" if look.has_lossy_mask else "smooth resizing or antialiasing"
        cause = f"holds {len(unknown)} values between the classes, made by {by}"
        return [_finding("smoothed mask", look, cause)]
    cause = (
        f"holds {_list(unknown)}, beyond its {labels.num_classes} classes "
        f"({', '.join(labels.names[:12])}: 0 to {labels.num_classes - 1})"
    )
    if len(unknown) > 1 and not isinstance(look.sample.mask, InstanceMask):
        highest = max(look.counts)
        if look.counts.keys() >= set(range(1, highest + 1)):
            cause += "; these look like numbers of objects"
    return [_finding("unknown ids", look, cause)]


def _is_smoothed(look):
    """Values between are rare; objects and classes cover more than their outlines do."""
    common = sorted(look.counts.values(), reverse=True)
    return sum(common[:2]) > 0.5 * sum(common) and max(look.counts) - len(look.counts) > _MANY


def _foreground(source, looks, reads_255_as_1):
    """Masks that are empty or ignored, and classes that are nowhere."""
    labels = source.labels
    findings, seen = [], set()
    for look in looks:
        counts = class_counts(look, labels, reads_255_as_1)
        seen |= counts.keys()
        if counts.keys() == {labels.ignore_class}:
            findings.append(_finding("ignored mask", look, "holds the ignore class alone"))
        elif counts.keys() - {labels.ignore_class} == {labels.background}:
            background = labels.names[labels.background]
            findings.append(_finding("empty mask", look, f"holds {background} alone"))
    absent = [name for id_, name in enumerate(labels.names) if id_ not in seen]
    shown = seen - {labels.ignore_class}
    if looks and not shown - {labels.background}:
        files = tuple(mask_files(look.sample)[0] for look in looks)
        alone = "ignored pixels" if labels.background is None else labels.names[labels.background]
        findings = [Finding("no foreground", files, f"holds {alone} at most")]
    elif looks and shown == {labels.foreground}:
        files = tuple(mask_files(look.sample)[0] for look in looks)
        cause = f"holds {labels.names[labels.foreground]} at every pixel that counts"
        findings = [Finding("all foreground", files, cause)]
    elif absent and looks:
        cause = f"{', '.join(absent)}: in none of {len(looks)} masks"
        findings.append(Finding("absent class", (), cause))
    return findings


def _finding(kind, look, cause):
    return Finding(kind, mask_files(look.sample)[:1], cause, (look.sample.id,))


def _list(values):
    return ", ".join(str(value) for value in values[:_SHOWN]) + (
        f", ... ({len(values)} values)" if len(values) > _SHOWN else ""
    )


def _list_colors(values):
    return _list([f"#{value:06x}" for value in values])
