"""What models of others give, as the one head of a semantic model: its logits, or class ids."""

import math

import numpy as np

MOST_LOGIT = 24 * math.log(2)
"""Logits that probabilities are turned into lie within so much of zero, as far as float32 goes."""
_MARGIN = 0.1
"""How far interpolation may carry a probability beyond 0..1."""


def channels_of_head(channels):
    """Return the channels of the head of a model that gives so many: of two, their difference."""
    return 1 if channels == 2 else channels


def as_head(logits):
    """Return logits `(..., K)`, any array, as the head has them: of two classes, one logit."""
    return logits[..., 1:] - logits[..., :1] if logits.shape[-1] == 2 else logits


def logits_of(chances, ops):
    """Return logits of probabilities.

    Args:
        chances: any float array `(..., K)` within 0..1; one channel is of the foreground.
        ops: `numpy` or `keras.ops`, for `log` and `clip`.

    Returns:
        An array of the same shape, within `MOST_LOGIT` of zero.

    Example:

    >>> logits_of(np.array([[0.5]]), np)
    array([[0.]])
    """
    if chances.shape[-1] == 1:
        # Not log1p, which TFLite lacks.
        return ops.clip(ops.log(chances) - ops.log(1.0 - chances), -MOST_LOGIT, MOST_LOGIT)
    return ops.clip(ops.log(chances), -MOST_LOGIT, 0.0)


class OutputCheck:
    """Looks at what a model gives whose graph does not show whether it is logits.

    Each answer is looked at until one cannot be of probabilities or class ids. Until then one
    that may be is refused: probabilities taken for logits are foreground everywhere, without a
    word.

    Args:
        num_channels: channels that the model gives.
        is_difference: whether two channels have become one already, their difference.
    """

    def __init__(self, num_channels, is_difference=False):
        self._is_one = num_channels == 1
        self._is_difference = is_difference
        self._are_logits = False

    def __call__(self, outputs):
        """Check a batch of outputs, an array.

        Raises:
            ValueError: if they may be something else than logits, with what to say.
        """
        if self._are_logits or not outputs.size:
            return
        low, high = float(outputs.min()), float(outputs.max())
        if low >= 0 and np.array_equal(outputs, np.round(outputs)):
            looks_like = "class ids"
        elif self._is_difference:
            looks_like = "differences of probabilities" if -low <= 1 and high <= 1 else None
        elif low >= -_MARGIN and (self._is_one or high <= 1 + _MARGIN):
            looks_like = "probabilities"
        else:
            looks_like = None
        if looks_like is not None:
            raise ValueError(
                "Expected outputs='probabilities' or outputs='logits' (--outputs) for a model "
                "whose graph does not show which of the two it gives. Received: outputs from "
                f"{low:.4g} to {high:.4g}, which look like {looks_like}"
            )
        self._are_logits = True


def check_class_ids(ids, labels):
    """Check that the class ids that a model gave are those of its labels.

    Args:
        ids: array of any number type.
        labels: a `LabelMap`.

    Returns:
        The ids as uint8 array.

    Raises:
        ValueError: for ids that no class has.
    """
    if ids.size and not (ids.min() >= 0 and ids.max() < labels.num_classes):
        raise ValueError(
            f"Expected class ids below {labels.num_classes}, one for each of "
            f"{list(labels.names)[:12]}: give the model's labels. Received: ids from "
            f"{ids.min()} to {ids.max()}"
        )
    if not np.array_equal(ids, np.round(ids)):
        raise ValueError("Expected class ids as whole numbers. Received: fractions between them")
    return ids.astype(np.uint8)
