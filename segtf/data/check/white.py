"""Whether 255 stands for class 1 or counts nowhere: decided once, by all masks of a set."""

from dataclasses import dataclass

from segtf.data.check.others import values_beside
from segtf.data.masks import holds_plain_ids

_VALUES = {0, 1, 255}
_IDS_AND_IGNORED = {1, 255}


@dataclass(frozen=True)
class White:
    """What 255 means in the plain masks of a binary task.

    Args:
        is_class_1: whether it stands for class 1; else it is an id like others.
        masks: the looks at masks of 0 and 255, where it stands for class 1.
        contradicting: the looks at masks that are of the other kind than most of the set.
        is_certain: whether it was asked, and no mask contradicts.
    """

    is_class_1: bool = False
    masks: tuple = ()
    contradicting: tuple = ()
    is_certain: bool = False


def decide_white(source, looks):
    """Decide what 255 means; the masks of samples that are not looked at are read if need be.

    255 beside 1 in one mask of the set is the ignore class. Otherwise it is what the larger part
    of the masks says that hold either 1 or 255.

    Args:
        source: the `Source`, of a binary task; its `whole` decides.
        looks: `segtf.data.check.look.Look`s of its samples whose masks hold plain ids.

    Returns:
        A `White`.
    """
    looks = [look for look in looks if look.counts.keys() <= _VALUES]
    white = [look for look in looks if _is_white(look.counts.keys())]
    beside = any(look.counts.keys() >= _IDS_AND_IGNORED for look in looks)
    if not white or beside:
        return White(is_certain=beside)
    ones = [look for look in looks if 1 in look.counts]
    others = [values for values in values_beside(source, holds_plain_ids) if values <= _VALUES]
    if any(values >= _IDS_AND_IGNORED for values in others):
        return White(is_certain=True)
    all_white = len(white) + sum(map(_is_white, others))
    all_ones = len(ones) + sum(1 in values for values in others)
    if all_white > all_ones:
        return White(True, tuple(white), tuple(ones), is_certain=not all_ones)
    return White(contradicting=tuple(white))


def _is_white(values):
    return 255 in values and 1 not in values
