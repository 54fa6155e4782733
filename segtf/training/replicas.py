"""Training on several devices as if they were one."""

import keras
import tensorflow as tf


class GlobalBatchLoss(keras.losses.Loss):
    """A loss of the whole batch, each replica's part of it brought together.

    Overlap losses and means over valid pixels are not the mean of those of the parts. With one
    replica this is the loss itself.

    Args:
        loss: a `keras.losses.Loss` that divides by the number of replicas, as those of
            `segtf.losses` do.
    """

    def __init__(self, loss):
        super().__init__(name=loss.name, dtype="float32")
        self.loss = loss

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the loss."""
        replica = tf.distribute.get_replica_context()
        if replica is not None and replica.num_replicas_in_sync > 1:
            # Gradients flow back to each replica's own part, and are then summed. Devices
            # exchange no 8-bit numbers.
            y_true = tf.convert_to_tensor(y_true)
            y_true = tf.cast(y_true, "int32" if y_true.dtype.is_integer else y_true.dtype)
            y_true, y_pred = (
                tf.ensure_shape(replica.all_gather(part, axis=0), (None, *part.shape[1:]))
                for part in (y_true, y_pred)
            )
        return self.loss(y_true, y_pred, sample_weight)


def synchronize_batch_norm(model):
    """Let batch normalisation take its statistics over all replicas."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
