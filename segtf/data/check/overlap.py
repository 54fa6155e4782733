"""Classes that overlap: of what is learnt with one class a pixel, some is hidden."""

from segtf.data.check.finding import Finding


def find_overlap(looks):
    """Return one finding on how much of the classes of a set overlaps, or none.

    Args:
        looks: a thorough `segtf.data.check.look.Look` for each sample.

    Returns:
        A list of findings.
    """
    looks = [look for look in looks if look.covered is not None]
    overlapping = [look for look in looks if look.covered[1]]
    if not overlapping:
        return []
    covered, several = (
        sum(counts) for counts in zip(*(look.covered for look in looks), strict=True)
    )
    cause = (
        f"{several / covered:.2%} of the pixels that a class covers have several, in "
        f"{len(overlapping)} of {len(looks)} images"
    )
    return [Finding("overlap", (), cause)]
