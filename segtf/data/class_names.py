"""Classes of a data set as a model knows them: matched by name, not by the order of a list."""

import re
from collections import Counter
from dataclasses import replace

from segtf.labels import background_rank

_NUMBERED = re.compile(r"(?:class|label|category|id)?(\d+)")
_UNNAMED = ("background", "foreground")
_SHOWN = 12


def match_classes(data, model):
    """Return which class of a model each class of a data set is.

    Names are the same whatever their case, blanks, hyphens and underscores. The data may lack
    classes of the model. These are matched by their place in the list, if both lists are of one
    length: names that stand for numbers (``class_0``, ``class_1``, ...; background and foreground,
    as of a folder without a list). The backgrounds of both are the same where there are two classes
    and the others are the same, or where one of both is called background.

    Args:
        data: `LabelMap` of the data set.
        model: `LabelMap` of the model.

    Returns:
        A tuple: the model's class id of each class of the data.

    Raises:
        ValueError: naming both lists, if a class of the data is not among the model's.

    Example:

    >>> from segtf.labels import LabelMap
    >>> match_classes(LabelMap(("road", "Sky", "car")), LabelMap(("sky", "road", "car", "tree")))
    (1, 0, 2)
    """
    places = _by_name(data.names, model.names)
    same_length = data.num_classes == model.num_classes
    if len(places) < data.num_classes and same_length:
        if _is_made_up(data.names) or _is_made_up(model.names):
            return tuple(range(data.num_classes))
        places = _by_place(places, data, model)
    elif _one_is_called_background(data, model):
        ours, theirs = _backgrounds(data, model)
        if ours not in places and theirs not in places.values():
            places[ours] = theirs
    unknown = [name for id_, name in enumerate(data.names) if id_ not in places]
    if unknown:
        raise ValueError(
            f"Expected data of the model's {model.num_classes} classes, by name: "
            f"{_listed(model.names)}. If they are the same under other names, give them one: "
            "--classes for the data, --labels for the model. "
            f"Received: {_listed(data.names)}; not among them: {_listed(unknown)}"
        )
    return tuple(places[id_] for id_ in range(data.num_classes))


def with_classes_of(source, labels):
    """Return a source whose masks are read as the class ids of a model.

    To come after the inspection, which knows the ids that the masks hold.

    Args:
        source: a `Source`.
        labels: `LabelMap` of the model.

    Returns:
        A `Source` of these labels; if they have no ignore class, it is that of the source.

    Raises:
        ValueError: as `match_classes` does.
    """
    own, places = source.labels, match_classes(source.labels, labels)
    if labels.ignore_class is None and own.ignore_class is not None:
        labels = replace(labels, ignore_class=own.ignore_class)
    if places == tuple(range(len(places))) and own.ignore_class in (None, labels.ignore_class):
        return replace(source, labels=labels)
    ids = {**dict(enumerate(places)), own.ignore_class: labels.ignore_class}

    def translated(samples):
        return tuple(replace(sample, mask_values=_values(sample, ids)) for sample in samples)

    return replace(
        source, labels=labels, samples=translated(source.samples), whole=translated(source.whole)
    )


def _values(sample, ids):
    if sample.mask_values is None:
        return {value: id_ for value, id_ in ids.items() if value is not None}
    return {value: ids.get(id_, id_) for value, id_ in sample.mask_values.items()}


def _by_name(ours, theirs):
    """Place of each of our names among theirs: as it is written, else however it is written."""
    exact = {name: place for place, name in enumerate(theirs)}
    loose, unclear = {}, _twice(ours) | _twice(theirs)
    for place, name in enumerate(theirs):
        if _key(name) not in unclear:
            loose[_key(name)] = place
    places = {}
    for id_, name in enumerate(ours):
        place = exact.get(name, loose.get(_key(name)))
        if place is not None:
            places[id_] = place
    return places


def _by_place(places, data, model):
    """Add what may be matched by its place in lists of one length."""
    places, taken = dict(places), set(places.values())
    backgrounds = _backgrounds(data, model)
    are_named = _one_is_called_background(data, model)
    for id_, (ours, theirs) in enumerate(zip(data.names, model.names, strict=True)):
        if id_ in places or id_ in taken:
            continue
        is_number = any(_number(name) == id_ for name in (ours, theirs))
        is_background = backgrounds == (id_, id_)
        is_rest = is_background and data.foreground is not None and len(places) == 1
        if is_number or is_rest or (is_background and are_named):
            places[id_] = id_
    return places


def _backgrounds(data, model):
    """Ids of the background in both; that of the other where one map has none."""
    ours, theirs = data.background, model.background
    return (theirs if ours is None else ours), (ours if theirs is None else theirs)


def _one_is_called_background(data, model):
    return any(
        labels.background is not None and background_rank(labels.names[labels.background])
        for labels in (data, model)
    )


def _is_made_up(names):
    if tuple(map(_key, names)) == _UNNAMED:
        return True
    numbers = [_number(name) for name in names]
    first = numbers[0]
    return first in (0, 1) and numbers == list(range(first, first + len(names)))


def _number(name):
    found = _NUMBERED.fullmatch(_key(name))
    return int(found[1]) if found else None


def _key(name):
    if background_rank(name) == 2:
        return "background"
    return re.sub(r"[\s_-]+", "", name.casefold())


def _twice(names):
    return {key for key, count in Counter(map(_key, names)).items() if count > 1}


def _listed(names):
    more = f", ... ({len(names)})" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
