"""A look at a whole data set before anything is trained on it."""

from segtf.data.check.across import check_splits, find_copies
from segtf.data.check.depth import judge_depth
from segtf.data.check.finding import ERROR, KINDS, Finding
from segtf.data.check.look import look_at_samples
from segtf.data.check.mask_values import judge_masks
from segtf.data.check.overlap import find_overlap
from segtf.data.check.report import Report, figures_of
from segtf.data.masks import with_mask_values
from segtf.data.sample import require_source


def check_source(source, split=None, on_sample=None):
    """Look at every file of a data set and report what is wrong with it.

    Every image and mask is decoded once, several at a time.

    Args:
        source: a `Source`.
        split: split name to sample ids, such as a saved split; by default the set's published
            splits. Copies across published splits are warnings, across others errors.
        on_sample: called with no arguments after each sample, to show progress.

    Returns:
        A `Report`; its `is_safe` says whether to train on the set.
    """
    require_source(source)
    looks = look_at_samples(source, thorough=True, on_sample=on_sample)
    verdict = judge_masks(source, looks)
    is_published = split is None
    splits = source.splits if is_published else split
    findings = [
        *single_findings(source, looks, verdict),
        *check_splits(source, splits, is_published),
        *find_copies(looks, splits, is_published),
        *find_overlap(looks),
    ]
    order = list(KINDS)
    findings.sort(key=lambda found: (found.severity != ERROR, order.index(found.kind)))
    figures = figures_of(source, looks, verdict.reads_255_as_1)
    return Report(with_meaning(source, verdict), tuple(findings), figures)


def single_findings(source, looks, verdict):
    """Return the findings on the list, on each sample, and on mask values."""
    listing = [Finding("listing", (), notice) for notice in source.notices]
    strays = [Finding("no partner", (path,), why) for path, why in source.strays.items()]
    of_samples = [found for look in looks for found in look.findings]
    return [*listing, *strays, *of_samples, *judge_depth(source, looks), *verdict.findings]


def with_meaning(source, verdict):
    """Return the source with the meaning of 255 written down, if it had to be decided."""
    if verdict.mask_values is None:
        return source
    return with_mask_values(source, verdict.mask_values)
