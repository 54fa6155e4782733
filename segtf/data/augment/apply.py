"""Samples, changed at random."""

import functools

import tensorflow as tf

from segtf.data.annotations import Annotation, as_annotation
from segtf.data.augment import degrade, geometric
from segtf.data.augment.crop import crop_center
from segtf.data.augment.draws import draw_numbers, share
from segtf.data.augment.photometric import change_colors, to_uint8
from segtf.data.augment.points import move_points, swap_pairs


def augment(image, mask, seed, settings, ignore_class=255, skeleton=None):
    """Change image and mask together.

    All movements are composed and each picture is resampled once. What comes in from outside
    is a mirror image, in the image and in the mask: were it ignored there, the border of what a
    model sees would count too rarely, and a model of few epochs finds objects along it
    (``benchmarks/borders.py``). Beside instances, whose mirror images would be objects that end
    in each other, the mask is the ignore class there.

    Args:
        image: uint8 tensor `(H, W, C)` of static shape.
        mask: uint8 tensor `(H, W)` of class ids, or a `segtf.data.annotations.Annotation` of
            tensors. Each of its maps takes the nearest pixel, and its points move as the pixels
            under them do: those that leave the image have visibility 0.
        seed: integer tensor `(2,)`; the same seed gives the same pixels.
        settings: an `Augmentation`.
        ignore_class: value of what geometry brings in from outside beside instances, in the mask
            and in labels; there are no instances there. If `None`, all maps are mirrored there as
            the image is.
        skeleton: the `segtf.labels.Skeleton` of the points, whose left and right joints a mirror
            image exchanges; if `None`, none of them is left or right.

    Returns:
        Image and mask (or annotation), of the same shapes and dtypes.

    Raises:
        ValueError: if `settings` ask for crops by class, and there are no class ids or labels, or
            the skeleton has another number of joints than the points.

    Example:

    >>> import tensorflow as tf
    >>> from segtf.data import Augmentation
    >>> image, mask = tf.zeros((8, 8, 3), tf.uint8), tf.zeros((8, 8), tf.uint8)
    >>> image, mask = augment(image, mask, (0, 1), Augmentation(rotation=20))
    >>> image.shape, mask.dtype
    (TensorShape([8, 8, 3]), tf.uint8)
    """

    def as_batch(values):
        return tf.convert_to_tensor(values)[tf.newaxis]

    annotations = as_annotation(mask).each(as_batch)
    images, moved = augment_batch(
        as_batch(image),
        annotations,
        tf.cast(seed, tf.int32)[tf.newaxis],
        settings,
        ignore_class,
        compiled=False,
        skeleton=skeleton,
    )
    moved = moved.each(lambda values: values[0])
    return images[0], moved if isinstance(mask, Annotation) else moved.classes


def augment_batch(images, masks, seeds, settings, ignore_class=255, compiled=True, skeleton=None):
    """Change each image and its mask, as `augment` does.

    Args:
        images: uint8 tensor `(B, H, W, C)` of static shape.
        masks: uint8 tensor `(B, H, W)`, or an `Annotation` whose parts have B in front.
        seeds: int32 tensor `(B, 2)`, one for each sample.
        settings: an `Augmentation`.
        ignore_class: as for `augment`.
        compiled: whether the work on pixels is compiled (XLA), which takes about a second for
            each new shape and is several times faster from then on. Rounding may differ by one
            grey level.
        skeleton: as for `augment`.

    Returns:
        Images and masks (or annotations), of the same shapes and dtypes.

    Raises:
        ValueError: if `settings` ask for crops by class, and there are no class ids or labels, or
            the skeleton has another number of joints than the points.
    """
    annotations = as_annotation(masks)
    if skeleton is not None and annotations.points is not None:
        _require_joints(annotations.points.shape[2], skeleton)
    tells_classes = annotations.classes is not None or annotations.labels is not None
    if settings.crop and settings.crop_rare and not tells_classes:
        raise ValueError(
            "Expected class ids or labels, since crop_rare draws crops by class. "
            "Received: an annotation without any"
        )
    run = _run_compiled if compiled else _run
    numbers = draw_numbers(seeds)
    if settings.is_geometric:
        images, annotations = _move(
            images, annotations, seeds, numbers, settings, ignore_class, skeleton, run
        )
    if settings.blur:
        sigma = share(numbers["blur"]) * settings.blur
        pixels = tf.cast(images, tf.float32)
        for axis in (1, 2):
            # One at a time: fused into one, the first would be computed anew for each tap.
            pixels = run(degrade.blur_along, pixels, sigma, largest=settings.blur, axis=axis)
        images = to_uint8(pixels)
    if settings.is_photometric:
        images = run(change_colors, images, numbers, settings=settings)
    if settings.noise:
        amount = share(numbers["noise"]) * settings.noise * 255.0
        images = degrade.add_noise(images, seeds, amount)
    if settings.dropout:
        images = degrade.drop_holes(images, seeds, settings.dropout)
    if settings.jpeg and images.shape[-1] in (1, 3):
        quality = degrade.jpeg_quality(numbers, settings.jpeg)
        images = degrade.store_as_jpeg(images, quality)
    return images, annotations if isinstance(masks, Annotation) else annotations.classes


def _require_joints(count, skeleton):
    if count != len(skeleton.joints):
        raise ValueError(
            f"Expected points of {len(skeleton.joints)} joints, as the skeleton has them. "
            f"Received: {count}"
        )


def _move(images, annotations, seeds, numbers, settings, ignore_class, skeleton, run):
    _, height, width, _ = images.shape
    oriented = geometric.orientation(numbers, settings, square=height == width)
    matrix = geometric.affine(numbers, settings, oriented)
    center = tf.constant([[(width - 1) / 2, (height - 1) / 2]])
    grid = None
    maps = annotations.maps
    if settings.is_resampling:
        if settings.crop:
            shown = geometric.crop_share(numbers, settings)
            size = height, width
            center = crop_center(size, annotations, numbers, settings, shown, ignore_class)
        shift = tf.stack([numbers["shift_x"] * width, numbers["shift_y"] * height], axis=1)
        center += shift * settings.translation
        if settings.elastic:
            grid = geometric.elastic_grid(seeds, numbers, settings, height, width)
        fills = _fills(maps, ignore_class)
        arguments = images, tuple(maps.values()), matrix, center, grid
        images, moved = run(geometric.resample_moved, *arguments, fills=fills)
    else:
        moved = [run(geometric.reorient, values, *oriented) for values in maps.values()]
        images = run(geometric.reorient, images, *oriented)

    moved = dict(zip(maps, moved, strict=True))
    if annotations.points is not None:
        points = annotations.points
        if skeleton is not None:
            points = swap_pairs(points, *oriented, skeleton)
        moved["points"] = move_points(points, matrix, center, grid, height, width)
    return images, Annotation(**moved)


def _fills(maps, ignore_class):
    """What each map holds beyond the border of its image; `None`: its mirror image."""
    if "instances" not in maps or ignore_class is None:
        return (None,) * len(maps)
    return tuple(0 if name == "instances" else ignore_class for name in maps)


def _run(step, *tensors, **fixed):
    return step(*tensors, **fixed)


def _run_compiled(step, *tensors, **fixed):
    return _compiled(step, tuple(fixed.items()))(*tensors)


@functools.cache
def _compiled(step, fixed):
    """One function per step and settings, so that later pipelines of a process share it."""
    return tf.function(functools.partial(step, **dict(fixed)), jit_compile=True)
