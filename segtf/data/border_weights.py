"""Weights that make a network learn the borders between touching objects."""

import numpy as np
from scipy import ndimage


def border_weight_map(instances, border_weight=10.0, sigma=5.0, class_weights=(1.0, 1.0)):
    """Weigh the pixels of an image by how close they are to two objects at once.

    ```
    w(x) = w_c(x) + w_0 * exp(-(d_1(x) + d_2(x)) ** 2 / (2 * sigma ** 2))
    ```
    where `d_1` and `d_2` are the distances to the borders of the nearest and of the second
    nearest object, a border being the object's outermost pixels; the image's edge is none.

    Args:
        instances: integer array `(H, W)`: 0 is background, each other number is an object.
        border_weight: `w_0`.
        sigma: how far borders reach, in pixels.
        class_weights: `w_c` of background and of objects.

    Returns:
        float32 array `(H, W)`. With fewer than two objects it holds the class weights alone.

    Raises:
        ValueError: if `instances` is not an array of two axes.

    Paper: Ronneberger et al., "U-Net: Convolutional networks for biomedical image segmentation",
    2015, equation 2 (https://arxiv.org/abs/1505.04597).

    Example:

    >>> border_weight_map(np.array([[1, 1, 0, 2, 2]])).round(1)
    array([[ 8.3, 10.2, 10.2, 10.2,  8.3]], dtype=float32)
    """
    instances = np.asarray(instances)
    if instances.ndim != 2:
        raise ValueError(f"Expected instances (H, W). Received: shape {instances.shape}")
    nearest = np.full(instances.shape, np.inf)
    second = nearest.copy()
    for label in np.unique(instances[instances != 0]):
        mask = instances == label
        border = mask & ~ndimage.binary_erosion(mask, border_value=1)
        distance = ndimage.distance_transform_edt(~border)
        second = np.minimum(second, np.maximum(nearest, distance))
        nearest = np.minimum(nearest, distance)
    background, objects = class_weights
    weights = np.where(instances == 0, background, objects)
    weights = weights + border_weight * np.exp(-((nearest + second) ** 2) / (2.0 * sigma**2))
    return weights.astype(np.float32)
