"""The forms in which sets keep their labels, each read as one array of values per image.

A mask that is one grey or palette picture needs nothing of this: its path is enough. Those that
tell objects apart are read as other parts of an `Annotation`, too, where these are asked for.
"""

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from segtf.data.annotations import Annotation, lay_over
from segtf.data.array_files import MAX_PIXELS
from segtf.data.coco_outlines import OutlineError, draw_outline
from segtf.data.decode import ImageError, read_colors, read_mask


class MaskReader(Protocol):
    """A label that is not one grey or palette picture; small, immutable and comparable.

    One that tells more than classes has a method ``read_parts(parts, num_classes)``, too, which
    returns an `Annotation` with the parts of these names, as far as it has them: classes as `read`
    returns them, others as `Annotation` describes them, at the image's size.

    Attributes:
        files: paths of the files that it is read from.
    """

    files: tuple[Path, ...]

    def read(self):
        """Return an integer array `(H, W)` of class ids, or of keys of `Sample.mask_values`.

        Raises:
            ImageError: if a file cannot be read, or is not what it should be.
        """


@dataclass(frozen=True)
class ColorMask:
    """A picture that tells classes by colour, RGB or palette.

    It is read as colours written as one number, ``0xRRGGBB``: the keys that the sample's
    `mask_values` have to translate (see `color_values`).

    Args:
        path: the picture.
    """

    path: Path

    @property
    def files(self):
        """The picture."""
        return (self.path,)

    def read(self):
        """Return int32 colours `(H, W)`."""
        red, green, blue = np.moveaxis(read_colors(self.path).astype(np.int32), -1, 0)
        return (red << 16) | (green << 8) | blue


@dataclass(frozen=True)
class InstanceMask:
    """A picture that numbers objects, reduced to classes.

    Args:
        path: the picture, 8 or 16 bit; 0 is background.
        divisor: `None` if every object is of class 1; otherwise the value of a pixel is
            ``class_id * divisor + number`` (1000 in Cityscapes).
    """

    path: Path
    divisor: int | None = None

    @property
    def files(self):
        """The picture."""
        return (self.path,)

    def read(self):
        """Return integer class ids `(H, W)`."""
        return self.to_class_ids(self.numbers())

    def numbers(self):
        """Return the numbers as the picture holds them, integers `(H, W)`."""
        return read_mask(self.path)

    def read_parts(self, parts, num_classes):
        """Return classes, and the numbers of objects as instances; 0 for what has no number of its
        own (of the divisor's multiples) or is of class 0."""
        numbers = self.numbers().astype(np.int32)
        classes = self.to_class_ids(numbers)
        is_object = classes > 0
        if self.divisor is not None:
            is_object &= numbers % self.divisor > 0
        return Annotation(classes, np.where(is_object, numbers, 0))

    def to_class_ids(self, numbers):
        """Return the class ids of numbers."""
        if self.divisor is None:
            return (numbers > 0).astype(np.uint8)
        return numbers.astype(np.int32) // self.divisor


@dataclass(frozen=True)
class MergedMasks:
    """Several pictures of two values each, one per class or per object, laid over each other.

    Args:
        parts: path and class id of each picture; where two cover a pixel the later one wins,
            where none does the pixel is of class 0.
        are_objects: whether each picture is of one object, so that they tell instances.
    """

    parts: tuple[tuple[Path, int], ...]
    are_objects: bool = False

    @property
    def files(self):
        """The pictures."""
        return tuple(path for path, _ in self.parts)

    def read(self):
        """Return uint8 class ids `(H, W)`."""
        return self.read_parts(("classes",)).classes

    def read_parts(self, parts, num_classes=0):
        """Return classes and labels, and instances if each picture is of one object."""
        if not self.are_objects:
            parts = [part for part in parts if part != "instances"]
        objects = self._objects()
        first = next(objects)
        return lay_over(itertools.chain([first], objects), first[1].shape, parts, num_classes)

    def _objects(self):
        """Yield the class id of each picture and where it is not 0."""
        size = None
        for path, class_id in self.parts:
            values = read_mask(path)
            size = size or values.shape
            if values.shape != size:
                raise ImageError(
                    f"Expected masks of one size. Received: {path} of {_size(values.shape)} beside "
                    f"{self.parts[0][0].name} of {_size(size)} (width x height)"
                )
            covered = values > 0
            if covered.any() and np.ptp(values[covered]):
                raise ImageError(
                    "Expected a mask of two values, 0 and another. "
                    f"Received: {path} with {len(np.unique(values))} values"
                )
            yield class_id, covered


