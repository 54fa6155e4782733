"""Samples with their masks, before and after augmentation, on one sheet."""

import numpy as np

from segtf.data.decode import read_image
from segtf.data.masks import read_class_ids
from segtf.ranges import LARGEST_SEED, MOST_SAMPLES, MOST_VARIANTS, whole_number
from segtf.viz import contact_sheet, overlay

_LONGEST_SIDE = 384


def draw_samples(source, path, count=8, settings=None, variants=2, seed=0):
    """Draw samples of a set with their masks to a PNG file.

    Args:
        source: a `Source` whose masks hold class ids, as `inspect_source` returns it.
        path: file to write; what was there is replaced.
        count: number of samples, spread evenly over the set.
        settings: an `Augmentation`; `None` shows samples as they are alone.
        variants: augmented pictures of each sample.
        seed: whole number; another gives other variants.

    Raises:
        ValueError: for a number out of its range.
    """
    whole_number("count", count, 1, MOST_SAMPLES)
    whole_number("variants", variants, 0, MOST_VARIANTS)
    whole_number("seed", seed, 0, LARGEST_SEED)
    titles = ["image", "mask"]
    if settings is not None:
        titles += [f"augmented {number}" for number in range(1, variants + 1)]
    places = np.linspace(0, len(source.samples) - 1, min(count, len(source.samples)))
    samples = [source.samples[place] for place in places.round().astype(int)]
    rows = []
    for sample in samples:
        image = read_image(sample.image, source.channels)
        mask = read_class_ids(sample, source.labels)
        row = [visible(image), overlay(visible(image), mask, source.labels)]
        if settings is not None:
            row += _variants(image, mask, source.labels, settings, variants, seed + len(rows))
        rows.append(row)
    captions = [sample.id for sample in samples]
    contact_sheet(rows, titles, path, captions, source.labels)


def visible(image):
    """Return an image of 1 or 3 channels: of others the first three, or the first."""
    return image if image.shape[-1] in (1, 3) else image[..., : 3 if image.shape[-1] > 3 else 1]


def _variants(image, mask, labels, settings, variants, seed):
    from segtf.data.augment import augment
    from segtf.geometry import resize_image, resize_mask

    shrink = min(1.0, _LONGEST_SIDE / max(mask.shape))
    size = tuple(max(1, round(side * shrink)) for side in mask.shape)
    fill = 0 if labels.ignore_class is None else labels.ignore_class
    image = resize_image(image, "stretch", size)
    mask = resize_mask(mask, "stretch", size, fill)
    for variant in range(variants):
        changed, moved = augment(image, mask, (seed, variant), settings, labels.ignore_class)
        yield overlay(visible(changed.numpy()), moved.numpy(), labels)
