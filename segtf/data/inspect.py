"""A look at every mask before anything is trained on it."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from segtf.data.decode import ImageError, image_size, read_mask

_SHOWN = 3


class DataError(ValueError):
    """Samples that cannot be trained on, named with their cause."""


@dataclass(frozen=True)
class _Look:
    """What one mask holds, or what is wrong with its sample."""

    values: tuple[int, ...] = ()
    problem: str | None = None


def inspect_source(source):
    """Check that masks fit their images and hold class ids.

    Args:
        source: a `Source`.

    Returns:
        The source, ready to be decoded, and a list of notices (lines of text). Masks that hold
        only 0 and 255 are set to be read as 0 and 1.

    Raises:
        DataError: for files that cannot be read, masks of another size than their image, and
            ids beyond the classes; it names the files and the values.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = list(pool.map(_look, source.samples))
    notices = []
    if _only_0_and_255(source, looks):
        source = _read_255_as_1(source)
        notices.append(
            f"{source.name}: the masks hold only 0 and 255; 255 is read as class 1 "
            f"({source.labels.names[1]})"
        )
    problems = [
        look.problem or _unknown_values(sample, look.values, source.labels)
        for sample, look in zip(source.samples, looks, strict=True)
    ]
    refuse([problem for problem in problems if problem], len(source.samples))
    return source, notices


def refuse(problems, total):
    """Raise a `DataError` that shows the first problems, if there are any."""
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise DataError(
            f"Expected {total} samples that can be trained on, but {len(problems)} cannot. "
            f"Received: {'; '.join(problems[:_SHOWN])}{more}"
        )


def _look(sample):
    try:
        expected = image_size(sample.image)
        mask = read_mask(sample.mask)
    except ImageError as error:
        return _Look(problem=str(error))
    if mask.shape != expected:
        return _Look(
            problem=f"mask {sample.mask} is {mask.shape[1]} x {mask.shape[0]} but its image "
            f"{sample.image.name} is {expected[1]} x {expected[0]} (width x height)"
        )
    return _Look(tuple(int(value) for value in np.unique(mask)))


def _only_0_and_255(source, looks):
    """Whether 255 stands for the foreground; then no mask tells it from the ignore class."""
    values = {value for look in looks for value in look.values}
    has_own_values = any(sample.mask_values is not None for sample in source.samples)
    return values <= {0, 255} and 255 in values and not has_own_values


def _read_255_as_1(source):
    samples = (replace(sample, mask_values={0: 0, 255: 1}) for sample in source.samples)
    return replace(source, samples=tuple(samples))


def _unknown_values(sample, values, labels):
    if sample.mask_values is not None:
        known = set(sample.mask_values)
    else:
        known = {*range(labels.num_classes), labels.ignore_class}
    unknown = sorted(set(values) - known)
    if not unknown:
        return None
    shown = ", ".join(str(value) for value in unknown[:8]) + (", ..." if len(unknown) > 8 else "")
    return (
        f"mask {sample.mask} holds {shown}, beyond its {labels.num_classes} classes "
        f"({', '.join(labels.names[:12])}: 0 to {labels.num_classes - 1})"
    )
