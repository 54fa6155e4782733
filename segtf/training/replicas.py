"""Training on several devices as if they were one."""

import keras
import tensorflow as tf

from segtf.compat import layers_within
from segtf.empty_batches import never_empty


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
            # Gradients flow back to each replica's own part, and are then summed.
            y_true, y_pred = _gathered(y_true, replica), _gathered(y_pred, replica)
            if sample_weight is not None:
                sample_weight = _gathered(sample_weight, replica)
        return self.loss(y_true, y_pred, sample_weight)


def of_whole_batch(loss):
    """Return a loss, or a dict of losses by head, as `GlobalBatchLoss`."""
    if isinstance(loss, dict):
        return {name: GlobalBatchLoss(one) for name, one in loss.items()}
    return GlobalBatchLoss(loss)


def _gathered(part, replica):
    """Bring the parts of a batch together, in the order of the replicas."""
    part = tf.convert_to_tensor(part)
    if part.dtype.is_bool or (part.dtype.is_integer and part.dtype.size < 4):
        part = tf.cast(part, "int32")  # devices exchange no numbers of 8 or 16 bits
    return tf.ensure_shape(replica.all_gather(part, axis=0), (None, *part.shape[1:]))


def answer_empty_shares(model):
    """Let a model answer the empty share of a device, where a last batch has too few images.

    Args:
        model: a `keras.Model`, changed in place; what is saved of it is not.
    """
    model.call = never_empty(model.call)


def synchronize_batch_norm(model):
    """Let batch normalisation take its statistics over all replicas."""
    for layer in layers_within(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
