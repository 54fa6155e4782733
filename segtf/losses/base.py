"""The Keras class that the losses share."""

import keras
import tensorflow as tf


class SegmentationLoss(keras.losses.Loss):
    """A pure function of `(y_true, logits, sample_weight, **settings)` as a Keras loss.

    Keras multiplies what a loss returns by the sample weights; here they go into the function,
    since in an overlap each pixel has its own. The result is a scalar, a mean over what is
    valid; there is no `reduction`. It is always computed in float32.

    Args:
        function: the function.
        name: name of the loss.
        **settings: further arguments of the function; plain values, saved with the model.
    """

    def __init__(self, function, name, **settings):
        super().__init__(name=name, dtype="float32")
        self._function = function
        self._settings = settings

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the loss of a batch of logits, as Keras expects it from a replica."""
        with tf.name_scope(self.name):
            loss = self._function(y_true, y_pred, sample_weight, **self._settings)
            # Gradients are summed over replicas. Keras divides for that only what is no scalar.
            return loss / tf.distribute.get_strategy().num_replicas_in_sync

    def call(self, y_true, y_pred):
        """Return the loss of a batch of logits."""
        return self._function(y_true, y_pred, **self._settings)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {"name": self.name, **self._settings}
