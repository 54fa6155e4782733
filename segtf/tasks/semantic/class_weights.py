"""Weights of the classes from how often they occur."""

import numpy as np

CLASS_WEIGHTS = {"none": 0.0, "median-frequency": 1.0, "root-frequency": 0.5}
"""Name to the power of the weights by frequency."""


def median_frequency(masks, num_classes, power=1.0):
    """Return weights that make up for classes that cover little.

    ```
    frequency(class) = its pixels / pixels of the images that hold it
    weight(class) = (median of the frequencies / frequency(class)) ** power
    ```

    Args:
        masks: iterable of class ids `(B, H, W)`; ids beyond the classes count nowhere.
        num_classes: number of classes.
        power: 1.0 as published, by which a class that covers little is found far too often; with
            0.5 it is found, and what surrounds it is kept.

    Returns:
        Tuple of floats; 1.0 for a class that never occurs.

    Paper: Eigen, Fergus: "Predicting depth, surface normals and semantic labels with a common
    multi-scale convolutional architecture", 2015, https://arxiv.org/abs/1411.4734

    Example:

    >>> median_frequency([[[[0, 0, 0, 1]]]], num_classes=2)
    (0.6666666666666666, 2.0)
    >>> [round(weight, 3) for weight in median_frequency([[[[0, 0, 0, 1]]]], 2, power=0.5)]
    [0.816, 1.414]
    """
    pixels = np.zeros(num_classes)
    around = np.zeros(num_classes)
    for batch in masks:
        for mask in np.asarray(batch):
            counts = np.bincount(mask.ravel(), minlength=num_classes)[:num_classes]
            pixels += counts
            around += np.where(counts > 0, counts.sum(), 0)
    occurs = pixels > 0
    frequency = np.divide(pixels, around, out=np.ones(num_classes), where=occurs)
    if not occurs.any():
        return (1.0,) * num_classes
    weights = np.where(occurs, np.median(frequency[occurs]) / frequency, 1.0)
    return tuple((weights**power).tolist())
