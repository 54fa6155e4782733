"""A look at every file before anything is trained on it."""

from dataclasses import replace

from segtf.data.check.check import single_findings, with_meaning
from segtf.data.check.finding import KINDS, errors_in
from segtf.data.check.look import look_at_samples
from segtf.data.check.mask_values import judge_masks
from segtf.data.sample import refuse, require_source, shorten

_SHOWN = 3
_MENTIONED = ("listing", "0/255", "no foreground", "all foreground", "deep", "frames")
_NOTHING_TO_LEARN = ("no foreground", "all foreground")


def inspect_source(source, skip_broken=False, to_train=True):
    """Check that every image and mask can be read, that they fit, and that masks hold class ids.

    These are the errors that `check_source` finds in single samples. Every file is decoded, so
    that truncated ones are found too; JPEG images at an eighth of their size, which takes a
    fraction of the time.

    Args:
        source: a `Source`.
        skip_broken: whether to leave out samples that cannot be trained on, instead of refusing.
        to_train: whether it has to hold something to learn. Images of one class alone can be
            measured all the same; a part of a set (`Source.whole`) may lack what the whole has,
            which is a notice.

    Returns:
        The source, ready to be decoded, and a list of notices (lines of text). What 255 means in
        the masks of a binary task is decided by the whole set (`Source.whole`) and written down
        as `Sample.mask_values` and in the origin, so that every part of it is read alike.

    Raises:
        DataError: naming the files and the causes; with `skip_broken` only if nothing is left,
            or leaving out samples does not help.
    """
    require_source(source)
    looks = look_at_samples(source, thorough=False)
    verdict = judge_masks(source, looks)
    findings = single_findings(source, looks, verdict)
    notices = list(_notices(source.name, findings))
    total = len(source.samples)
    if not to_train or total < len(source.whole):
        findings = [found for found in findings if found.kind not in _NOTHING_TO_LEARN]
    errors = errors_in(findings)
    source = with_meaning(source, verdict)
    if not errors:
        return source, notices
    problems = [describe(found) for found in errors]
    broken = {id_ for found in errors for id_ in found.sample_ids}
    needs_all = [found for found in errors if not found.sample_ids and found.kind != "no partner"]
    if not skip_broken or needs_all or len(broken) == total:
        refuse(problems, total)
    notices.append(
        f"{source.name}: {len(broken)} of {total} samples are left out, and {len(source.strays)} "
        f"files without a partner: {shorten(problems)}"
    )
    return without(source, broken), notices


def _notices(name, findings):
    """One line for each kind of finding that a training mentions, with its first case."""
    for kind in _MENTIONED:
        found = [finding for finding in findings if finding.kind == kind]
        if kind == "listing":
            yield from (f"{name}: {finding.cause}" for finding in found)
        elif found:
            more = f" ({len(found)} times)" if len(found) > 1 else ""
            yield f"{name}: {KINDS[kind].title}{more}: {describe(found[0])}"


def without(source, ids):
    """Return a source without the samples of the given ids and without strays."""
    return replace(
        source,
        samples=tuple(sample for sample in source.samples if sample.id not in ids),
        splits={
            name: tuple(id_ for id_ in members if id_ not in ids)
            for name, members in source.splits.items()
        },
        strays={},
    )


def describe(finding):
    """Return a finding as one line: the files, the cause."""
    names = ", ".join(str(path) for path in finding.files[:_SHOWN])
    more = f" and {len(finding.files) - _SHOWN} more" if len(finding.files) > _SHOWN else ""
    return f"{names}{more}{' ' if len(finding.files) == 1 else ': '}{finding.cause}"