@dataclass(frozen=True)
class CocoMask:
    """Objects outlined in a COCO annotation file; needs pycocotools (``segtf[coco]``).

    Args:
        path: the annotation file.
        size: height and width in pixels.
        objects: class id and outline of each object, in the order in which they are laid over
            each other; see `segtf.data.coco_outlines.draw_outline`.
    """

    path: Path
    size: tuple[int, int]
    objects: tuple[tuple[int, object], ...]

    @property
    def files(self):
        """The annotation file."""
        return (self.path,)

    @property
    def own_part(self):
        """What of the annotation file concerns this image, as bytes."""
        return repr((self.size, self.objects)).encode()

    def read(self):
        """Return uint8 class ids `(H, W)`."""
        return self.read_parts(("classes",)).classes

    def read_parts(self, parts, num_classes=0):
        """Return classes, instances and labels; regions of the ignore class are no objects."""
        require_pixels(self.size, self.path)
        return lay_over(self._objects(), self.size, parts, num_classes)

    def _objects(self):
        """Yield the class id of each object and where it is."""
        for class_id, outline in self.objects:
            try:
                yield class_id, draw_outline(outline, self.size)
            except OutlineError as error:
                raise ImageError(
                    f"Expected outlines of objects. Received: {self.path}, where one {error}"
                ) from None


def require_pixels(size, path):
    """Refuse a size that a file states for an image if there can be no such image.

    Args:
        size: height and width.
        path: the file.

    Raises:
        ImageError: if it has no pixels, or more than `MAX_PIXELS`.
    """
    height, width = size
    if not 0 < height * width <= MAX_PIXELS:
        raise ImageError(
            f"Expected an image of 1 to {MAX_PIXELS} pixels. Received: {width} x {height} "
            f"(width x height) in {path}"
        )


def color_values(colors):
    """Return `Sample.mask_values` for a `ColorMask`.

    Args:
        colors: pairs of ``(red, green, blue)`` and class id; several colours may share an id.

    Example:

    >>> color_values([((0, 0, 0), 0), ((255, 0, 0), 1)])
    {0: 0, 16711680: 1}
    """
    return {(red << 16) | (green << 8) | blue: id_ for (red, green, blue), id_ in colors}


def mask_files(sample):
    """Return the paths of the files that a sample's mask is read from."""
    if sample.mask is None:
        return ()
    return (sample.mask,) if _is_picture(sample.mask) else sample.mask.files


def read_values(sample):
    """Read a sample's mask without interpreting its values.

    Returns:
        Integer array `(H, W)`.

    Raises:
        ImageError: if there is no mask or it cannot be read.
    """
    if sample.mask is None:
        raise ImageError(f"Expected a mask. Received: none for {sample.image}")
    return read_mask(sample.mask) if _is_picture(sample.mask) else sample.mask.read()


