"""A look at what a `model.fit` of one's own is about to learn from."""

import itertools
from collections.abc import Iterator

import keras
import numpy as np

from segtf.labels import IGNORE_CLASS

_LARGEST_SCALED = 1.0
_SCALING = (keras.layers.Rescaling, keras.layers.Normalization)


def check_inputs(batches, model, ignore_class=IGNORE_CLASS, looked_at=4):
    """Return batches as they are, after a look at the first of them.

    What is silently wrong otherwise is refused before the first step: images that are scaled to
    0..1 (or standardised) for a model that scales pixels 0..255 itself, masks of 0 and 255 whose
    foreground counts nowhere, masks with values between the classes or beyond them, or of another
    size than what the model gives. It is done before the training, so that it works with
    any `fit`, compiled by XLA (`jit_compile`) or not.

    Args:
        batches: a `tf.data.Dataset`, a `keras.utils.PyDataset`, or any other iterable that can be
            begun again, of batches: images `(B, H, W, C)` and masks `(B, H, W)` or
            `(B, H, W, 1)` of class ids, or one-hot `(B, H, W, K)`, and weights if wanted.
        model: the `keras.Model` that is going to learn from them, with one output of logits
            `(B, H, W, K)`; a single channel tells class 1 from class 0.
        ignore_class: mask value of pixels that count nowhere, or `None`.
        looked_at: number of batches to look at.

    Returns:
        `batches`.

    Raises:
        ValueError: for what is described above, or batches that are used up by a look.

    Example:

    >>> import numpy as np
    >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Rescaling(1 / 255)])
    >>> model.add(keras.layers.Conv2D(1, 1))
    >>> images, masks = np.full((2, 8, 8, 3), 200.0), np.zeros((2, 8, 8), "uint8")
    >>> masks[:, :4] = 255
    >>> try:
    ...     check_inputs([(images, masks)], model)
    ... except ValueError as error:
    ...     print(str(error).partition("Received: ")[2])
    masks of 0 and 255 alone, whose foreground would count nowhere: divide them by 255
    """
    if isinstance(batches, Iterator):
        raise ValueError(
            "Expected batches that can be begun again, such as a tf.data.Dataset or a list, since "
            f"a look at the first would use them up. Received: {type(batches).__name__}"
        )
    images, masks = _first(batches, looked_at)
    if _scales_pixels(model):
        _check_images(images)
    for mask in masks:
        _check_shape(mask, model)
    if masks[0].ndim == 4 and masks[0].shape[-1] > 1:  # one channel for each class
        return batches
    _check_values(
        np.unique(np.concatenate([np.unique(mask) for mask in masks])), model, ignore_class
    )
    return batches


def _first(batches, count):
    """Images and masks of the first batches, as arrays."""
    if isinstance(batches, keras.utils.PyDataset):
        batches = (batches[place] for place in range(len(batches)))
    found = list(itertools.islice(iter(batches), count))
    if not found or not all(isinstance(batch, tuple | list) and len(batch) > 1 for batch in found):
        raise ValueError(
            "Expected batches of images and masks. "
            f"Received: {'none' if not found else type(found[0]).__name__}"
        )
    return tuple([keras.ops.convert_to_numpy(batch[part]) for batch in found] for part in (0, 1))


def _scales_pixels(model):
    """Whether a layer of a model, or of a model in it, brings pixels 0..255 to its scale."""
    return any(
        isinstance(layer, _SCALING) or (isinstance(layer, keras.Model) and _scales_pixels(layer))
        for layer in model.layers
    )


def _check_images(images):
    low, high = min(image.min() for image in images), max(image.max() for image in images)
    if low < 0 or 0 < high <= _LARGEST_SCALED:
        raise ValueError(
            "Expected pixels 0..255, which this model scales itself. "
            f"Received: {low:.3g}..{high:.3g}: leave out what scales them before, such as / 255"
        )


def _check_shape(mask, model):
    channels = mask.shape[-1] if mask.ndim == 4 else 1
    height_and_width = tuple(model.output_shape[1:3])
    fits = all(
        wanted in (None, side)
        for wanted, side in zip(height_and_width, mask.shape[1:], strict=False)
    )
    if mask.ndim not in (3, 4) or channels not in (1, model.output_shape[-1]) or not fits:
        raise ValueError(
            "Expected masks (batch, height, width) of class ids, or one-hot with a channel for "
            f"each class, at the size of what the model gives, {model.output_shape[1:]}. "
            f"Received: shape {mask.shape}"
        )


def _check_values(values, model, ignore_class):
    channels = model.output_shape[-1]
    num_classes = 2 if channels == 1 else channels
    classes = [value for value in values if value != ignore_class]
    where = f"0..{num_classes - 1}" + (
        f", where {ignore_class} counts nowhere" if ignore_class is not None else ""
    )
    if any(value != int(value) for value in values):
        found = "fractions: resize masks by nearest neighbour, and scale images alone"
    elif set(values) == {0, 255} and ignore_class == IGNORE_CLASS:
        found = "masks of 0 and 255 alone, whose foreground would count nowhere: divide them by 255"
    elif any(not 0 <= value < num_classes for value in classes):
        unknown = [int(value) for value in classes if not 0 <= value < num_classes]
        found = f"values {', '.join(map(str, unknown[:5]))}"
    else:
        return
    raise ValueError(f"Expected masks of class ids {where}. Received: {found}")
