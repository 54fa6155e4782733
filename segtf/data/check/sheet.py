"""Samples with their masks, before and after augmentation, on one sheet."""

import numpy as np

from segtf.data.annotations import Annotation
from segtf.data.decode import read_image
from segtf.data.masks import read_class_ids, read_parts
from segtf.ranges import LARGEST_SEED, MOST_SAMPLES, MOST_VARIANTS, whole_number
from segtf.viz import contact_sheet, overlay
from segtf.viz_labels import overlay_labels

_LONGEST_SIDE = 384


def draw_samples(source, path, count=8, settings=None, variants=2, seed=0, overlapping=False):
    """Draw samples of a set with their masks to a PNG file.

    Args:
        source: a `Source` whose masks hold class ids, as `inspect_source` returns it.
        path: file to write; what was there is replaced.
        count: number of samples, spread evenly over the set.
        settings: an `Augmentation`; `None` shows samples as they are alone.
        variants: augmented pictures of each sample.
        seed: whole number; another gives other variants.
        overlapping: whether classes are drawn that overlap, as far as the masks tell them; by
            default each pixel has one class.

    Raises:
        ValueError: for a number out of its range, or masks that do not tell what overlaps.
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
        annotation = _annotation(sample, source.labels, overlapping)
        row = [visible(image), _drawn(image, annotation, source.labels)]
        if settings is not None:
            row += _variants(image, annotation, source.labels, settings, variants, seed + len(rows))
        rows.append(row)
    captions = [sample.id for sample in samples]
    contact_sheet(rows, titles, path, captions, source.labels)


def visible(image):
    """Return an image of 1 or 3 channels: of others the first three, or the first."""
    return image if image.shape[-1] in (1, 3) else image[..., : 3 if image.shape[-1] > 3 else 1]


def _annotation(sample, labels, overlapping):
    if overlapping:
        return read_parts(sample, ("labels",), labels.num_classes)
    return Annotation(classes=read_class_ids(sample, labels))


def _drawn(image, annotation, labels):
    """Classes laid over an image; of those that overlap, all but the background."""
    image = visible(image)
    if annotation.labels is None:
        return overlay(image, annotation.classes, labels)
    shown = [id_ for id_ in range(labels.num_classes) if id_ != labels.background]
    colors = [labels.colors[id_] for id_ in shown]
    return overlay_labels(image, annotation.labels[..., shown], colors)


def _variants(image, annotation, labels, settings, variants, seed):
    from segtf.data.augment import augment
    from segtf.data.fit import fit_mask
    from segtf.geometry import resize_image

    shrink = min(1.0, _LONGEST_SIDE / max(image.shape[:2]))
    size = tuple(max(1, round(side * shrink)) for side in image.shape[:2])
    fill = 0 if labels.ignore_class is None else labels.ignore_class
    image = resize_image(image, "stretch", size)
    annotation = annotation.each(lambda values: fit_mask(values, "stretch", size, fill))
    for variant in range(variants):
        changed, moved = augment(image, annotation, (seed, variant), settings, labels.ignore_class)
        yield _drawn(changed.numpy(), moved.each(np.asarray), labels)
