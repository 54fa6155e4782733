"""Sums of losses."""

import keras
from keras import ops

from segtf.losses.base import checked, keras_loss
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
        """Return the sum for a batch; the arguments are class ids or one-hot, and logits."""
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


@checked()
def crossentropy_dice(y_true, logits, sample_weight=None, *, multi_label=False, ignore_class=255):
    """Sum of `pixel_crossentropy` and `soft_dice`: a good first choice for any task.

    The cross-entropy gives each pixel a clear gradient; the Dice term keeps small classes from
    drowning in the background.

    Args:
        y_true: class ids `(B, H, W)` or `(B, H, W, 1)`, whole numbers of any dtype; or one-hot
            `(B, H, W, K)`, soft ones too; or targets 0..1 of each label `(B, H, W, K)`, if
            `multi_label`.
        logits: `(B, H, W, K)`, any floating dtype. For `K == 1`, their sigmoid is the probability
            of the foreground; else their softmax gives the probabilities of the classes, or a
            sigmoid each those of the labels, if `multi_label`.
        sample_weight: how much a pixel counts: numbers `(B,)`, one per image, or `(B, H, W)`, one
            per pixel, or `(B, H, W, K)`, one per label, if `multi_label`; `None` for 1
            everywhere. The cross-entropy grows with them; for Dice only their proportions matter.
        multi_label: whether the channels do not exclude one another: a pixel may be of several
            labels, or of none.
        ignore_class: value in `y_true` of pixels that count nowhere; `None` if all count.

    Returns:
        float32 scalar, 0 or more; zero where nothing counts, and NaN if `y_true` holds a value
        that is neither a class nor `ignore_class`.

    Raises:
        ValueError: for shapes that do not belong together.

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


CrossentropyDice = keras_loss("CrossentropyDice", crossentropy_dice)