def read_parts(sample, parts, num_classes):
    """Read parts of a sample's annotation, without interpreting the values of its classes.

    Labels are of the classes that the sample's `mask_values` translate to.

    Args:
        sample: a `Sample` with a mask.
        parts: names of parts of an `Annotation`.
        num_classes: number of classes, which labels tell apart.

    Returns:
        An `Annotation` of these parts, its classes as `read_values` returns them.

    Raises:
        ImageError: if there is no mask, it cannot be read, or it does not tell one of the parts.
    """
    tells_more = sample.mask is not None and hasattr(sample.mask, "read_parts")
    if tells_more and tuple(parts) != ("classes",):
        found = sample.mask.read_parts(parts, num_classes)
    else:
        found = Annotation(classes=read_values(sample))
    missing = [part for part in parts if getattr(found, part) is None]
    if missing:
        raise ImageError(
            f"Expected a mask that tells {' and '.join(missing)}. "
            f"Received: {mask_files(sample)[0]}, read as a {type(sample.mask).__name__}"
        )
    if found.labels is not None and sample.mask_values is not None:
        found = found._replace(labels=_moved(found.labels, sample.mask_values))
    return Annotation(**{part: getattr(found, part) for part in parts})


def _moved(labels, mask_values):
    """Labels `(H, W, K)` with each class in the channel of the class that it is called now."""
    num_classes = labels.shape[-1]
    moved = np.zeros_like(labels)
    for own, class_id in mask_values.items():
        if own < num_classes and class_id < num_classes:
            np.maximum(moved[..., class_id], labels[..., own], out=moved[..., class_id])
    return moved


def read_class_ids(sample, labels):
    """Read a sample's mask as class ids.

    Args:
        sample: a `Sample` with a mask.
        labels: the `LabelMap` of its set.

    Returns:
        uint8 array `(H, W)`; see `to_class_ids`.

    Raises:
        ImageError: if the mask cannot be read, or its values are no class ids.
    """
    return to_class_ids(read_values(sample), sample, labels)


def to_class_ids(values, sample, labels):
    """Interpret the values of a sample's mask.

    Args:
        values: integer array, all or some of `read_values(sample)`.
        sample: a `Sample` with a mask.
        labels: the `LabelMap` of its set.

    Returns:
        uint8 array of the same shape. Values that the sample's `mask_values` do not name become
        the ignore class, or class 0 where there is none.

    Raises:
        ImageError: for values outside 0..255 without `mask_values` to translate them.
    """
    if sample.mask_values is not None:
        fill = 0 if labels.ignore_class is None else labels.ignore_class
        return _translate(values, sample.mask_values, fill)
    if values.dtype != np.uint8 and (values.min() < 0 or values.max() > 255):
        raise ImageError(
            f"Expected class ids 0..255. Received: {values.min()}..{values.max()} in "
            f"{mask_files(sample)[0]}"
        )
    return values.astype(np.uint8)


def holds_plain_ids(sample):
    """Whether a sample's mask is a picture whose values are taken for class ids.

    Masks of other forms return class ids by construction, and those with `mask_values` are
    translated: what 255 means is not asked for them.
    """
    return sample.mask is not None and sample.mask_values is None and _is_picture(sample.mask)


def with_mask_values(source, values):
    """Return a source whose plain masks are translated, and whose origin says so.

    Args:
        source: a `Source`.
        values: value in the masks to class id, or to the ignore class.
    """

    def translated(samples):
        return tuple(
            replace(sample, mask_values=values) if holds_plain_ids(sample) else sample
            for sample in samples
        )

    # With text for keys, as JSON has it: a run compares its data with what it wrote.
    said = {"mask_values": {str(value): id_ for value, id_ in values.items()}}
    origin = {**source.origin, **said} if source.origin else source.origin
    return replace(
        source,
        samples=translated(source.samples),
        whole=translated(source.whole),
        origin=origin,
    )


def _translate(values, class_ids, fill):
    keys = np.array(sorted(class_ids), np.int64)
    targets = np.array([class_ids[key] for key in keys.tolist()], np.uint8)
    if values.dtype == np.uint8:
        every = np.arange(256)
        return _look_up(every, keys, targets, fill).take(values)
    return _look_up(values, keys, targets, fill)


def _look_up(values, keys, targets, fill):
    places = np.searchsorted(keys, values).clip(max=len(keys) - 1)
    return np.where(keys[places] == values, targets[places], np.uint8(fill))


def _is_picture(mask):
    return isinstance(mask, str | Path)


def _size(shape):
    return f"{shape[1]} x {shape[0]}"
