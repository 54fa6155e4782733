"""Names that someone may have meant."""

_MOST_LISTED = 8
_NEAREST = 3


def names_to_choose(known, received, listed_by=None):
    """Return which names a message shows to someone who gave another one.

    Those nearest to it, or all of a short list; of a long one without any near, what lists it.

    Args:
        known: the names.
        received: what was given in their place.
        listed_by: what lists them all, such as a command; by default the message does.

    Example:

    >>> names_to_choose(["stretch", "letterbox", "crop"], "strech")
    'stretch, letterbox, crop'
    >>> names_to_choose([f"unet-{size}" for size in range(9)] + ["segnet"], "segnt")
    'segnet (the nearest of 10)'
    >>> names_to_choose([f"unet-{size}" for size in range(10)], "fcn", "`segtf models`")
    'the 10 that `segtf models` lists'
    """
    names = [str(name) for name in known]
    if len(names) <= _MOST_LISTED:
        return ", ".join(names)
    if near := _nearest(names, str(received)):
        listed = f"; {listed_by} lists all" if listed_by else ""
        return f"{', '.join(near)} (the nearest of {len(names)}{listed})"
    return f"the {len(names)} that {listed_by} lists" if listed_by else ", ".join(names)


def _nearest(names, received):
    """Names that are alike, then those that are a part of the other; capitals count for nothing."""
    from difflib import get_close_matches  # for messages alone, and slow to import

    of_folded = {name.casefold(): name for name in names}
    received = received.casefold()
    alike = get_close_matches(received, of_folded, _NEAREST)
    parts = [name for name in of_folded if received and (received in name or name in received)]
    return [of_folded[name] for name in dict.fromkeys([*alike, *parts])][:_NEAREST]
