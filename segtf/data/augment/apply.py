"""One sample, changed at random."""

import tensorflow as tf

from segtf.data.augment.geometric import random_transform, transform_image, transform_mask
from segtf.data.augment.photometric import change_colors


def augment(image, mask, seed, settings, ignore_class=255):
    """Change image and mask together.

    All movements are composed and each picture is resampled once. What comes in from outside
    is a mirror image in the image, and the ignore class in the mask.

    Args:
        image: uint8 tensor `(H, W, C)` of static shape.
        mask: uint8 tensor `(H, W)`.
        seed: integer tensor `(2,)`; the same seed gives the same pixels.
        settings: an `Augmentation`.
        ignore_class: mask value of what geometry brings in from outside; class 0 if `None`.

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
    geometry_seed, color_seed = tf.unstack(tf.random.split(tf.cast(seed, tf.int32), 2))
    if settings.is_geometric:
        transform = random_transform(geometry_seed, settings, image.shape[0], image.shape[1])
        image = transform_image(image, transform)
        mask = transform_mask(mask, transform, 0 if ignore_class is None else ignore_class)
    if settings.is_photometric:
        image = change_colors(image, color_seed, settings)
    return image, mask
