"""The threshold of a binary task, from the validation images."""

from dataclasses import replace

import tensorflow as tf

from segtf.tasks.semantic.answer import thresholded_class
from segtf.tasks.semantic.decode import probabilities
from segtf.tasks.threshold_choice import ThresholdChoice


def choose_threshold(y_true, chances, ignore_class=255):
    """Return the threshold of the highest Dice where it clearly helps, else 0.5.

    It helps if, chosen on either half of the images, it gains on the other half, and at least
    0.002 Dice on average, of 8 images or more: what fits a handful of images alone is not taken,
    nor what finds the foreground nearly everywhere (see `segtf.tasks.threshold_choice`).
    Without foreground in either half, the best threshold is whichever finds nothing: 0.5 then.

    Args:
        y_true: class ids 0 and 1 (and `ignore_class`), one array `(H, W)` an image.
        chances: probabilities of the foreground, one array `(H, W)` an image.
        ignore_class: id of pixels that count nowhere, or `None`.

    Returns:
        The threshold, and the Dice over all pixels gained on images that it was not chosen on;
        ``(0.5, 0.0)`` where it does not help.

    Example:

    >>> import numpy as np
    >>> truth = [np.array([[0, 1]])] * 8
    >>> probabilities = [np.array([[0.1, 0.4]])] * 8
    >>> threshold, gain = choose_threshold(truth, probabilities)
    >>> 0.1 < threshold < 0.4, gain
    (True, 1.0)
    """
    return _choose(zip(y_true, chances, strict=True), ignore_class)


def settle(open_model, batches, spec, on_message):
    """Choose the threshold of a model that has been trained.

    Args:
        open_model: function without arguments that returns the `keras.Model`.
        batches: data set of images, uint8 `(B, H, W, C)`, and class ids `(B, H, W)`.
        spec: its `ModelSpec`.
        on_message: called with a line of text where the threshold helps.

    Returns:
        The `ModelSpec`, with the threshold; unchanged where no threshold decides.
    """
    if thresholded_class(spec.labels.names) is None:
        return spec
    model = open_model()

    def foreground():
        for images, masks in batches.as_numpy_iterator():
            logits = model.predict_on_batch(images.astype("float32"))
            yield from zip(masks, probabilities(tf.constant(logits)).numpy()[..., 0], strict=True)

    threshold, gain = _choose(foreground(), spec.labels.ignore_class)
    if gain:
        on_message(f"threshold {threshold:.3f}: Dice over all pixels {gain:.4f} better than at 0.5")
    return replace(spec, threshold=threshold)


def _choose(pairs, ignore_class):
    """The threshold and the gain, of pairs of truth and probabilities of an image."""
    choice = ThresholdChoice(ignore_class)
    for truth, chances in pairs:
        choice.update(truth, chances)
    return choice.choose()
