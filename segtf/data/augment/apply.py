"""Samples, changed at random."""

import functools

import tensorflow as tf

from segtf.data.augment import degrade, geometric
from segtf.data.augment.crop import crop_center
from segtf.data.augment.draws import draw_numbers, share
from segtf.data.augment.photometric import change_colors, to_uint8


def augment(image, mask, seed, settings, ignore_class=255):
    """Change image and mask together.

    All movements are composed and each picture is resampled once. What comes in from outside
    is a mirror image in the image, and the ignore class in the mask.

    Args:
        image: uint8 tensor `(H, W, C)` of static shape.
        mask: uint8 tensor `(H, W)`.
        seed: integer tensor `(2,)`; the same seed gives the same pixels.
        settings: an `Augmentation`.
        ignore_class: mask value of what geometry brings in from outside; if `None`, the mask is
            mirrored there as the image is.

    Returns:
        Image and mask, of the same shapes and dtypes.

    Example:

    >>> import tensorflow as tf
    >>> from segtf.data import Augmentation
    >>> image, mask = tf.zeros((8, 8, 3), tf.uint8), tf.zeros((8, 8), tf.uint8)
    >>> image, mask = augment(image, mask, (0, 1), Augmentation(rotation=20))
    >>> image.shape, mask.dtype
    (TensorShape([8, 8, 3]), tf.uint8)
    """
    batch = [tf.convert_to_tensor(values)[tf.newaxis] for values in (image, mask)]
    seeds = tf.cast(seed, tf.int32)[tf.newaxis]
    images, masks = augment_batch(*batch, seeds, settings, ignore_class, compiled=False)
    return images[0], masks[0]


def augment_batch(images, masks, seeds, settings, ignore_class=255, compiled=True):
    """Change each image and its mask, as `augment` does.

    Args:
        images: uint8 tensor `(B, H, W, C)` of static shape.
        masks: uint8 tensor `(B, H, W)`.
        seeds: int32 tensor `(B, 2)`, one for each sample.
        settings: an `Augmentation`.
        ignore_class: as for `augment`.
        compiled: whether the work on pixels is compiled (XLA), which takes about a second for
            each new shape and is several times faster from then on. Rounding may differ by one
            grey level.

    Returns:
        Images and masks, of the same shapes and dtypes.
    """
    run = _run_compiled if compiled else _run
    numbers = draw_numbers(seeds)
    if settings.is_geometric:
        images, masks = _move(images, masks, seeds, numbers, settings, ignore_class, run)
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
    return images, masks


def _move(images, masks, seeds, numbers, settings, ignore_class, run):
    _, height, width, _ = images.shape
    oriented = geometric.orientation(numbers, settings, square=height == width)
    if not settings.is_resampling:
        masks = run(geometric.reorient, masks[..., tf.newaxis], *oriented)[..., 0]
        return run(geometric.reorient, images, *oriented), masks

    matrix = geometric.affine(numbers, settings, oriented)
    center = tf.constant([[(width - 1) / 2, (height - 1) / 2]])
    if settings.crop:
        shown = geometric.crop_share(numbers, settings)
        center = crop_center(masks, numbers, settings, shown, ignore_class)
    shift = tf.stack([numbers["shift_x"] * width, numbers["shift_y"] * height], axis=1)
    center += shift * settings.translation
    points = None
    if settings.elastic:
        points = geometric.elastic_points(seeds, numbers, settings, height, width)

    arguments = images, masks, matrix, center, points
    return run(geometric.resample_moved, *arguments, fill=ignore_class)


def _run(step, *tensors, **fixed):
    return step(*tensors, **fixed)


def _run_compiled(step, *tensors, **fixed):
    return _compiled(step, tuple(fixed.items()))(*tensors)


@functools.cache
def _compiled(step, fixed):
    """One function per step and settings, so that later pipelines of a process share it."""
    return tf.function(functools.partial(step, **dict(fixed)), jit_compile=True)
