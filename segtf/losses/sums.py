"""Sums of losses."""

import keras
from keras import ops

from segtf.losses.base import SegmentationLoss
from segtf.losses.overlap import soft_dice
from segtf.losses.pixelwise import pixel_crossentropy


@keras.saving.register_keras_serializable(package="segtf")
class WeightedSum(keras.losses.Loss):
    """Weighted sum of losses, each called with the same targets, predictions and weights.

    Args:
        terms: pairs of a `keras.losses.Loss` and its weight.
        name: name of the loss.

    Raises:
        ValueError: if there is no term.

    Example:

    >>> from segtf.losses import PixelCrossentropy, SoftDice
    >>> loss = WeightedSum([(PixelCrossentropy(), 1.0), (SoftDice(), 0.5)])
    """

    def __init__(self, terms, name="weighted_sum"):
        super().__init__(name=name, dtype="float32")
        self._terms = [(loss, float(weight)) for loss, weight in terms]
        if not self._terms:
            raise ValueError(f"Expected at least one (loss, weight) pair. Received: {terms}")

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the sum for a batch."""
        return sum(
            weight * ops.cast(loss(y_true, y_pred, sample_weight), "float32")
            for loss, weight in self._terms
        )

    def call(self, y_true, y_pred):
        """Return the sum for a batch."""
        return self(y_true, y_pred)

    def get_config(self):
        """Return the arguments of the constructor."""
        terms = [[keras.losses.serialize(loss), weight] for loss, weight in self._terms]
        return {"terms": terms, "name": self.name}

    @classmethod
    def from_config(cls, config):
        """Return the loss that `get_config` described."""
        terms = [(keras.losses.deserialize(loss), weight) for loss, weight in config["terms"]]
        return cls(terms, config["name"])


def crossentropy_dice(y_true, logits, sample_weight=None, multi_label=False, ignore_class=255):
    """Sum of `pixel_crossentropy` and `soft_dice`: a good first choice for any task.

    The cross-entropy gives each pixel a clear gradient; the Dice term keeps small classes from
    drowning in the background.

    Args and result are those of `pixel_crossentropy`.

    Example:

    >>> import numpy as np
    >>> loss = crossentropy_dice(np.array([[1, 0]]), np.array([[[20.0], [-20.0]]]))
    >>> round(float(loss), 4)
    0.0
    """
    settings = {"multi_label": multi_label, "ignore_class": ignore_class}
    return pixel_crossentropy(y_true, logits, sample_weight, **settings) + soft_dice(
        y_true, logits, sample_weight, **settings
    )


@keras.saving.register_keras_serializable(package="segtf")
class CrossentropyDice(SegmentationLoss):
    """`crossentropy_dice` of logits as a Keras loss."""

    def __init__(self, multi_label=False, ignore_class=255, name="crossentropy_dice"):
        super().__init__(
            crossentropy_dice, name, multi_label=multi_label, ignore_class=ignore_class
        )
